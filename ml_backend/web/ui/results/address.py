"""What the address of a results page says: run, filter, order, page, selection and columns.

Addresses that lead to other pages of the same results are made here too, so each view has one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import request

from ml_backend.errors import InvalidInput
from ml_backend.records import Run
from ml_backend.services.evaluation.results import (
    MISMATCH,
    UNSURE_BELOW,
    ResultFilter,
    ResultQuery,
)

MOST_COLUMNS = 40
LONGEST_COLUMN = 200
ORDER = MISMATCH
"""What differs is what people came to see."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ResultAddress:
    """Which results of a run are shown, and how; ``columns`` None are the config's inputs."""

    run: Run
    query: ResultQuery
    columns: tuple[str, ...] | None = None

    @property
    def is_selected(self) -> bool:
        """Whether it is about some of the tasks only, whatever the filter."""
        return self.query.cell is not None or self.query.task_ids is not None

    def panel(self, **changed: Any) -> str:
        """Return the address of the tab, its query changed; a change begins at the first page."""
        query = replace(self.query, **{"after": None, "before": None, **changed})
        return self._page("results", self._pairs(query))

    def here(self) -> str:
        """Return the address of the page itself."""
        return self._page("results", self._pairs(self.query))

    def without_selection(self) -> str:
        return self.panel(cell=None, task_ids=None)

    def csv(self) -> str:
        """Return where all results of the filter are had as CSV."""
        query = replace(self.query, after=None, before=None)
        return _joined(f"/ui/runs/{self.run.id}/results.csv", self._pairs(query)[2:])

    def news(self) -> str:
        """Return where the results are that came since the page was made."""
        return _joined(f"/ui/runs/{self.run.id}/new-results", self._pairs(self.query))

    def task(self, task_id: int, *, is_open: bool = True) -> str:
        """Return where a task's result is told in full, or folded again."""
        pairs = self._pairs(self.query)
        more = [] if is_open else [("fold", "1")]
        return _joined(f"/ui/runs/{self.run.id}/tasks/{task_id}", pairs + more)

    def accept(self, task_id: int, *, beside: bool = False) -> str:
        """Return where a task's prediction is accepted, beside a person's annotation perhaps."""
        more = [("beside", "1")] if beside else []
        path = f"/ui/runs/{self.run.id}/tasks/{task_id}/accept"
        return _joined(path, self._pairs(self.query) + more)

    def hidden(self, *left_out: str) -> Pairs:
        """Return the fields a form carries along, without those it asks for."""
        query = replace(self.query, after=None, before=None)
        return [pair for pair in self._pairs(query) if pair[0] not in left_out]

    def _page(self, tab: str, pairs: Pairs) -> str:
        return _joined(f"/ui/prompts/{self.run.prompt_id}/{tab}", pairs)

    def _pairs(self, query: ResultQuery) -> Pairs:
        pairs = [("project", str(self.run.project_id)), ("run", str(self.run.id))]
        if query.filter is not ResultFilter.ALL:
            pairs.append(("filter", query.filter.value))
        if query.below != UNSURE_BELOW:
            pairs.append(("below", f"{query.below:g}"))
        if query.order != ORDER:
            pairs.append(("order", query.order))
        if query.cell is not None:
            pairs += cell_pairs(*query.cell)
        if query.task_ids is not None:
            pairs.append(("tasks", ",".join(str(each) for each in query.task_ids)))
        for name in ("after", "before"):
            cursor = getattr(query, name)
            if cursor is not None:
                pairs.append((name, cursor))
        return pairs + [("column", each) for each in self.columns or ()]


def read_address(run: Run) -> ResultAddress:
    """Return what the request asks for; raises InvalidInput for what is nothing of the kind."""
    given = request.values
    query = ResultQuery(
        filter=_filter(given.get("filter", "")),
        below=_below(given.get("below", "")),
        order=given.get("order", "") or ORDER,
        after=given.get("after") or None,
        before=given.get("before") or None,
        cell=_cell(),
        task_ids=_task_ids(given.get("tasks", "")),
    )
    columns = tuple(dict.fromkeys(each[:LONGEST_COLUMN] for each in given.getlist("column")))
    return ResultAddress(run, query, columns[:MOST_COLUMNS] or None)


def plain_address(run: Run) -> ResultAddress:
    """Return the address of a run's first page with nothing chosen."""
    return ResultAddress(run, ResultQuery(order=ORDER))


def cell_pairs(control: str, truth: str | None, given: str | None) -> Pairs:
    """Return what names a cell of a confusion matrix; what is left out is no class."""
    pairs = [("control", control)]
    if truth is not None:
        pairs.append(("truth", truth))
    if given is not None:
        pairs.append(("given", given))
    return pairs


def cell_address(run: Run, control: str, truth: str | None, given: str | None) -> str:
    """Return where the tasks of a cell of a confusion matrix are shown."""
    pairs = [("run", str(run.id)), *cell_pairs(control, truth, given)]
    return _joined(f"/ui/prompts/{run.prompt_id}/results", pairs)


def _joined(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    text = urlencode(pairs, errors="surrogatepass")
    return f"{path}?{text}" if text else path


def _filter(text: str) -> ResultFilter:
    try:
        return ResultFilter(text or "all")
    except ValueError as error:
        known = ", ".join(each.value for each in ResultFilter)
        raise InvalidInput(
            f"There is no filter {text[:50]!r}.", field="filter", fix=f"Use one of {known}."
        ) from error


def _below(text: str) -> float:
    if not text.strip():
        return UNSURE_BELOW
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InvalidInput(
            f"{text[:50]!r} is no confidence.",
            field="below",
            fix="Give a number from 0 to 1, for example 0.7.",
        )
    return value


def _cell() -> tuple[str, str | None, str | None] | None:
    control = request.values.get("control")
    if not control:
        return None
    return control, request.values.get("truth"), request.values.get("given")


def _task_ids(text: str) -> tuple[int, ...] | None:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return None
    for part in parts:
        if not (part.isascii() and part.isdecimal() and len(part) < 10):
            raise InvalidInput(
                f"{part[:50]!r} is no task.",
                field="tasks",
                fix="Name tasks by their numbers, for example tasks=12,15.",
            )
    return tuple(dict.fromkeys(int(part) for part in parts))
