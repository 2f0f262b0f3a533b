"""The options that choose predictions, and those of every command that changes something."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, ids, json_object

if TYPE_CHECKING:
    from ml_backend.services.predictions.selection import Selection

NUMBER = click.IntRange(1, 2**31 - 1)
"""Of an acceptance or a promise sample."""


def selecting(*, unversioned: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that select predictions."""
    options = [
        click.option("--project", required=True, help="Id or exact title."),
        click.option(
            "--model-version",
            "labels",
            multiple=True,
            help="Exactly this model version; may be repeated.",
        ),
        click.option("--prompt", help="All model versions of this prompt: id or title."),
        click.option("--tasks", type=ids, metavar="IDS", help="Only these tasks, e.g. 1,2,3."),
        click.option(
            "--filter",
            "filters",
            type=json_object,
            metavar="JSON",
            help="Only tasks it finds (JSON).",
        ),
        click.option("--all", "everything", is_flag=True, help="All tasks of the project."),
    ]
    if unversioned:
        help_text = "Predictions without a model version."
        options.append(click.option("--unversioned", is_flag=True, help=help_text))

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def changing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--dry-run`` and ``--yes``."""
    command = click.option("--yes", is_flag=True, help="Do not ask.")(command)
    return click.option("--dry-run", is_flag=True, help="Only count.")(command)


def limited(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--max-error`` and ``--certainty`` of a promise."""
    option = click.option(
        "--max-error",
        type=float,
        default=0.03,
        show_default=True,
        metavar="SHARE",
        help="The share of what is accepted that may be wrong.",
    )
    return option(certain(command))


def certain(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--certainty``."""
    option = click.option(
        "--certainty",
        type=float,
        default=0.95,
        show_default=True,
        metavar="SHARE",
        help="How certain that is to be.",
    )
    return option(command)


def named_selection(app: App, selection: dict[str, Any]) -> Selection:
    """Turn the options into what the services take."""
    from ml_backend.services.predictions.selection import select

    named = {**selection, "labels": list(selection.pop("labels")) or None}
    prompt, tasks = named.pop("prompt"), named.pop("tasks")
    named["prompt"] = app.container.prompts.find(prompt) if prompt is not None else None
    return select(**named, task_ids=tasks)
