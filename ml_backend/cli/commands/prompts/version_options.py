"""Options of what a version sends beside its text, for every command that makes or tries one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO, Any

import click

from ml_backend.cli.app import json_object, read_text
from ml_backend.errors import InvalidInput
from ml_backend.records import ConfidenceWay, PromptVersion, ProviderName

NOT_READ = "The offline baseline answers as the most similar annotated tasks; it reads no text."


def parameter(value: str) -> tuple[str, Any]:
    """Parse a model's parameter, as in ``temperature=0.2``."""
    from ml_backend.prompting.parameters import assignment

    try:
        return assignment(value)
    except InvalidInput as error:
        raise click.BadParameter(f"{error.message} {error.fix}") from error


def sending_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of parameters, system text and confidence."""
    options = [
        click.option(
            "--parameters",
            type=json_object,
            metavar="JSON",
            help='What the model is called with besides, e.g. {"temperature": 0}.',
        ),
        click.option(
            "--set",
            "assigned",
            type=parameter,
            metavar="NAME=VALUE",
            multiple=True,
            help="One of them, e.g. temperature=0.2; may be repeated.",
        ),
        click.option(
            "--system-prompt", metavar="TEXT", help="Sent before all else; it names no task data."
        ),
        click.option(
            "--system-file",
            type=click.File("r", encoding="utf-8"),
            help="Read it there; - is stdin.",
        ),
        click.option(
            "--confidence",
            type=click.Choice([each.value for each in ConfidenceWay]),
            callback=lambda _context, _option, value: ConfidenceWay(value) if value else None,
            help="How it is asked how sure it is: auto is logprobs where the model gives them, "
            "else rated, a small field of its own at the end of the answer; none asks nothing.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def parameters_of(
    given: dict[str, Any] | None, assigned: Iterable[tuple[str, Any]]
) -> dict[str, Any] | None:
    """Return the parameters of ``--parameters`` and ``--set``, None where neither was given."""
    more = dict(assigned)
    return {**(given or {}), **more} if given is not None or more else None


def prompt_text(text: str | None, file: IO[str] | None) -> str | None:
    """Return the prompt's text, None where none was given."""
    return _either(text, file, "Give --text or --file, not both.")


def system_text(text: str | None, file: IO[str] | None) -> str | None:
    """Return the system text, None where none was given."""
    return _either(text, file, "Give --system-prompt or --system-file, not both.")


def _either(text: str | None, file: IO[str] | None, both: str) -> str | None:
    if text is not None and file is not None:
        raise click.UsageError(both)
    return read_text(file) if file else text


def echo_version(version: PromptVersion) -> None:
    """Print what a version asks: its model, its settings, its texts."""
    from ml_backend.prompting.parameters import listed

    few_shot = version.max_few_shot_examples
    shots = f" · up to {few_shot} few-shot examples" if few_shot else ""
    click.echo(f"{version.provider.value} · {version.model}{shots}")
    if version.provider is ProviderName.BASELINE:
        click.echo(NOT_READ)
    if version.parameters:
        click.echo(f"Parameters: {listed(version.parameters)}")
    if version.confidence is not ConfidenceWay.AUTO:
        click.echo(f"Confidence: {version.confidence.words}")
    if version.system_prompt:
        click.echo(f"\nSystem text:\n{version.system_prompt}\n\nPrompt:")
    else:
        click.echo()
    click.echo(version.text)
