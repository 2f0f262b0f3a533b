"""`estimate`: what a run would cost, before it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Command, ids, pass_app
from ml_backend.cli.next_steps import for_command_line
from ml_backend.cli.output import documents
from ml_backend.cli.together import (
    chosen_versions,
    together_options,
    together_words,
    with_options,
)
from ml_backend.errors import PromptsError
from ml_backend.records import ProviderName, Run, Subset, TruthSource

if TYPE_CHECKING:
    from ml_backend.labelstudio import Project
    from ml_backend.records import PromptVersion
    from ml_backend.services.runs.estimates import Estimate

SUBSETS = [each.value for each in Subset if each is not Subset.CUSTOM]


@click.command(cls=Command)
@click.argument("prompt")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--version", help="Id or title; by default the newest.")
@click.option(
    "--subset",
    type=click.Choice(SUBSETS, case_sensitive=False),
    metavar=f"[{'|'.join(SUBSETS)}]",
    default=Subset.ALL.value,
    show_default=True,
    help="The tasks of the run.",
)
@click.option("--tasks", type=ids, metavar="IDS", help="Of these tasks instead, e.g. 1,2,3.")
@click.option(
    "--truth",
    type=click.Choice([each.value for each in TruthSource]),
    help="Of HasGT, as for `evaluate`.",
)
@click.option("--samples", type=click.IntRange(1, 25), default=1, help="Answers for each task.")
@with_options(together_options())
@pass_app
def estimate(
    app: App,
    /,
    prompt: str,
    project: str,
    subset: str,
    tasks: list[int] | None,
    truth: str | None,
    samples: int,
    **named: Any,
) -> None:
    """Say what a run of PROMPT would cost; nothing is asked.

    The messages of up to 40 of the run's tasks are made as they would be sent. How many tokens
    they are is told from their length and from what earlier runs measured. Of 100 runs at least
    90 end inside the interval. With --vote it is the sum of all versions; with --cascade the dear
    one counts for the tasks that are expected to go on to it.

    \b
    Examples:
      ls-prompts estimate Topic --project 3
      ls-prompts estimate Topic --project 3 --version "Version 2" --subset HasGT --json
      ls-prompts estimate Topic --project 3 --cascade 4,7 --max-error 0.05
    """
    from ml_backend.services.runs.run_request import RunRequest

    found = app.container.prompts.find(prompt)
    versions, wanted = chosen_versions(app, found, named)
    where = app.project(project)
    request = RunRequest(samples=samples, together=wanted)
    opinions = app.container.runs.opinions
    versions = opinions.members(found, versions[0], request)
    together = opinions.settle(versions, where, request)
    told = app.container.estimates_together.estimate(
        app.container.studio,
        where,
        versions,
        together,
        Subset(subset),
        task_ids=tasks,
        samples=samples,
        truth=TruthSource(truth) if truth else None,
    )
    if app.as_json:
        app.document(documents.of_estimate(told))
        return
    which = f" with {told.truth.words}" if told.truth and tasks is None else ""
    click.echo(
        f"{found.title!r}, {', '.join(repr(each.title) for each in versions)} on {told.tasks} "
        f"tasks{which} of {where.title!r}:"
    )
    if together is not None:
        click.echo(together_words(together))
    for line in lines(told):
        click.echo(line)


def note_cost(app: App, run: Run, versions: Sequence[PromptVersion], project: Project) -> None:
    """Say what a run that was just started will cost; never a reason for it to fail."""
    if all(each.provider is ProviderName.BASELINE for each in versions):
        return
    try:
        told = app.container.estimates_together.estimate(
            app.container.studio,
            project,
            versions,
            run.options.vote or run.options.cascade,
            run.subset,
            task_ids=run.options.task_ids,
            samples=run.options.samples,
        )
    except PromptsError as error:
        app.note(f"Estimated cost: not known now ({error.message})")
    else:
        app.note(f"Estimated cost: {lines(told)[0]}")
        for said in filter(None, (told.remark, told.unknown, told.retiring)):
            app.note(said)


def lines(told: Estimate) -> list[str]:
    """Return an estimate in words, the amount first."""
    how = "measured in earlier runs" if told.measured else "told from their length"
    tokens = told.tokens
    said = [
        _amount(told),
        f"{tokens.mean:,.0f} tokens ({tokens.low:,.0f} to {tokens.high:,.0f}): "
        f"{told.prompt_tokens:.0f} prompt and {told.completion_tokens:.0f} completion tokens a "
        f"task, {how}; {told.sampled} tasks sampled",
        *([] if told.parts and told.price else [_price(told)]),
    ]
    if told.limit:
        said.append(
            f"no answer gets more than {told.limit:,} tokens (max_tokens among the version's "
            "parameters sets another limit)"
        )
    if told.remark:
        said.append(told.remark)
        said += [f"{each.model}, asked every task: {_amount(each)}" for each in told.parts]
    if told.samples > 1:
        said.append(f"{told.samples} answers for each task")
    if told.asked_besides:
        said.append(told.asked_besides)
    if told.kept:
        said.append(
            f"{told.kept} of the sampled tasks are answered already and cost nothing again "
            "(unless --fresh)"
        )
    if told.retiring:
        said.append(told.retiring)
    return said


def _amount(told: Estimate) -> str:
    if told.total is None:
        tokens = told.tokens
        return f"price unknown; {tokens.low:,.0f} to {tokens.high:,.0f} tokens"
    return f"${told.total.mean:.4f} (${told.total.low:.4f} to ${told.total.high:.4f})"


def _price(told: Estimate) -> str:
    price = told.price
    if price is None:
        return for_command_line(told.unknown)
    dated = f", {price.dated}" if price.dated else ""
    return f"${price.prompt:g} and ${price.completion:g} per million tokens ({price.source}{dated})"
