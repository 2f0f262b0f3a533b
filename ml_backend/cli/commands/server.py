"""`serve` and `doctor`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.next_steps import for_command_line
from ml_backend.errors import InvalidInput

if TYPE_CHECKING:
    from ml_backend.services.health.doctor import Check

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
    from ml_backend.services.health.doctor import FAIL, OK, Check as Finding

    findings: list[Check] = []

    def report(check: Check) -> None:
        findings.append(check)
        if not app.as_json:
            _show(check)

    try:
        app.says_folder = False  # it is the first check
        container = app.container
        container.settings.require_safe_host()
    except InvalidInput as error:
        report(Finding("settings", FAIL, error.message, error.fix))
    else:
        report(Finding("settings", OK, f"Data in {container.settings.data_said()}."))
        for check in container.doctor.checks():
            report(check)
    failed = [check for check in findings if check.status == FAIL]
    if app.as_json:
        names = ("name", "status", "message", "fix")
        rows = [{name: getattr(check, name) for name in names} for check in findings]
        app.document({"ok": not failed, "checks": rows})
    if failed:
        click.get_current_context().exit(1)


def _show(check: Check) -> None:
    mark, color = MARKS[check.status]
    said, fix = for_command_line(check.message), for_command_line(check.fix)
    lines = [line for text in (f"{check.name}: {said}", fix) for line in _wrap(text)]
    click.echo(f"{click.style(mark, fg=color, bold=True)} {lines[0]}")
    for line in lines[1:]:
        click.echo(f"    {line}")


def _wrap(text: str) -> list[str]:
    """Break a text into lines, and never a path or an address, which people copy."""
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False, break_long_words=False)
