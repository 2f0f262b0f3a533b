"""A run's results as a person goes through them: counted, filtered, page by page, as CSV.

Of Label Studio only the tasks and truths of the page are read, with the caller's own rights.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from ml_backend.errors import InvalidInput, LabelStudioUnreachable
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project, queries
from ml_backend.records import JsonObject, Outcome, Run, Task
from ml_backend.services.evaluation.calibrated import calibration_of_run
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import Compared
from ml_backend.services.evaluation.results_csv import ResultTable
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.store import Cell, CellCount, Chosen, Place, ResultFilter as ResultFilter, Store
from ml_backend.store.results import MISMATCH as MISMATCH

ORDERS = ("task", "-task", "score", MISMATCH)
UNSURE_BELOW = 0.7
MOST_ROWS = 500
MOST_TASKS = 10_000
"""Tasks named one by one; databases take no more in one question."""

ROWS_OF_CSV = 1_000
LONGEST_CURSOR = 200


@dataclass(frozen=True, slots=True)
class ResultQuery:
    """Which results are asked for, and which page of them.

    ``after`` and ``before`` are cursors of a page; ``cell`` is (control, true class, class given),
    None for no class.
    """

    filter: ResultFilter = ResultFilter.ALL
    below: float = UNSURE_BELOW
    """The score under which a prediction is unsure."""
    order: str = "task"
    """"task", "-task", "score": the least sure first, those without score last; or "mismatch":
    what is wrong first, what is right last."""
    after: str | None = None
    before: str | None = None
    cell: Cell | None = None
    task_ids: tuple[int, ...] | None = None
    size: int = 50


@dataclass(frozen=True, slots=True)
class ResultCounts:
    """Outcomes by filter; right and wrong are 0 of a run that was never measured."""

    all: int
    right: int
    wrong: int
    review: int
    error: int
    measured: bool


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A task, what the prompt said of it and what is true.

    ``right`` is as it was measured, the truth and how each control agrees with it as they are now.
    """

    task: Task | None
    """None when it is gone from Label Studio, or not the caller's to see."""
    outcome: Outcome
    right: bool | None
    """None without a truth."""
    truth: JsonObject | None
    """The one that the outcome agrees with best."""
    compared: Compared = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Rows in order, and the cursors of the pages beside them; None where there is none."""

    rows: list[ResultRow]
    before: str | None
    after: str | None
    position: int
    """How many results stand before the first row."""
    away: bool = False
    """Whether Label Studio did not answer, so that rows are without their tasks and truths."""


class Results:
    """Reads outcomes from the store, their tasks and truths from Label Studio."""

    def __init__(
        self, store: Store, predictor_factory: PredictorFactory, evaluation: Evaluation
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._evaluation = evaluation
        self._identity = ProjectIdentity(store)

    def require_project(self, run: Run, project: Project) -> None:
        """Raise Conflict where a run's tasks are those of another project of that number."""
        self._identity.check_run(run, project)

    def counts(self, run: Run, below: float = UNSURE_BELOW) -> ResultCounts:
        """Return how many results each filter has."""
        _check_share(below)
        measured = self._evaluation.judge_by_task(run)
        found = self._store.results.counts(run.id, below)
        return ResultCounts(
            all=found[ResultFilter.ALL],
            right=found[ResultFilter.RIGHT],
            wrong=found[ResultFilter.WRONG],
            review=found[ResultFilter.REVIEW],
            error=found[ResultFilter.ERROR],
            measured=measured,
        )

    def count(self, run: Run, query: ResultQuery) -> int:
        """Return how many results a query has on all pages."""
        _check(query)
        self._evaluation.judge_by_task(run)
        return self._store.results.count(_chosen(run, query))

    def cells(self, run: Run, control: str) -> list[CellCount]:
        """Return the cells of a control's confusion matrix, the most frequent first."""
        self._evaluation.judge_by_task(run)
        return self._store.results.cells(run.id, control)

    def page(
        self, studio: LabelStudioReader, project: Project, run: Run, query: ResultQuery
    ) -> ResultPage:
        """Return a page; raises InvalidInput for a cursor that is none of this order."""
        _check(query)
        after, before = (_place(query, name) for name in ("after", "before"))
        self.require_project(run, project)
        config = self._predictor_factory.config_of(project)
        self._evaluation.judge_by_task(run)
        chosen, order = _chosen(run, query), query.order
        results = self._store.results
        places = results.places(chosen, order, after=after, before=before, limit=query.size + 1)
        more = len(places) > query.size
        if not places:
            return ResultPage([], None, None, results.count(chosen) if after else 0)
        # The one too many is farthest from the cursor.
        places = places[-query.size :] if before else places[: query.size]
        follows = more
        if before:
            follows = bool(results.places(chosen, order, after=places[-1], limit=1))
        position = results.count_before(chosen, order, places[0])
        ids, away = [each.task_id for each in places], False
        try:
            rows = self._rows(studio, project, run, config, ids)
        except LabelStudioUnreachable:
            # What was answered is ours to show, to whoever may see the project.
            rows, away = self._bare_rows(run, ids), True
        return ResultPage(
            rows=rows,
            away=away,
            before=_cursor(order, places[0]) if position else None,
            after=_cursor(order, places[-1]) if follows else None,
            position=position,
        )

    def news(
        self,
        studio: LabelStudioReader,
        project: Project,
        run: Run,
        query: ResultQuery,
        seen: Collection[int],
    ) -> list[ResultRow]:
        """Return results of a query beyond the tasks seen, as many as its page still has room for.

        They stand where they are found: a run that goes on answers in an order of its own.
        """
        _check(query)
        self.require_project(run, project)
        room = query.size - len(seen)
        if room <= 0 or query.after or query.before:
            return []
        places = self._store.results.places(_chosen(run, query), query.order, limit=query.size)
        new = [each.task_id for each in places if each.task_id not in seen][:room]
        if not new:
            return []
        config = self._predictor_factory.config_of(project)
        return self._rows(studio, project, run, config, new)

    def csv(
        self, studio: LabelStudioReader, project: Project, run: Run, query: ResultQuery
    ) -> Iterator[str]:
        """Return all results of a query as CSV, in parts; of its page it takes nothing.

        What is wrong with the query or the project is raised at once, not while it is sent.
        """
        _check(query)
        self.require_project(run, project)
        config = self._predictor_factory.config_of(project)
        self._evaluation.judge_by_task(run)
        columns = dict.fromkeys([*config.input_fields, *studio.data_columns(project.id)])
        table = ResultTable(
            tuple(columns),
            tuple(config.controls),
            [each.snapshot.version_title for each in run.options.members],
            calibration_of_run(self._store, run),
        )
        return chain([table.head()], self._csv_parts(studio, project, run, query, config, table))

    def _csv_parts(
        self,
        studio: LabelStudioReader,
        project: Project,
        run: Run,
        query: ResultQuery,
        config: LabelingConfig,
        table: ResultTable,
    ) -> Iterator[str]:
        last: Place | None = None
        while True:
            places = self._store.results.places(
                _chosen(run, query), query.order, after=last, limit=ROWS_OF_CSV
            )
            if not places:
                return
            last = places[-1]
            ids = [each.task_id for each in places]
            rows = self._rows(studio, project, run, config, ids)
            yield table.lines((row.task, row.outcome, row.right, row.truth) for row in rows)

    def _rows(
        self,
        studio: LabelStudioReader,
        project: Project,
        run: Run,
        config: LabelingConfig,
        task_ids: Sequence[int],
    ) -> list[ResultRow]:
        outcomes = self._store.results.read(run.id, task_ids)
        query = queries.selecting(task_ids)
        pages = studio.iter_tasks(project.id, query=query, project=project)
        tasks = {task.id: task for page in pages for task in page}
        truths = self._evaluation.reading(studio).truths(
            project.id, config, task_ids, source=run.truth
        )
        rows = []
        for task_id in task_ids:
            if task_id not in outcomes:  # dropped since, to be asked again
                continue
            outcome, right = outcomes[task_id]
            compared: Compared = {}
            truth = None
            if task_id in truths:
                compared, truth = truths[task_id].judge(outcome, config)
            rows.append(ResultRow(tasks.get(task_id), outcome, right, truth, compared))
        return rows

    def _bare_rows(self, run: Run, task_ids: Sequence[int]) -> list[ResultRow]:
        outcomes = self._store.results.read(run.id, task_ids)
        known = (outcomes[task_id] for task_id in task_ids if task_id in outcomes)
        return [ResultRow(None, outcome, right, None) for outcome, right in known]


def _chosen(run: Run, query: ResultQuery) -> Chosen:
    return Chosen(run.id, query.filter, query.below, query.cell, query.task_ids)


# What a caller may ask for


def _check(query: ResultQuery) -> None:
    _check_share(query.below)
    if query.order not in ORDERS:
        raise InvalidInput(
            f"Results are not ordered by {query.order[:50]!r}.",
            field="order",
            fix=f"Use one of {', '.join(ORDERS)}.",
        )
    if query.after is not None and query.before is not None:
        raise InvalidInput(
            "A page is after a cursor or before one, not both.",
            field="before",
            fix="Give either after or before.",
        )
    if not 1 <= query.size <= MOST_ROWS:
        raise InvalidInput(
            f"A page of {query.size} rows cannot be had.",
            field="size",
            fix=f"Give a number from 1 to {MOST_ROWS}.",
        )
    for task_id in query.task_ids or ():
        if not 0 < task_id < 2**31:
            raise InvalidInput(f"{task_id} is no task id.", field="task_ids")
    if len(query.task_ids or ()) > MOST_TASKS:
        raise InvalidInput(
            f"{len(query.task_ids or ())} tasks are too many to be named.",
            field="task_ids",
            fix=f"Name at most {MOST_TASKS:,}.",
        )


def _check_share(below: float) -> None:
    if not 0 <= below <= 1:  # NaN as well
        raise InvalidInput(
            f"A score is never below {below:g}, or always.",
            field="below",
            fix="Give a number from 0 to 1, for example 0.7.",
        )


# Cursors


def _cursor(order: str, place: Place) -> str:
    text = json.dumps([order, place.task_id, place.score])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(query: ResultQuery, name: str) -> Place | None:
    """Return the place a cursor names; it opens nothing that its bearer may not see anyhow."""
    text = query.after if name == "after" else query.before
    if text is None:
        return None
    place = _decoded(text, query.order)
    if place is None:
        raise InvalidInput(
            f"{text[:50]!r} is not a cursor of results ordered by {query.order}.",
            field=name,
            fix="Take the cursors of a page as they are, or leave them out for the first page.",
        )
    return place


def _decoded(text: str, order: str) -> Place | None:
    if len(text) > LONGEST_CURSOR or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        said = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(said, list) or len(said) != 3 or said[0] != order:
        return None
    _, task_id, score = said
    if type(task_id) is not int or not 0 <= task_id < 2**31:
        return None
    if score is not None and (type(score) not in (int, float) or not math.isfinite(score)):
        return None
    if order == MISMATCH and score is None:
        return None
    return Place(task_id, None if score is None else float(score))
