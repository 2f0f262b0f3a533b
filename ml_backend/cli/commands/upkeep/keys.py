"""`keys rotate`: everything that is stored encrypted, by another key."""

from __future__ import annotations

import time

import click

from ml_backend.cli.app import App, Group, pass_app
from ml_backend.store import Renewed

PAUSE_SECONDS = 0.5
"""A server beside this command may be storing a secret by the key before, at this moment."""


@click.group(cls=Group)
def keys() -> None:
    """The key that encrypts stored secrets: provider keys, sessions of the pages."""


@keys.command("rotate")
@pass_app
def rotate_keys(app: App) -> None:
    """Encrypt every stored secret with the current key; once more does no harm.

    Where SECRET_KEY is set, it is the current one: set the one before as SECRET_KEY_OLD, start the
    server anew with both, then run this with both. Where it is not set, a new key is made in
    DATA_DIR, and a running server reads it by itself.

    \b
    Examples:
      SECRET_KEY=$NEW SECRET_KEY_OLD=$BEFORE ls-prompts keys rotate
      ls-prompts keys rotate
    """
    ring = app.container.settings.key_ring
    if not ring.is_file:
        done = app.container.store.stored_secrets.renew()
    else:
        with ring.changing():
            secrets = app.container.store.stored_secrets
            is_new = ring.change()
            app.note("A new key was made." if is_new else "Going on with the key made before.")
            done = secrets.renew()
            time.sleep(PAUSE_SECONDS)
            secrets.renew()
            ring.forget_before()
    if app.as_json:
        app.document(
            {
                "renewed": done.renewed,
                "current": done.current,
                "unreadable": list(done.unreadable),
                "sessions_ended": done.ended,
            }
        )
    else:
        _say(app, done)
    if done.unreadable:
        click.get_current_context().exit(1)


def _say(app: App, done: Renewed) -> None:
    click.echo(f"Encrypted anew: {_counted(done.renewed)}.")
    if done.current:
        app.note(f"By this key already: {_counted(done.current)}.")
    if done.ended:
        app.note(f"{done.ended} sessions of the pages could not be read and were ended.")
    for each in done.unreadable:
        app.note(f"Cannot be read by any key at hand: {each}. Enter its key again.")
    settings = app.container.settings
    if settings.secret_key_old and done.unreadable:
        app.note("Keep SECRET_KEY_OLD, or add the key that these were encrypted with to it.")
    elif settings.secret_key_old:
        app.note("SECRET_KEY_OLD can go now: nothing that is stored needs it.")
    if settings.secret_key:
        app.note("A server that was started without this SECRET_KEY cannot read them: restart it.")
    else:
        app.note("People sign in to the pages again once the server is started anew.")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {word}{'s' if n != 1 else ''}" for word, n in counts.items()) or "none"
