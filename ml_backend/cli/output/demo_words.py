"""What the demo says of its figures, so that who leads the labeling understands the first one."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from ml_backend.records import Run
from ml_backend.records.metrics_json import metrics_of


def outcome_lines(run: Run) -> list[str]:
    """Return what came of a run, as who leads the labeling reads it: right answers, one by one."""
    failed = f", {run.totals.failed} failed" if run.totals.failed else ""
    found = [f"{run.totals.succeeded} predictions{failed}"]
    if run.metrics is None or not run.metrics.overall.n:
        return found
    measured = {name: row for name, row in run.metrics.controls.items() if row.n}
    best_first = sorted(measured.items(), key=lambda each: -(each[1].correct / each[1].n))
    found = [
        f"{name} right in {row.correct} of {row.n} messages ({row.correct / row.n:.0%})"
        for name, row in best_first
    ]
    overall = run.metrics.overall
    return [*found, f"all of these at once in {overall.correct} of {overall.n}{failed}"]


def print_held(held: dict[str, Any]) -> None:
    """Print what Label Studio holds at the end of the demo."""
    console = Console(highlight=False)
    table = Table(title=f"What Label Studio now holds: {held['tasks']} tasks", title_justify="left")
    for name in ("Model version", "Slot"):
        table.add_column(name, overflow="fold")
    for name in ("Predictions", "Tasks", "Most per task"):
        table.add_column(name, justify="right")
    for name, row in held["model_versions"].items():
        cells = (row["slot"], row["predictions"], row["tasks"], row["most_per_task"])
        table.add_row(name, *(str(cell) for cell in cells))
    console.print(table)
    made = held["annotations"]
    console.print(
        f"Annotations: {made['by_people']} by people, "
        f"{made['from_predictions']} created from predictions."
    )
    measured = metrics_of(held["evaluation"])
    if measured is not None and measured.controls:
        table = Table(title="Evaluation on what people annotated", title_justify="left")
        table.add_column("Control")
        for name in ("n", "Correct", "Failed", "Accuracy", "95% interval"):
            table.add_column(name, justify="right")
        for name, row in {**measured.controls, "all at once": measured.overall}.items():
            interval = f"{row.low:.0%} to {row.high:.0%}" if row.n else "-"
            share = f"{row.accuracy:.0%}" if row.n else "-"
            table.add_row(name, str(row.n), str(row.correct), str(row.failed), share, interval)
        console.print(table)
