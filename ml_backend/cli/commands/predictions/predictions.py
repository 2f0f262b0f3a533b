"""`predictions`: list, delete, where they came from and what failed; changes are counted first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Group, ids, pass_app, version_name
from ml_backend.cli.commands.delete import show_remaining
from ml_backend.cli.commands.predictions.accepting import (
    list_acceptances,
    show_threshold,
    take_back_acceptance,
)
from ml_backend.cli.commands.predictions.choosing import changing, named_selection, selecting
from ml_backend.cli.commands.predictions.disputes import show_disputes
from ml_backend.cli.commands.predictions.label_stream import show_in_label_stream
from ml_backend.cli.commands.predictions.promote import promote_predictions
from ml_backend.cli.commands.predictions.review_first import review_first
from ml_backend.cli.output import documents
from ml_backend.cli.output.prediction_rows import SHOWN_ROWS, note_more, show_unsure
from ml_backend.cli.output.progress import bar
from ml_backend.kinds import Slot
from ml_backend.services.jobs import documents as reports

if TYPE_CHECKING:
    from ml_backend.services.predictions.bulk_actions import DeletePlan
    from ml_backend.services.predictions.provenance import Provenance
    from ml_backend.store import Source


@click.group(cls=Group)
def predictions() -> None:
    """List, delete, promote and accept predictions in bulk; see why tasks got none."""


for command in (
    show_in_label_stream,
    review_first,
    show_disputes,
    promote_predictions,
    show_threshold,
    list_acceptances,
    take_back_acceptance,
):
    predictions.add_command(command)


@predictions.command("list")
@selecting()
@click.option(
    "--below",
    type=float,
    metavar="SCORE",
    help="List the tasks whose prediction scores below this, the least sure first.",
)
@click.option(
    "--slot",
    type=click.Choice([each.value for each in Slot]),
    help="Only predictions people see (all), or only those of evaluations (evaluate).",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help=f"Show up to N rows; by default {SHOWN_ROWS}, with --json all.",
)
@pass_app
def list_predictions(
    app: App,
    /,
    project: str,
    below: float | None,
    slot: str | None,
    limit: int | None,
    **selection: Any,
) -> None:
    """Count a project's predictions by model version, or list those that people should see first.

    \b
    Examples:
      ls-prompts predictions list --project 3
      ls-prompts predictions list --project 3 --slot all --below 0.7 --limit 50
      ls-prompts predictions list --project 3 --prompt Topic --below 0.7
      ls-prompts predictions list --project 3 --prompt Topic --tasks 1,2
    """
    found = app.project(project)
    place = Slot(slot) if slot else None
    if below is not None:
        show_unsure(app, found, below, named_selection(app, selection), place, limit)
        return
    every = app.container.predictions.count(found.id, named_selection(app, selection), place)
    if app.as_json:
        versions = [documents.of_count(row) for row in every[:limit]]
        app.document({"project": found.id, "model_versions": versions})
        return
    rows = every[: limit or SHOWN_ROWS]
    titles = {prompt.id: prompt.title for prompt in app.container.store.prompts.all()}
    app.table(
        ("Model version", "Predictions", "Tasks", "Prompt", "Slot", "In label stream"),
        [
            (
                version_name(row.model_version),
                row.predictions,
                row.tasks,
                titles.get(row.label.prompt_id) if row.label else None,
                row.label.slot.value if row.label else None,
                row.shown,
            )
            for row in rows
        ],
        title=f"Predictions in {found.title!r} (project {found.id}, {found.tasks} tasks)",
        empty=f"Project {found.title!r} holds no such predictions.",
        numbers=("Predictions", "Tasks"),
    )
    note_more(app, len(rows), len(every), "model versions")


@predictions.command("provenance")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--tasks", type=ids, metavar="IDS", required=True, help="E.g. 1,2,3.")
@pass_app
def show_provenance(app: App, project: str, tasks: list[int]) -> None:
    """Say where the predictions of tasks came from: version, run, few-shot pool.

    \b
    Example:
      ls-prompts predictions provenance --project 3 --tasks 1,2
    """
    from ml_backend.services.predictions.provenance import document_of

    found = app.project(project)
    rows = app.container.provenances.of_tasks(app.container.studio, found.id, tasks)
    if app.as_json:
        documents = [document_of(each) for each in rows]
        app.document([{**each, "given_at": _moment(each["given_at"])} for each in documents])
        return
    app.table(
        ("Task", "Prediction", "Model version", "From", "Given", "Pool", "Examples in it", "Shown"),
        [
            (
                row.key.task_id,
                row.key.id,
                version_name(row.key.model_version),
                _origin(row),
                _moment(row.source.given_at if row.source else None),
                *_pool(row.source),
            )
            for row in rows
        ],
        title=f"Predictions in {found.title!r} and where they came from",
        empty="These tasks have no predictions.",
        numbers=("Task", "Prediction", "Examples in it", "Shown"),
    )


@predictions.command("delete")
@selecting()
@changing
@pass_app
def delete_predictions(
    app: App, /, project: str, dry_run: bool, yes: bool, **selection: Any
) -> None:
    """Delete predictions: of model versions, of a prompt, of tasks, or without a version.

    Versions and tasks narrow each other: with both, only those versions on those tasks go.
    Annotations stay.

    \b
    Examples:
      ls-prompts predictions delete --project 3 --model-version "Topic__Version 1"
      ls-prompts predictions delete --project 3 --prompt Topic --tasks 1,2,3 --dry-run
      ls-prompts predictions delete --project 3 --unversioned --yes
    """
    found = app.project(project)
    service = app.container.predictions
    plan = service.plan_delete(found.id, named_selection(app, selection))
    go_ahead = app.go_ahead(
        f"Delete {plan.total} predictions?",
        plan=reports.of_delete_plan(plan),
        show=lambda stderr: _show_delete(app, found.title, plan, stderr=stderr),
        yes=yes or not plan.total,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    with bar(app, "Deleting") as progress:
        report = service.execute_delete(plan, app.patience(), progress)
    if app.as_json:
        app.document(reports.of_delete_report(report))
        return
    click.echo(f"Deleted {report.deleted} predictions.")
    show_remaining(app, report)


@predictions.command("failures")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--raw", is_flag=True, help="Also what the model said.")
@pass_app
def list_failures(app: App, project: str, raw: bool) -> None:
    """List the tasks Label Studio asked for predictions of and got none, and why.

    A task is left out once a version of the prompt has predicted it. `runs failures` lists those
    of a run.

    \b
    Example:
      ls-prompts predictions failures --project 3 --raw
    """
    found = app.project(project)
    rows = app.container.store.served.failures(found.id)
    if app.as_json:
        listed = [
            {
                "task": failure.task_id,
                "model_version": label,
                "kind": failure.kind.value,
                "message": failure.message,
                "raw": failure.raw,
                "failed_at": when.isoformat(),
            }
            for label, failure, when in rows
        ]
        app.document({"project": found.id, "failures": listed})
        return
    columns = ("Task", "Model version", "Kind", "Reason", "When")
    app.table(
        (*columns, "Answer") if raw else columns,
        [
            (
                failure.task_id,
                label,
                failure.kind.value.replace("_", " "),
                failure.message,
                f"{when.astimezone():%Y-%m-%d %H:%M}",
                *([failure.raw] if raw else []),
            )
            for label, failure, when in rows
        ],
        title=f"Tasks of {found.title!r} (project {found.id}) without the prediction asked for",
        empty=f"Every task of {found.title!r} that Label Studio asked for has its prediction.",
        numbers=("Task",),
    )


def _show_delete(app: App, title: str, plan: DeletePlan, *, stderr: bool) -> None:
    app.table(
        ("Model version", "Predictions"),
        [(version_name(version), count) for version, count in plan.by_version.items()],
        title=f"{plan.total} predictions on {plan.tasks} tasks of {title!r}, by {plan.mode}",
        empty=f"Project {title!r} holds no such predictions: there is nothing to delete.",
        numbers=("Predictions",),
        stderr=stderr,
    )


def _origin(row: Provenance) -> str:
    if row.source is not None:
        return "/predict" if row.source.run_id is None else f"run {row.source.run_id}"
    return "not remembered" if row.prompt_id is not None else "not ours"


def _pool(source: Source | None) -> tuple[Any, Any, Any]:
    """Return the revision of a pool, its examples, and how many of them were shown."""
    if source is None or source.few_shot is None:
        return None, None, None
    pool = source.few_shot
    revisions = pool.revisions or (pool.revision,)
    shown = f"at most {pool.most}" if source.shown is None else source.shown
    return ", ".join(f"revision {each}" for each in revisions), pool.examples, shown


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
