"""Several versions that answer together: the options of `run`, `evaluate` and `estimate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App
from ml_backend.cli.thresholds import threshold
from ml_backend.records import Cascade, Prompt, PromptVersion, Vote

if TYPE_CHECKING:
    from ml_backend.services.runs.run_request import Together


Option = Callable[[Callable[..., None]], Callable[..., None]]


def with_options(options: Sequence[Option]) -> Option:
    """Give a command these options, in their order."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def together_options() -> list[Option]:
    """Return the options by which several versions answer."""
    return [
        click.option(
            "--vote",
            metavar="VERSIONS",
            help="Ask these versions, e.g. 1,2,3 (ids or titles): what most of them say is "
            "published, and how far they agree is the score.",
        ),
        click.option(
            "--cascade",
            metavar="CHEAP,DEAR",
            help="Ask the first of two versions, and the second where the first is not sure.",
        ),
        click.option(
            "--max-error",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            metavar="SHARE",
            help="With --cascade: choose from which score on the cheap one is sure, so that at "
            "most this share of its answers is wrong, by its evaluation on ground truth.",
        ),
        click.option(
            "--certainty",
            type=click.FloatRange(0.5, 1, max_open=True),
            metavar="SHARE",
            help="Of --max-error; by default 0.95.",
        ),
        click.option(
            "--min-score",
            type=click.FloatRange(0, 1),
            metavar="SCORE",
            help="With --cascade: the cheap one is sure from this score on.",
        ),
    ]


def chosen_versions(
    app: App, prompt: Prompt, options: dict[str, Any]
) -> tuple[list[PromptVersion], Together | None]:
    """Return the versions that options name, the leading one first, and how they answer."""
    from ml_backend.services.runs.run_request import Together

    prompts = app.container.prompts
    given = [name for name in ("vote", "cascade") if options[name] is not None]
    if len(given) > 1:
        raise click.UsageError("Give --vote or --cascade, not both.")
    if given and options["version"] is not None:
        raise click.UsageError(f"--{given[0]} names the versions: leave --version out.")
    for name in ("max_error", "certainty", "min_score"):
        if options[name] is not None and given != ["cascade"]:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --cascade.")
    if not given:
        named = options["version"]
        version = (
            prompts.newest_version(prompt) if named is None else prompts.find_version(prompt, named)
        )
        return [version], None
    names = [each.strip() for each in options[given[0]].split(",")]
    versions = [prompts.find_version(prompt, each) for each in names]
    together = Together(
        tuple(each.id for each in versions),
        is_cascade=given == ["cascade"],
        min_score=options["min_score"],
        max_error=options["max_error"],
        certainty=options["certainty"],
    )
    return versions, together


def together_words(together: Vote | Cascade) -> str:
    """Say how versions answer together."""
    titles = [repr(each.snapshot.version_title) for each in together.members]
    if isinstance(together, Vote):
        return f"Each task is asked of {', '.join(titles)}; what most of them say is published."
    said = (
        f"{titles[0]} stands from a score of {threshold(together.min_score)} on, else "
        f"{titles[1]} is asked."
    )
    if together.max_error is not None:
        said += (
            f" At most {together.max_error:.1%} of what stands is expected to be wrong, "
            f"{together.certainty:.0%} certain, by {together.judged:,} answers on ground truth. "
            f"{together.why}"
        )
    return said.strip()
