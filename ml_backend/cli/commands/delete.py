"""Deleting a prompt or a version with what it takes along: count, ask, do, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, version_name
from ml_backend.cli.output.progress import bar
from ml_backend.records import Prompt, PromptVersion
from ml_backend.services.jobs import documents

if TYPE_CHECKING:
    from ml_backend.services.predictions.bulk_actions import DeleteReport
    from ml_backend.services.predictions.delete_prompt import PromptDeletion


def delete_with_predictions(
    app: App, prompt: Prompt, version: PromptVersion | None, *, yes: bool, dry_run: bool
) -> None:
    """Delete a prompt, or one version of it, and its predictions in every project."""
    deletions = app.container.deletions
    plan = deletions.plan(prompt, version)
    what = f"prompt {prompt.title!r}"
    if version is not None:
        what = f"version {version.title!r} of {what}"
    go_ahead = app.go_ahead(
        f"Delete {what} and {plan.predictions} predictions?",
        plan=documents.of_deletion(plan),
        show=lambda stderr: _show(app, what, plan, stderr=stderr),
        yes=yes,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    with bar(app, "Deleting") as progress:
        done = deletions.execute(plan, app.patience(), progress)
    deleted = sum(report.deleted for report in done)
    if app.as_json:
        held = [documents.of_delete_report(report) for report in done]
        app.document({**documents.of_deletion(plan), "deleted": deleted, "label_studio": held})
        return
    click.echo(f"Deleted {what} and {deleted} predictions.")
    for report in done:
        show_remaining(app, report)


def show_remaining(app: App, report: DeleteReport) -> None:
    """Print what Label Studio holds of each model version after a deletion."""
    project_id = report.plan.project_id
    app.table(
        ("Model version", "Predictions"),
        [(version_name(name), count) for name, count in report.remaining.items()],
        title=f"Label Studio's project {project_id} now holds",
        empty=f"Label Studio's project {project_id} now holds no predictions.",
        numbers=("Predictions",),
    )
    for note in report.notes:
        app.note(note)


def _show(app: App, what: str, plan: PromptDeletion, *, stderr: bool) -> None:
    app.table(
        ("Project", "Model version", "Predictions"),
        [
            (each.project_id, version, count)
            for each in plan.plans
            for version, count in each.by_version.items()
        ],
        title=f"Deleting {what} deletes in Label Studio",
        empty=f"{what[0].upper()}{what[1:]} has no predictions in Label Studio.",
        numbers=("Project", "Predictions"),
        stderr=stderr,
    )
    for run in plan.runs:
        app.note(f"Run {run.id} is under way and will be canceled.")
