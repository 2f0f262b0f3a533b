"""Versions side by side as a table: what each said of a task, and whether it was right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App
from ml_backend.records import Failure

if TYPE_CHECKING:
    from ml_backend.records import JsonObject
    from ml_backend.services.evaluation.comparison_grid import ComparisonGrid, GridCell

SHOWN = {
    "flips": "right by some and wrong by others",
    "disagree": "answered differently",
    "wrong": "wrong by all",
    "all": "all",
}
SIGNS = {True: "✓ ", False: "✗ ", None: ""}
LONGEST = 40


def show_grid(app: App, grid: ComparisonGrid, names: Mapping[int, str]) -> None:
    """Print a page of versions side by side."""
    columns = ["Task", *(["Truth"] if grid.with_truth else [])]
    columns += [names[each.id] for each in grid.versions]
    app.table(
        columns,
        [
            (
                row.task_id,
                *([_said(row.truth)] if grid.with_truth else []),
                *(_cell(each) for each in row.cells),
            )
            for row in grid.rows
        ],
        title=f"\nSide by side: {SHOWN[grid.filter.value]}, {grid.count} of {grid.tasks} tasks",
        empty=f"\nNo task is {SHOWN[grid.filter.value]}.",
        numbers=("Task",),
    )
    if grid.pages > 1:
        more = f", --page {grid.page + 1} for the next" if grid.page < grid.pages else ""
        click.echo(f"Page {grid.page} of {grid.pages}{more}.")
    if grid.left_out:
        app.note(f"{grid.left_out} tasks that not all versions were asked are left out.")


def _cell(cell: GridCell) -> str:
    if isinstance(cell.outcome, Failure):
        return f"✗ failed: {cell.outcome.kind.value.replace('_', ' ')}"
    return SIGNS[cell.right] + _said(cell.outcome.answer)


def _said(answer: JsonObject | None) -> str:
    """Return an answer on one line: of one control its value, of several their names too."""
    if not answer:
        return "-"
    parts = [_value(each) for each in answer.values()]
    if len(answer) > 1:
        parts = [f"{name}: {said}" for name, said in zip(answer, parts, strict=True)]
    text = "; ".join(parts)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())
