"""Promise samples for people: what a draw would do, how far a sample is, what it promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ml_backend.cli.thresholds import threshold

if TYPE_CHECKING:
    from ml_backend.cli.app import App
    from ml_backend.labelstudio import Project
    from ml_backend.records.promises import Look, PromiseSample
    from ml_backend.services.promises.draw import DrawPlan
    from ml_backend.services.promises.promise_samples import SampleState


def show_plan(app: App, plan: DrawPlan, *, stderr: bool) -> None:
    """Show what a draw would do."""
    from ml_backend.services.promises.documents import labels_for

    request = plan.request
    rows: list[tuple[str, object]] = [
        ("Tasks that could be accepted", plan.tasks),
        *((f"  left out: {why}", n) for why, n in plan.population.left_out.items()),
        ("Tasks to draw and label", plan.size or "none"),
        ("Drawn for this limit before", plan.drawn_before),
        ("Labels it takes without a mistake", plan.needed or "no number does"),
    ]
    for limit, n in labels_for(plan.tasks, request.certainty).items():
        rows.append((f"  for at most {_percent(float(limit))} wrong", n or "no number does"))
    app.table(
        ("Promise", "Count"),
        rows,
        title=f"At most {_percent(request.max_error)} wrong, {_percent(request.certainty)} "
        f"certain: {plan.population.label!r} in {request.project.title!r}",
        numbers=("Count",),
        stderr=stderr,
    )
    if plan.others:
        names = ", ".join(repr(each) for each in plan.others)
        app.note(
            f"Until it is opened, predictions of {names} are kept out of Label Studio on the drawn "
            "tasks, and put back after."
        )


def show_samples(app: App, project: Project, states: Sequence[SampleState]) -> None:
    """List samples."""
    from ml_backend.services.promises.documents import why_not

    app.table(
        ("Sample", "Predictions of", "Asked", "Tasks", "State", "Promise", "Why not"),
        [
            (
                each.sample.id,
                each.sample.label,
                _asked(each.sample.max_error, each.sample.certainty),
                each.sample.size,
                each.sample.state.value,
                each.promise is not None,
                why_not(each),
            )
            for each in states
        ],
        title=f"Promise samples of {project.title!r} (project {project.id})",
        empty=f"No promise sample was drawn in {project.title!r} yet.",
        numbers=("Sample", "Tasks"),
    )


def show_state(app: App, state: SampleState, *, stderr: bool = False) -> None:
    """Show how far a sample is, and what it promises or why nothing."""
    from ml_backend.services.promises.documents import why_not

    sample, progress = state.sample, state.progress
    rows: list[tuple[str, object]] = [
        ("Predictions of", sample.label),
        ("Asked", _asked(sample.max_error, sample.certainty)),
        ("State", sample.state.value),
        ("Drawn for this limit before", state.drawn_before),
        ("Drawn", f"{sample.size} of {len(sample.population)} tasks"),
    ]
    if progress is not None:
        rows.append(("Labelled", f"{progress.done} of {progress.total}"))
        rows += [(f"  counts as wrong: {why}", n) for why, n in progress.lost.items()]
    if state.tab_url:
        rows.append(("Label them in", state.tab_url))
    app.table(("Promise sample", ""), rows, title=f"Promise sample {sample.id}", stderr=stderr)
    show_looks(app, sample, stderr=stderr)
    if state.promise is None:
        app.note(f"Nothing is promised. {why_not(state)}")


def show_looks(app: App, sample: PromiseSample, *, stderr: bool = False) -> None:
    """Show what a sample said to each request."""
    for look in sample.looks:
        click.echo(_said(look), err=stderr)


def _said(look: Look) -> str:
    asked = f"At most {_asked(look.max_error, look.certainty)}"
    if look.threshold is None:
        return f"{asked}: no. {look.why}"
    bound = f" (bound {_percent(look.error_bound)})" if look.error_bound is not None else ""
    return (
        f"{asked}: from a score of {threshold(look.threshold)} on, "
        f"{_percent(look.accepted)} of the sample{bound}; {look.wrong_n} of {look.accepted_n} "
        "labelled ones there were wrong."
    )


def _asked(max_error: float, certainty: float) -> str:
    return f"{_percent(max_error)} wrong, {_percent(certainty)} certain"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
