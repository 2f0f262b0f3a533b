"""The results tab of a prompt: a run's tasks, filtered and page by page, and the same as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request, stream_with_context

from ml_backend.errors import (
    ConfigError,
    InvalidInput,
    LabelStudioAuthError,
    LabelStudioError,
)
from ml_backend.records import Run
from ml_backend.services.evaluation.results import (
    MOST_ROWS,
    ResultCounts,
    ResultFilter,
    ResultPage,
)
from ml_backend.services.project_identity import AnotherProject
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.results.address import ResultAddress, plain_address, read_address
from ml_backend.web.ui.results.rows import Line, columns_of, inputs_of, line_of
from ml_backend.web.ui.shell.pages import pages
from ml_backend.web.ui.shell.prompt_view import PromptView, panel
from ml_backend.web.ui.shell.session import quiet

FILTERS = (
    (ResultFilter.ALL, "All"),
    (ResultFilter.WRONG, "Mismatch"),
    (ResultFilter.REVIEW, "Needs review"),
    (ResultFilter.ERROR, "Has error"),
    (ResultFilter.RIGHT, "Match"),
)
BY_MATCH = (ResultFilter.WRONG, ResultFilter.RIGHT)
ORDERS = (
    ("mismatch", "Mismatches first"),
    ("task", "Task, first to last"),
    ("-task", "Task, last to first"),
    ("score", "Least sure first"),
)


@dataclass(frozen=True, slots=True)
class FilterLink:
    """A filter as a link: how many results it has, and whether it is the one shown."""

    filter: ResultFilter
    name: str
    url: str
    count: int
    is_here: bool

    @property
    def is_all(self) -> bool:
        return self.filter is ResultFilter.ALL

    @property
    def is_review(self) -> bool:
        return self.filter is ResultFilter.REVIEW


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of results as the template needs it."""

    counts: ResultCounts
    page: ResultPage
    total: int
    filters: Sequence[FilterLink]
    lines: Sequence[Line]
    columns: Sequence[str]
    choices: Sequence[str]
    """All columns of task data there are to choose from."""

    @property
    def first(self) -> int:
        return self.page.position + 1

    @property
    def last(self) -> int:
        return self.page.position + len(self.lines)


@panel("results")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    run = view.run
    if run is None or view.project is None:
        return render_template("results/results.html", view=view, run=None)
    about: dict[str, Any] = {"view": view, "run": run, "orders": ORDERS, "is_open": run.is_open}
    about["is_abandoned"] = services().runs.is_abandoned(run)
    about |= {"plain": plain_address(run), "runs": _choices(view, run)}
    try:
        address = read_address(run)
        shown = _read(view, address)
    except LabelStudioAuthError:
        raise
    except (AnotherProject, ConfigError, InvalidInput, LabelStudioError) as error:
        # The editor beside it is of use all the same.
        return render_template("results/results.html", **about, problem=error)
    return render_template("results/results.html", **about, address=address, shown=shown)


@pages.get("/runs/<int:run_id>/results.csv")
def results_csv(run_id: int) -> Response:
    """Send all results of a filter as CSV, read and sent in parts."""
    caller, run = identity.caller(), open_run(run_id)
    project = services().access.project(caller, run.project_id)
    query = read_address(run).query
    parts: Iterator[str] = services().results.csv(caller.studio, project, run, query)
    response = Response(stream_with_context(parts), mimetype="text/csv")
    name = f"{file_name(run)}-{query.filter.value}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.get("/runs/<int:run_id>/new-results")
@quiet
def new_results(run_id: int) -> str:
    """Give what came since the page was made: rows while they have room, then their number."""
    caller, run = identity.caller(), open_run(run_id)
    address = read_address(run)
    seen = _seen()
    project = services().access.project(caller, run.project_id)
    found = services().results.news(caller.studio, project, run, address.query, seen)
    columns = address.columns or inputs_of(project.label_config)
    total = services().results.count(run, address.query)
    return render_template(
        "results/new_results.html",
        run=run,
        project=project,
        address=address,
        lines=[line_of(row, columns) for row in found],
        rows=len(seen) + len(found),
        total=total,
        new=max(0, total - len(seen) - len(found)),
        is_open=run.is_open,
        is_abandoned=services().runs.is_abandoned(run),
    )


def _seen() -> set[int]:
    """Return the tasks whose rows are on the page that asks."""
    given = request.args.getlist("shown")[:MOST_ROWS]
    return {int(each) for each in given if each.isascii() and each.isdecimal() and len(each) < 10}


def open_run(run_id: int) -> Run:
    """Return a run whose project and prompt the person sees."""
    caller = identity.caller()
    run = services().access.run(caller, run_id)
    services().access.prompt(caller, run.prompt_id)
    return run


def file_name(run: Run) -> str:
    """Return a name for a file about a run, of letters that every system takes."""
    asked = run.snapshot
    words = f"{asked.prompt_title or run.label} {asked.version_title}"
    plain = re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-")[:80]
    return f"{plain or 'prompt'}-run-{run.id}"


def _read(view: PromptView, address: ResultAddress) -> Shown:
    assert view.project is not None  # nosec B101  # for types
    results, run, query = services().results, address.run, address.query
    results.require_project(run, view.project)
    counts = results.counts(run, query.below)
    page = results.page(view.caller.studio, view.project, run, query)
    inputs = inputs_of(view.project.label_config)
    columns = address.columns or inputs
    is_whole = query.filter is ResultFilter.ALL and not address.is_selected
    return Shown(
        counts=counts,
        page=page,
        total=counts.all if is_whole else results.count(run, query),
        filters=_filters(address, counts),
        lines=[line_of(row, columns, away=page.away) for row in page.rows],
        columns=columns,
        choices=columns_of(page.rows, [*inputs, *columns]),
    )


def _filters(address: ResultAddress, counts: ResultCounts) -> list[FilterLink]:
    by_filter = {
        ResultFilter.ALL: counts.all,
        ResultFilter.WRONG: counts.wrong,
        ResultFilter.RIGHT: counts.right,
        ResultFilter.REVIEW: counts.review,
        ResultFilter.ERROR: counts.error,
    }
    here = address.query.filter
    return [
        FilterLink(
            filter=each,
            name=name,
            url=address.panel(filter=each, cell=None, task_ids=None),
            count=by_filter[each],
            is_here=each is here and not address.is_selected,
        )
        for each, name in FILTERS
        if counts.measured or each not in BY_MATCH or each is here
    ]


def _choices(view: PromptView, run: Run) -> list[Run]:
    """Return the runs to choose among: the version's, and the one that is shown."""
    found = view.runs_of(view.version)
    return found if any(each.id == run.id for each in found) else [run, *found]
