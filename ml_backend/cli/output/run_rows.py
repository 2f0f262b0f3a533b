"""Runs in a list: one line each, whatever they are called and whatever they say."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from datetime import datetime

import click
from rich.cells import cell_len, set_cell_size

from ml_backend.cli.app import App
from ml_backend.cli.next_steps import for_command_line
from ml_backend.records import Run, RunStatus, Stage

PIPED_WIDTH = 100
NARROWEST = 60
GAP = 2
STATE_WIDTH = 20
SHORTEST = 10
COLUMNS = ("Run", "Time", "Version", "Project", "Subset", "Accuracy", "Cost", "State")
NUMBERS = ("Run", "Project", "Accuracy", "Cost")
VERSION, STATE = COLUMNS.index("Version"), COLUMNS.index("State")
PUBLISHING = (Stage.PLANNING, Stage.CLEARING, Stage.LOADING, Stage.VERIFYING)


def show_runs(app: App, runs: Sequence[Run], free: Collection[int], now: datetime) -> None:
    """Print runs, a line each; ``free`` are the open ones that no process works on."""
    if not runs:
        click.echo("There are no runs.")
        return
    rows = [COLUMNS, *(_row(run, free, now) for run in runs)]
    widths = _widths(rows, _width(app))
    for place, row in enumerate(rows):
        line = (" " * GAP).join(
            _cell(text, width, name) for text, width, name in zip(row, widths, COLUMNS, strict=True)
        )
        click.secho(line.rstrip(), bold=place == 0)
    for run in runs:
        if run.id in free and run.status is RunStatus.IN_PROGRESS:
            app.note(
                f"Run {run.id} was interrupted: `ls-prompts runs resume {run.id}` goes on with "
                "it, and asks nothing again that was answered."
            )


def _row(run: Run, free: Collection[int], now: datetime) -> tuple[str, ...]:
    counts = run.correctness
    cost = run.totals.cost
    return (
        str(run.id),
        _time(run.created_at, now),
        run.label,
        str(run.project_id),
        run.subset.value,
        f"{counts.accuracy:.1%} of {counts.n}" if counts.accuracy is not None else "-",
        "unknown" if cost is None else f"${cost:.4f}",
        state(run, is_free=run.id in free),
    )


def state(run: Run, *, is_free: bool) -> str:
    """Say where a run stands; ``is_free``: no process works on it."""
    totals = run.totals
    so_far = f"{totals.done} of {totals.total}"
    if run.status is RunStatus.PENDING:
        return "waiting for a server" if is_free else "starting"
    if run.status is RunStatus.IN_PROGRESS:
        if run.stage in PUBLISHING and not is_free:
            return "publishing"
        return f"{'interrupted' if is_free else 'asking'}, {so_far}"
    if run.status is RunStatus.CANCELED:
        return f"{run.status.value}, {so_far}"
    if run.status is RunStatus.FAILED:
        why = for_command_line(run.message)
        return f"{run.status.value}: {why}" if why else f"{run.status.value}, {so_far}"
    failed = f", {totals.failed} failed" if totals.failed else ""
    if run.deleted_tasks:
        failed = f"{failed}, {run.deleted_tasks} tasks deleted"
    return f"{run.status.value}{failed}{', stale' if run.stale else ''}"


def _time(at: datetime, now: datetime) -> str:
    """Return a time as short as it is clear: without the year where that is this one."""
    here = at.astimezone()
    return f"{here:%m-%d %H:%M}" if here.year == now.astimezone().year else f"{here:%Y-%m-%d}"


def _width(app: App) -> int:
    if not app.is_terminal:
        return PIPED_WIDTH
    return max(NARROWEST, shutil.get_terminal_size((PIPED_WIDTH, 24)).columns)


def _widths(rows: Sequence[Sequence[str]], most: int) -> list[int]:
    """Return the columns' widths: names and states share what the others leave of a line."""
    widths = [max(cell_len(_line(row[place])) for row in rows) for place in range(len(COLUMNS))]
    others = sum(width for place, width in enumerate(widths) if place not in (VERSION, STATE))
    left = max(most - others - GAP * (len(COLUMNS) - 1), 2 * SHORTEST)
    least = max(left // 2, min(STATE_WIDTH, left - SHORTEST))
    state = min(widths[STATE], max(least, left - widths[VERSION]))
    widths[STATE], widths[VERSION] = state, min(widths[VERSION], left - state)
    return widths


def _cell(text: str, width: int, column: str) -> str:
    text = _line(text)
    if cell_len(text) > width:
        # Of a prompt and its version the version tells more.
        end = _last(text, width * 3 // 4) if column == "Version" else ""
        text = set_cell_size(text, width - 1 - cell_len(end)).rstrip() + "…" + end
    pad = " " * (width - cell_len(text))
    return pad + text if column in NUMBERS else text + pad


def _last(text: str, most: int) -> str:
    """Return as much of a text's end as fits."""
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= most:
        start -= 1
    return text[start:]


def _line(text: str) -> str:
    """Return a text on one line, without what would move the cursor."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
