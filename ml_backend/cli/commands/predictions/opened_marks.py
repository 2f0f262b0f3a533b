"""What `predictions promote --ground-truth` marks: annotations that a person has opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App
from ml_backend.cli.output.progress import bar

if TYPE_CHECKING:
    from ml_backend.labelstudio import Project
    from ml_backend.services.marking.marks import MarkReport
    from ml_backend.services.predictions.promote import PromotePlan


def mark_opened(app: App, project: Project, plan: PromotePlan) -> MarkReport:
    """Mark those annotations of a promotion's predictions that a person has opened."""
    marks = app.container.marks
    opened = marks.plan_promoted(project, plan.labels, plan.selection.task_ids)
    with bar(app, "Marking") as progress:
        return marks.execute(opened, app.patience(), progress)


def show_marked(report: MarkReport) -> None:
    """Say what was marked, and what is no truth."""
    click.echo(
        f"Marked {report.done} as ground truth that a person has opened; "
        f"{report.plan.unopened} that nobody opened are no truth."
    )
