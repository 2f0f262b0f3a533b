"""The examples in `--help` are commands that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ml_backend.cli import COMMANDS, cli

EXAMPLE = re.compile(r"^\s+(?:[^#|]*\| )?ls-prompts (.+)$", re.M)


def commands(
    command: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group by its words."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*words, name))


EVERY = [(words, each) for words, each in commands(cli) if not isinstance(each, click.Group)]


@pytest.mark.parametrize(("words", "command"), EVERY, ids=[" ".join(words) for words, _ in EVERY])
def test_every_example_is_one_that_its_command_takes(
    words: tuple[str, ...], command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("topic.md", "topic-2.md", "topic.yaml", "system.md", "service-account.json"):
        (tmp_path / name).write_text("x")
    examples = EXAMPLE.findall(re.sub(r"\\\n\s*", " ", command.help or ""))
    assert examples, "it has no example"
    own = [each for each in examples if tuple(shlex.split(each)[: len(words)]) == words]
    assert own, "none of its examples is of itself"
    for example in own:
        asked = shlex.split(example.split(" > ")[0])[len(words) :]
        with command.make_context(" ".join(words), asked) as context:
            assert context.command is command


def test_every_command_is_walked() -> None:
    assert {words[0] for words, _ in EVERY} == set(COMMANDS)
