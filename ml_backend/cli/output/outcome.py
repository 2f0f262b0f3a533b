"""What a run came to: predictions, failures, cost, metrics, and what Label Studio holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App
from ml_backend.cli.next_steps import for_command_line
from ml_backend.cli.output.details import headline, percent
from ml_backend.cli.output.judgement import exit_code, show_judgement
from ml_backend.errors import LabelStudioError
from ml_backend.kinds import WHOLE
from ml_backend.next_steps import Step
from ml_backend.records import Correctness, Run, RunMetrics, RunStatus
from ml_backend.services.jobs import documents as reports

if TYPE_CHECKING:
    from ml_backend.services.evaluation.gate import Judgement

REASONS = 3


def finish(app: App, run: Run, judge: Callable[[Run], Judgement] | None = None) -> None:
    """Print a run that has ended; exits with 1 unless it completed, else with what it is judged."""
    held = _held(app, run)
    is_done = run.status is RunStatus.COMPLETED
    found = judge(run) if judge is not None and is_done else None
    if app.as_json:
        gate = {} if judge is None else {"gate": _gate_json(found)}
        app.document(reports.of_run(run) | {"label_studio": held} | gate)
    else:
        show(app, run)
        if held:
            click.echo(
                f"Label Studio now holds {held['predictions']} predictions of {run.label!r} on "
                f"{held['tasks']} tasks; its label stream shows "
                f"{held['shown_in_label_stream'] or 'no predictions'}."
            )
        if found is not None:
            show_judgement(found)
    if judge is not None and not is_done:
        app.note("Nothing was judged: the run did not complete.")
    if not is_done:
        click.get_current_context().exit(1)
    if found is not None:
        click.get_current_context().exit(exit_code(found))


def _gate_json(found: Judgement | None) -> dict[str, Any] | None:
    from ml_backend.services.evaluation.gate import judgement_json

    return judgement_json(found) if found is not None else None


def show(app: App, run: Run) -> None:
    """Print a run for a person, whatever its state."""
    colors = {RunStatus.COMPLETED: "green", RunStatus.FAILED: "red", RunStatus.CANCELED: "yellow"}
    click.secho(f"Run {run.id}: {run.status.value}", fg=colors.get(run.status), bold=True)
    if run.message:
        click.echo(for_command_line(run.message))
    if run.stale:
        click.secho(f"Stale: {run.stale} Evaluate again.", fg="yellow")
    totals = run.totals
    cached = f", {totals.cached} of them kept from before" if totals.cached else ""
    empty = f" ({totals.nothing_to_tell} with nothing to tell)" if totals.nothing_to_tell else ""
    click.echo(
        f"{run.label} ({run.slot.value}): {totals.succeeded} predictions{empty}, "
        f"{totals.failed} failed, "
        f"of {totals.total} tasks{cached}"
    )
    cost = "unknown" if totals.cost is None else f"${totals.cost:.4f}"
    if totals.cached and totals.cached == totals.done:
        cost = "nothing now, for all answers were kept from before and paid then"
    kinds = f", {totals.usage.kinds}" if totals.usage.kinds else ""
    click.echo(
        f"Cost {cost}; {totals.usage.prompt_tokens} prompt and "
        f"{totals.usage.completion_tokens} completion tokens{kinds}"
    )
    if totals.failed:
        _show_failures(app, run)
    if run.options.held_out:
        click.echo("Measured on the tasks that no teacher model saw.")
    if run.options.caution:
        click.secho(f"Careful: {run.options.caution}", fg="yellow")
    if run.metrics is not None:
        _show_metrics(app, run, run.metrics)
    _show_way_on(app, run)


def _show_way_on(app: App, run: Run) -> None:
    """Say how a run that ended early, or lost its process, is gone on with."""
    ended_early = run.status in (RunStatus.FAILED, RunStatus.CANCELED)
    lost = run.status is RunStatus.IN_PROGRESS and run.id in app.container.store.runs.claimable()
    if lost:
        click.secho("Interrupted: no process works on it.", fg="yellow")
    if lost or (ended_early and Step.RESUME_RUN(run=run.id) not in run.message):
        app.note(
            f"`ls-prompts runs resume {run.id}` goes on with it, and asks nothing again that was "
            "answered."
        )


def _show_failures(app: App, run: Run) -> None:
    for kind, count in sorted(run.totals.failures.items(), key=lambda item: -item[1]):
        click.echo(f"  {count} × {kind.replace('_', ' ')}")
    for shown, failure in enumerate(app.container.runs.failures(run)):
        if shown == REASONS:
            click.echo(f"  … `ls-prompts runs failures {run.id}` lists all")
            break
        click.echo(f"  task {failure.task_id}: {for_command_line(failure.message)}")


def _show_metrics(app: App, run: Run, metrics: RunMetrics) -> None:
    if metrics.unread is not None:
        click.echo(for_command_line(metrics.unread.words))
    if not metrics.overall.n:
        click.echo(f"None of these tasks has {run.truth.words} to measure against.")
        return
    rows: list[tuple[str, Correctness]] = list(metrics.controls.items())
    if len(rows) != 1:
        rows.append(("all", metrics.overall))
    app.table(
        ("Control", "n", "Correct", "Failed", "Accuracy", "95% interval", "Also"),
        [
            (name, row.n, row.correct, row.failed, *_accuracy(row), headline(row))
            for name, row in rows
        ],
        title=f"Agreement with {run.truth.words}",
        numbers=("n", "Correct", "Failed", "Accuracy"),
    )
    if run.measured_on != run.truth.words:
        click.echo(f"Measured on {run.measured_on}.")
    if run.subset not in WHOLE:
        _show_headline(app, run)
    if metrics.humans is not None:
        people = metrics.humans.overall
        click.echo(
            f"People agree with each other on {people.accuracy:.1%} of {people.n} tasks that "
            f"several annotated ({people.low:.1%} to {people.high:.1%})."
        )


def _show_headline(app: App, run: Run) -> None:
    """Say that a sample is no score of its version, and what that is."""
    standings = app.container.store.standings.of_versions([run.version_id], run.project_id)
    found = standings.get(run.version_id)
    score = found.headline if found is not None else None
    if score is None:
        click.echo("That is a sample: evaluate on all ground truth for the version's accuracy.")
        return
    click.echo(
        f"That is a sample: the version's accuracy stays {percent(score.accuracy)} "
        f"({score.correct} of {score.n}), of run {score.run_id}."
    )


def _accuracy(row: Correctness) -> tuple[str, str]:
    if not row.n:
        return "-", "-"
    return percent(row.accuracy), f"{percent(row.low)} to {percent(row.high)}"


def _held(app: App, run: Run) -> dict[str, Any] | None:
    """Read back what Label Studio holds; a run's outcome does not depend on it answering."""
    studio = app.container.studio
    try:
        keys = [k for k in studio.prediction_keys(run.project_id) if k.model_version == run.label]
        shown = studio.get_project(run.project_id).model_version
    except LabelStudioError as error:
        app.note(f"Label Studio could not be read back: {error.message}")
        return None
    return {
        "predictions": len(keys),
        "tasks": len({key.task_id for key in keys}),
        "shown_in_label_stream": shown,
    }
