"""Versions side by side, a part of the compare tab: task by task, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput
from ml_backend.records import Failure, Outcome
from ml_backend.services.evaluation.comparison_grid import (
    GridCell,
    GridFilter,
    GridQuery,
    GridRow,
)
from ml_backend.services.evaluation.results import ResultRow
from ml_backend.web.server.services import services
from ml_backend.web.ui.results.compare_query import Asked, names_of
from ml_backend.web.ui.results.rows import ControlLine, control_lines, inputs_of, readable, said
from ml_backend.web.ui.shell.filters import shown
from ml_backend.web.ui.shell.pages import pages
from ml_backend.web.ui.shell.prompt_view import PromptView, number, open_view

ROWS = 25
MOST_CONTROLS = 4
"""Shown in a cell; a task's own view has all."""

ROOM = 160
"""Characters of a task's data."""

FILTERS = {
    GridFilter.FLIPS: "Flips",
    GridFilter.DISAGREE: "Disagree",
    GridFilter.WRONG: "Wrong by all",
    GridFilter.ALL: "All",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What a version said of a task, as it is shown."""

    right: bool | None
    failed: str
    """Why there is no answer, "" where there is one."""
    lines: Sequence[ControlLine]


@dataclass(frozen=True, slots=True)
class Line:
    """A task as it is shown."""

    task_id: int
    data: str
    truth: Sequence[tuple[str, str]]
    cells: Sequence[Cell]


@pages.get("/prompts/<int:prompt_id>/compare/grid")
def comparison_grid(prompt_id: int) -> Response:
    """Return a page of versions side by side, a part of the page."""
    return make_response(side_by_side(open_view(prompt_id), Asked.read()))


def side_by_side(view: PromptView, asked: Asked) -> str:
    """Return the versions side by side as HTML, "" where they cannot be."""
    try:
        if view.project is None:
            raise InvalidInput("The prompt has no project.", field="project")
        versions = [services().access.any_version(view.caller, each) for each in asked.versions]
        query = GridQuery(
            filter=_filter(), page=number("page") or 1, size=ROWS,
            control=asked.control, truth=asked.truth,
        )  # fmt: skip
        found = services().comparison_grids.page(view.caller.studio, view.project, versions, query)
    except InvalidInput:
        return ""  # the figures beside it say the same, and what to do
    return render_template(
        "results/grid.html",
        view=view,
        found=found,
        names=names_of(versions),
        lines=[_line(view, each) for each in found.rows],
        filters=FILTERS,
        address=_Addresses(view, asked),
        first=(found.page - 1) * ROWS + 1,
    )


def _filter() -> GridFilter | None:
    wanted = request.args.get("show", "")
    return next((each for each in GridFilter if each == wanted), None)


@dataclass(frozen=True, slots=True)
class _Addresses:
    """Where other pages of the grid are: as a part, and with the whole page."""

    view: PromptView
    asked: Asked

    def part(self, show: GridFilter, page: int = 1) -> str:
        return url_for("ui.comparison_grid", **self._query(show, page))

    def whole(self, show: GridFilter, page: int = 1) -> str:
        return url_for("ui.prompt_tab", tab="compare", go=1, **self._query(show, page))

    def _query(self, show: GridFilter, page: int) -> dict[str, Any]:
        more = {"show": show.value, "page": page, "prompt_id": self.view.prompt.id}
        return {**self.view.query, **self.asked.query, **more}


def _line(view: PromptView, row: GridRow) -> Line:
    inputs = inputs_of(view.project.label_config) if view.project is not None else ()
    data = row.task.data if row.task is not None else {}
    texts = [shown(data.get(name), ROOM) for name in inputs if data.get(name)]
    truth = row.truth or {}
    return Line(
        task_id=row.task_id,
        data=readable(shown(" · ".join(texts), ROOM)) if row.task is not None else "gone",
        truth=[(name, said(value, 40)) for name, value in truth.items()][:MOST_CONTROLS],
        cells=[_cell(row, each) for each in row.cells],
    )


def _cell(row: GridRow, cell: GridCell) -> Cell:
    outcome: Outcome = cell.outcome
    if isinstance(outcome, Failure):
        return Cell(cell.right, outcome.kind.value.replace("_", " "), ())
    result = ResultRow(row.task, outcome, cell.right, row.truth, cell.compared)
    return Cell(cell.right, "", control_lines(result, 40)[:MOST_CONTROLS])
