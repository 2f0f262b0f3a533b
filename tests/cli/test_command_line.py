"""The command line as a whole: help, errors, exit codes, what is imported when."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ml_backend import __version__
from ml_backend.cli import COMMANDS, cli
from support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("sqlalchemy", "openai", "label_studio_sdk", "rich", "flask", "httpx", "cryptography")


def commands() -> Iterator[tuple[str, ...]]:
    """Every command by its words, subcommands included."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.commands)
        else:
            yield (name,)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_explains_itself_by_example_and_speaks_json(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*words, "--help"], prog_name="ls-prompts")
    assert result.exit_code == 0
    assert f"    ls-prompts {' '.join(words)}" in result.stdout
    assert "--json" in result.stdout


@pytest.mark.slow
def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ml_backend.cli import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        "cli(['predictions', 'delete', '--help'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ml_backend", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"ls-prompts, version {__version__}\n"


@pytest.mark.slow
def test_an_error_is_a_message_and_its_mend_on_stderr(terminal: Terminal) -> None:
    result = terminal.run("prompts", "show", "Nothing", code=1)
    assert result.stdout == ""
    assert result.stderr == (
        "Error: There is no prompt 'Nothing'.\nMake one: `ls-prompts prompts create`.\n"
    )


@pytest.mark.slow
def test_an_error_with_json_is_a_document(terminal: Terminal) -> None:
    assert terminal.json("prompts", "show", "Nothing", code=1) == {
        "error": {
            "message": "There is no prompt 'Nothing'.",
            "fix": "Make one: `ls-prompts prompts create`.",
            "field": "prompt",
        }
    }


def test_missing_settings_are_named(terminal: Terminal) -> None:
    arguments = ("run", "1", "--project", "1")
    result = terminal.run("predictions", "list", "--project", "1", code=1, LABEL_STUDIO_URL="")
    assert "LABEL_STUDIO_URL is not set" in result.stderr
    result = terminal.run(*arguments, code=1, PORT="many")
    assert "PORT='many'" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_token_and_an_unknown_project_are_explained(
    terminal: Terminal, mails: list[int]
) -> None:
    arguments = ("run", "Topic", "--project", "Mail")
    wrong = terminal.run(*arguments, code=1, LABEL_STUDIO_API_KEY="0" * 40)
    assert "refuses the token" in wrong.stderr
    assert "0000000000" not in wrong.stderr
    unknown = terminal.run(*arguments, code=1)
    assert "no project 'Mail'" in unknown.stderr
    assert "'Mails' (1)" in unknown.stderr


def test_what_nobody_expected_is_one_line_without_a_traceback(
    terminal: Terminal, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is not a database at all" * 50)
    result = terminal.run("prompts", "list", code=1, DATABASE_URL=f"sqlite:///{broken}")
    assert "Error: Something unexpected went wrong: DatabaseError" in result.stderr
    assert "--log-level DEBUG" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("run", "Topic"),
        ("run", "Topic", "--project", "1", "--tasks", "1,x"),
        ("run", "Topic", "--project", "1", "--filter", "[1]"),
        ("run", "Topic", "--project", "1", "--tasks", "1", "--filter", "{}"),
        ("run", "Topic", "--project", "1", "--subset", "Some"),
        ("versions", "create", "Topic"),
        ("connections", "add", "x", "--provider", "OpenAI", "--price", "gpt-5=cheap"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    assert "Error: " in terminal.run(*arguments, code=2).stderr
