"""`serve`, `doctor` and `connect`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.errors import InvalidInput, LabelStudioRejected

if TYPE_CHECKING:
    from ml_backend.services.doctor import Check

BACKEND_TITLE = "Prompts"
WIDTH = 96
MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red"), "skip": ("-", None)}


@click.command(cls=Command)
@pass_app
def serve(app: App) -> None:
    """Run the server on HOST and PORT until it is stopped.

    \b
    Examples:
      ls-prompts serve
      HOST=0.0.0.0 PORT=9090 BASIC_AUTH_USER=me BASIC_AUTH_PASS=secret ls-prompts serve
    """
    from ml_backend.settings import Settings
    from ml_backend.web import serve as server

    server.run(Settings.from_env())


@click.command(cls=Command)
@pass_app
def doctor(app: App) -> None:
    """Check settings, database, Label Studio, token, server, model and connections both ways.

    Exits with 1 when a check failed; each failure comes with its mend.

    \b
    Example:
      ls-prompts doctor
    """
    from ml_backend.services.doctor import FAIL, OK
    from ml_backend.services.doctor import Check as Finding

    findings: list[Check] = []

    def report(check: Check) -> None:
        findings.append(check)
        if not app.as_json:
            _show(check)

    try:
        container = app.container
        container.settings.require_safe_host()
    except InvalidInput as error:
        report(Finding("settings", FAIL, error.message, error.fix))
    else:
        report(Finding("settings", OK, f"Data in {container.settings.data_dir}."))
        for check in container.doctor.checks():
            report(check)
    failed = [check for check in findings if check.status == FAIL]
    if app.as_json:
        names = ("name", "status", "message", "fix")
        rows = [{name: getattr(check, name) for name in names} for check in findings]
        app.document({"ok": not failed, "checks": rows})
    if failed:
        click.get_current_context().exit(1)


@click.command(cls=Command)
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--url", help="Where Label Studio reaches this server; by default HOST and PORT.")
@pass_app
def connect(app: App, project: str, url: str | None) -> None:
    """Connect this server to a project as its ML backend. Runs do not need it.

    \b
    Examples:
      ls-prompts connect --project 3
      ls-prompts connect --project 3 --url http://host.docker.internal:9090
    """
    settings = app.container.settings
    address = (url or settings.own_address()).rstrip("/")
    if urlsplit(address).scheme not in ("http", "https"):
        raise InvalidInput(
            f"{address!r} is not a web address.",
            field="url",
            fix="It should look like http://127.0.0.1:9090.",
        )
    studio = app.container.studio
    found = app.project(project)
    rows = studio.list_backends(found.id)
    same = next((row for row in rows if _place(row.url) == _place(address)), None)
    user, password = settings.basic_auth_user, settings.basic_auth_pass
    try:
        backend = same or studio.add_backend(
            found.id, address, BACKEND_TITLE, basic_auth=(user, password) if user else None
        )
    except LabelStudioRejected as error:
        # Where this server was reached, it gave its own reason and what to do about it.
        reached = "Successfully connected" in error.message
        error.fix = error.fix or (
            ""
            if reached
            else "Start the server (`ls-prompts serve`) where Label Studio can call it, and give "
            "that address with --url; `ls-prompts doctor` says more."
        )
        raise
    if app.as_json:
        app.document(
            {
                "id": backend.id,
                "project": found.id,
                "title": backend.title,
                "state": backend.state,
                "created": same is None,
            }
        )
    else:
        done = "Connected" if same is None else "It was connected already:"
        click.echo(f"{done} {found.title!r} to {address} (state {backend.state}).")
    if any(row.id != backend.id for row in rows):
        app.note("The project has another ML backend too; Label Studio only asks the first.")
    if same is not None and same.state != "CO":
        app.note(f"Label Studio does not reach it: {same.error} See `ls-prompts doctor`.")


def _show(check: Check) -> None:
    mark, color = MARKS[check.status]
    lines = textwrap.wrap(f"{check.name}: {check.message}", WIDTH) + textwrap.wrap(check.fix, WIDTH)
    click.echo(f"{click.style(mark, fg=color, bold=True)} {lines[0]}")
    for line in lines[1:]:
        click.echo(f"    {line}")


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    """Return an address without its credentials."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port, parts.path.rstrip("/")
