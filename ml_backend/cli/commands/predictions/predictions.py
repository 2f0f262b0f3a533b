"""`predictions`: list, show, delete, promote, and what failed; changes are counted first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Group, ids, json_object, pass_app, version_name
from ml_backend.cli.commands.delete import show_remaining
from ml_backend.cli.commands.predictions.label_stream import show_in_label_stream
from ml_backend.cli.commands.predictions.opened_marks import mark_opened, show_marked
from ml_backend.cli.commands.predictions.review_first import review_first
from ml_backend.cli.output import documents
from ml_backend.cli.output.prediction_rows import SHOWN_ROWS, note_more, show_unsure
from ml_backend.cli.output.progress import bar
from ml_backend.kinds import Slot
from ml_backend.services.jobs import documents as reports

if TYPE_CHECKING:
    from ml_backend.services.predictions.bulk_actions import DeletePlan
    from ml_backend.services.predictions.promote import PromotePlan
    from ml_backend.services.predictions.provenance import Provenance
    from ml_backend.services.predictions.selection import Selection
    from ml_backend.store import Source


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


@click.group(cls=Group)
def predictions() -> None:
    """List, delete and promote predictions in bulk; see why tasks got none."""


predictions.add_command(show_in_label_stream)
predictions.add_command(review_first)


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
        show_unsure(app, found, below, _named(app, selection), place, limit)
        return
    every = app.container.predictions.count(found.id, _named(app, selection), place)
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
    plan = service.plan_delete(found.id, _named(app, selection))
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


@predictions.command("promote")
@selecting(unversioned=False)
@click.option("--include-annotated", is_flag=True, help="Also tasks that a person annotated.")
@click.option(
    "--ground-truth",
    "mark",
    is_flag=True,
    help="Mark as ground truth those that a person has opened, and no others.",
)
@changing
@pass_app
def promote_predictions(
    app: App,
    /,
    project: str,
    include_annotated: bool,
    mark: bool,
    dry_run: bool,
    yes: bool,
    **selection: Any,
) -> None:
    """Make annotations from predictions of named versions, on named tasks (or --all).

    Left out are tasks that hold an annotation with the same answer, tasks a person annotated
    (unless --include-annotated), and tasks with several predictions of the version: run the
    prompt again, or delete the surplus. --prompt stands for its versions, without evaluations.

    With --ground-truth those annotations of these predictions are marked that a person has opened
    and submitted: what is made here counts as truth only after that.

    \b
    Examples:
      ls-prompts predictions promote --project 3 --prompt Topic --all
      ls-prompts predictions promote --project 3 --model-version "Topic__Version 1" --tasks 1,2
    """
    found = app.project(project)
    service = app.container.predictions
    plan = service.plan_promote(
        found.id, _named(app, selection), include_annotated=include_annotated
    )
    go_ahead = app.go_ahead(
        f"Create {plan.would_create} annotations?",
        plan=reports.of_promote_plan(plan),
        show=lambda stderr: _show_promote(app, found.title, plan, stderr=stderr),
        yes=yes or not plan.would_create,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    with bar(app, "Promoting") as progress:
        report = service.execute_promote(plan, app.patience(), progress)
    marked = mark_opened(app, found, plan) if mark else None
    if app.as_json:
        more = reports.of_promoted_marks(marked) if marked else {}
        app.document({**reports.of_promote_report(report), **more})
        return
    click.echo(
        f"Created {report.created} annotations. Label Studio's project {found.id} now holds "
        f"{report.annotations} annotations on {report.annotated_tasks} of {found.tasks} tasks."
    )
    if marked is not None:
        show_marked(marked)
    for note in report.notes:
        app.note(note)


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


def _named(app: App, selection: dict[str, Any]) -> Selection:
    """Turn the options into what the services take."""
    from ml_backend.services.predictions.selection import select

    named = {**selection, "labels": list(selection.pop("labels")) or None}
    prompt, tasks = named.pop("prompt"), named.pop("tasks")
    named["prompt"] = app.container.prompts.find(prompt) if prompt is not None else None
    return select(**named, task_ids=tasks)


def _show_delete(app: App, title: str, plan: DeletePlan, *, stderr: bool) -> None:
    app.table(
        ("Model version", "Predictions"),
        [(version_name(version), count) for version, count in plan.by_version.items()],
        title=f"{plan.total} predictions on {plan.tasks} tasks of {title!r}, by {plan.mode}",
        empty=f"Project {title!r} holds no such predictions: there is nothing to delete.",
        numbers=("Predictions",),
        stderr=stderr,
    )


def _show_promote(app: App, title: str, plan: PromotePlan, *, stderr: bool) -> None:
    skipped = {
        "already annotated with the same answer": plan.skipped_identical,
        "annotated by a person": plan.skipped_annotated,
        "several predictions of one version": plan.skipped_doubled,
        "tasks without such a prediction": plan.without_prediction,
    }
    rows: list[tuple[str, int]] = [(f"Create from {v}", n) for v, n in plan.by_version.items()]
    rows += [(f"Leave out: {why}", count) for why, count in skipped.items() if count]
    app.table(
        ("", "Count"),
        rows,
        title=f"{plan.would_create} annotations in {title!r}",
        empty="This prompt has no predictions yet.",
        numbers=("Count",),
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
