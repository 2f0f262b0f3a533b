"""`try`: one task asked with a text that need not be saved."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.commands.prompts.version_options import (
    parameters_of,
    prompt_text,
    sending_options,
    system_text,
)
from ml_backend.cli.next_steps import for_command_line
from ml_backend.records import ConfidenceWay, Failure, Prediction
from ml_backend.records.confidence import confidence_json

if TYPE_CHECKING:
    from ml_backend.services.evaluation.tries import Tried

LONGEST_RAW = 4_000


@click.command("try", cls=Command)
@click.argument("prompt")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--task", type=click.IntRange(1), help="By default the project's first.")
@click.option("--version", help="Id or title; by default the newest.")
@click.option("--text", help="Instead of the version's; {name} stands for a field of the data.")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Read it there; - is stdin.")
@click.option("--model", help="Instead of the version's.")
@click.option("--connection", help="Instead of the version's: id or title.")
@sending_options
@click.option("--few-shot", type=click.IntRange(0, 1000), metavar="N", help="Examples to show.")
@click.option("--budget", type=click.FloatRange(0), metavar="USD", help="What it may cost.")
@click.option("--fresh", is_flag=True, help="Ask anew what was answered before.")
@pass_app
def try_task(
    app: App,
    prompt: str,
    project: str,
    task: int | None,
    version: str | None,
    text: str | None,
    file: IO[str] | None,
    model: str | None,
    connection: str | None,
    parameters: dict[str, Any] | None,
    assigned: tuple[tuple[str, Any], ...],
    system_prompt: str | None,
    system_file: IO[str] | None,
    confidence: ConfidenceWay | None,
    few_shot: int | None,
    budget: float | None,
    fresh: bool,
) -> None:
    """Ask one task and show the answer, the truth, the cost and what the model said.

    No run, no prediction, and nothing of what you try is saved. What was answered before is free.

    \b
    Examples:
      ls-prompts try Topic --project 3
      ls-prompts try Topic --project 3 --task 812 --file topic.md --set temperature=0.2
    """
    from ml_backend.services.evaluation.tries import TryRequest

    container = app.container
    found = container.prompts.find(prompt)
    chosen = container.prompts.newest_version(found)
    if version is not None:
        chosen = container.prompts.find_version(found, version)
    if connection is None:
        container.prompts.require_own(chosen)
    unsaved = container.prompts.changed(
        chosen,
        text=prompt_text(text, file),
        model=model,
        connection=connection,
        parameters=parameters_of(parameters, assigned),
        system_prompt=system_text(system_prompt, system_file),
        few_shot=few_shot,
        confidence=confidence,
    )
    asked = TryRequest(app.project(project), unsaved, task, budget=budget, fresh=fresh)
    tried = container.tries.ask(container.studio, asked)
    if app.as_json:
        app.document(_document(tried))
        return
    _show(app, tried)


def _document(tried: Tried) -> dict[str, Any]:
    outcome, asked = tried.outcome, tried.outcome.asked
    good = outcome if isinstance(outcome, Prediction) else None
    return {
        "task": tried.task.id,
        "next_task": tried.after,
        "model": tried.model,
        "answer": good.answer if good else None,
        "result": list(good.result) if good else None,
        "problems": [
            {"control": each.control, "message": each.message}
            for each in (good.problems if good else ())
        ],
        "error": {"kind": outcome.kind.value, "message": outcome.message}
        if isinstance(outcome, Failure)
        else None,
        "raw": outcome.raw,
        "confidence": confidence_json(good.confidence) if good else None,
        "truth": tried.truth,
        "right": tried.right,
        "cost_usd": asked.cost,
        "price_source": tried.price.source if tried.price else None,
        "seconds": asked.latency,
        "cached": asked.cached,
    }


def _show(app: App, tried: Tried) -> None:
    import json

    def said(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    outcome = tried.outcome
    right = {True: ", right", False: ", wrong", None: ""}[tried.right]
    click.secho(f"Task {tried.task.id}, tried with {tried.model}{right}", bold=True)
    if isinstance(outcome, Failure):
        click.echo(f"No answer ({outcome.kind.value}): {for_command_line(outcome.message)}")
    else:
        truth = tried.truth or {}
        app.table(
            ("Control", "Answer", "Truth"),
            [
                (name, said(value), said(truth[name]) if name in truth else None)
                for name, value in outcome.answer.items()
            ],
            empty="The answer is empty.",
        )
        if not outcome.result:
            click.echo("Nothing to tell: the answer is null or empty, and marks nothing.")
        for each in outcome.problems:
            click.echo(f"{each.control}: {each.message}")
        sure = outcome.confidence
        if sure is not None:
            click.echo(f"Confidence: {sure.task:.2f}, {sure.source.words}")
    click.echo(_cost(tried))
    click.echo(f"\nThe model said:\n{outcome.raw[:LONGEST_RAW] or '(nothing)'}")
    if tried.after is not None:
        app.note(f"Next task: --task {tried.after}")


def _cost(tried: Tried) -> str:
    asked = tried.outcome.asked
    if asked.cached:
        return "Answered before, so it costs nothing now (--fresh asks anew)."
    if not asked.calls:
        return "Nothing was asked."
    cost = "Cost unknown" if asked.cost is None else f"${asked.cost:.6f}"
    source = f" (price: {tried.price.source})" if tried.price else ""
    usage = asked.usage
    return (
        f"{cost}{source} · {asked.latency:.2f} s · {usage.prompt_tokens} tokens in, "
        f"{usage.completion_tokens} out{f' ({usage.kinds})' if usage.kinds else ''}"
    )
