"""`connect` and `disconnect`: a project's ML backend connection to this server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, Command, pass_app

if TYPE_CHECKING:
    from ml_backend.services.connecting.disconnect import Disconnection

SAID = {
    "created": "Connected {project!r} to {url}: {state}.",
    "repaired": "Mended the connection of {project!r} to {url}: {state}.",
    "unchanged": "It was connected already: {project!r} to {url}: {state}.",
}

STATES = {
    "CO": "it answers",
    "DI": "it does not answer",
    "ER": "it answers with an error",
    "TR": "it is training",
    "PR": "it is predicting",
}
"""What Label Studio says of the connection, in words."""


@click.command(cls=Command)
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--url", help="Where Label Studio reaches this server; by default HOST and PORT.")
@click.option("--prompt", help="Id or title of the prompt that serves it, whatever else is active.")
@click.option("--version", help="Id or title of the version; by default the prompt's active one.")
@click.option("--title", help='What Label Studio calls it; a new one is called "Prompts".')
@click.option(
    "--extra-params", metavar="JSON", help='Sent with it, for example {"prompt": "Topic"}.'
)
@click.option(
    "--new-secret", is_flag=True, help="Change the project's secret; the old one ends in 10 min."
)
@pass_app
def connect(
    app: App,
    project: str,
    url: str | None,
    prompt: str | None,
    version: str | None,
    title: str | None,
    extra_params: str | None,
    new_secret: bool,
) -> None:
    """Connect a project to this server as its ML backend, or mend its connection.

    Also sees to the webhook, its basic auth, and that predictions show. The basic auth is a secret
    of the project alone, made by the first call and kept. Repeat it whenever the server moved or
    something was deleted by hand. Runs do not need a connection.

    \b
    Examples:
      ls-prompts connect --project 3
      ls-prompts connect --project 3 --url http://host.docker.internal:9090
      ls-prompts connect --project "My project" --prompt Topic --version "Version 2"
      ls-prompts connect --project 3 --new-secret
      ls-prompts connect --project 3 --url http://user:password@proxy.example.com/prompts-server
    """
    params = None if extra_params is None else _json(extra_params)
    connecting = app.container.connecting
    found = app.project(project)
    report = connecting.connect(
        found,
        url,
        prompt=prompt,
        version=version,
        title=title,
        extra_params=params,
        new_secret=new_secret,
    )
    if app.as_json:
        app.document(report.document())
        return
    said = {"project": found.title, "url": report.url, "state": report.state}
    said["state"] = STATES.get(str(said["state"]), f"state {said['state']}")
    click.echo(SAID[report.outcome].format(**said))
    for each in report.done:
        click.echo(f"  set: {each}")
    for note in report.notes:
        app.note(note)


@click.command(cls=Command)
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def disconnect(app: App, project: str, dry_run: bool, yes: bool) -> None:
    """Disconnect a project from this server: its connection, webhook and follows.

    Other ML backends and webhooks stay, and so do predictions. Shows what it would remove and asks.

    \b
    Examples:
      ls-prompts disconnect --project 3 --dry-run
      ls-prompts disconnect --project 3 --yes
    """
    disconnecting = app.container.disconnecting
    plan = disconnecting.plan(app.project(project))
    if plan.is_empty:
        if app.as_json:
            app.document({**plan.document(), "disconnected": False})
        else:
            click.echo(f"{plan.project_title!r} is not connected to this server.")
        if not dry_run:
            disconnecting.execute(plan)
        return
    go_ahead = app.go_ahead(
        f"Disconnect {plan.project_title!r}?",
        plan={**plan.document(), "disconnected": False},
        show=lambda stderr: _show(plan, stderr=stderr),
        yes=yes,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    disconnecting.execute(plan)
    if app.as_json:
        app.document({**plan.document(), "disconnected": True})
    else:
        click.echo(f"Disconnected {plan.project_title!r}.")


def _show(plan: Disconnection, *, stderr: bool) -> None:
    document = plan.document()
    click.echo(f"Disconnecting {plan.project_title!r} removes", err=stderr)
    for row in document["backends"]:
        click.echo(f"  the ML backend {row['title']!r} at {row['url']}", err=stderr)
    for hook in document["webhooks"]:
        click.echo(f"  the webhook to {hook['url']}", err=stderr)
    for prompt_id in document["follows"]:
        click.echo(f"  the follow of prompt {prompt_id}", err=stderr)
    if plan.model_version is not None:
        shown = repr(plan.model_version) if plan.model_version else "no predictions"
        click.echo(f"The label stream then shows {shown}.", err=stderr)


def _json(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is not JSON: {error}.", param_hint="'--extra-params'"
        ) from error
