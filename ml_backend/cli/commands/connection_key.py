"""`connections key`: another key for a connection, where the old one is unreadable or withdrawn."""

from __future__ import annotations

import click

from ml_backend.cli.app import App, pass_app
from ml_backend.cli.commands.key_input import read_key
from ml_backend.cli.output import documents
from ml_backend.errors import InvalidInput
from ml_backend.records import ProviderName


@click.argument("connection")
@click.option("--api-key-env", metavar="VAR", help="Read the key from this variable.")
@click.option("--api-key-stdin", is_flag=True, help="Read the key from the first line of stdin.")
@pass_app
def key_of_connection(
    app: App, connection: str, api_key_env: str | None, api_key_stdin: bool
) -> None:
    """Give CONNECTION another key; it never goes on the command line.

    Without --api-key-env and --api-key-stdin the key is asked for, hidden. What was kept beside a
    key that cannot be read goes with it.

    \b
    Examples:
      ls-prompts connections key work --api-key-env WORK_KEY
      ls-prompts connections key work
    """
    if api_key_env and api_key_stdin:
        raise click.UsageError("Give --api-key-env or --api-key-stdin, not both.")
    store = app.container.store
    chosen = store.connections.get(int(connection) if connection.isdecimal() else connection)
    if chosen.provider is ProviderName.LOCAL or chosen.id is None:
        raise InvalidInput("A local model has no key.", field="connection")
    key = read_key(chosen.provider.value, api_key_env, api_key_stdin)
    secrets = {name: each for name, each in chosen.secrets.items() if name != "auth_token"}
    changed = store.connections.update(chosen.id, api_key=key, secrets=secrets)
    if app.as_json:
        app.document(documents.of_connection(changed, documents.spending_of(store, changed)))
        return
    click.echo(f"Connection {changed.id} {changed.title!r} has another key.")
    app.note(f"Next: ls-prompts connections test {changed.id}")
