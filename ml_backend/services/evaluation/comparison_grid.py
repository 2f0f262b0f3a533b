"""Versions side by side, task by task: what each said, where they differ, the worst first.

With a truth the tasks come first on which some versions are right and some wrong; without one those
on which they disagree most. Which tasks come in which order is worked out once and remembered for
a minute; what a page shows of them is read anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ml_backend.errors import InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project, queries
from ml_backend.records import (
    Failure,
    JsonObject,
    Outcome,
    PromptVersion,
    Run,
    Task,
    TruthSource,
)
from ml_backend.services.evaluation.comparison import (
    MOST_VERSIONS,
    Comparisons,
    judged_of,
    of_control,
    require_control,
    source_of,
)
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import Compared
from ml_backend.services.evaluation.metrics import is_right
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.recent import Recent
from ml_backend.store import Store

KEPT_SECONDS = 60.0
MOST_ROWS = 500


class GridFilter(StrEnum):
    """Which tasks of a comparison: FLIPS are right by some versions and wrong by others."""

    ALL = "all"
    FLIPS = "flips"
    DISAGREE = "disagree"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class GridQuery:
    """Which page of a grid is asked for; ``control`` leaves the other controls out."""

    filter: GridFilter | None = None
    """None is the first of these with a task: flips, where they disagree, all."""
    page: int = 1
    size: int = 25
    control: str | None = None
    truth: TruthSource | None = None


@dataclass(frozen=True, slots=True)
class GridCell:
    """What a version said of a task; ``right`` None where there is no truth."""

    outcome: Outcome
    right: bool | None
    compared: Compared


@dataclass(frozen=True, slots=True)
class GridRow:
    """A task, what is true of it, and what each version said, in their order."""

    task_id: int
    task: Task | None
    """None when it is gone from Label Studio, or not the caller's to see."""
    truth: JsonObject | None
    cells: tuple[GridCell, ...]
    answers: int
    """Different answers among the versions; a failure is one of its own."""


@dataclass(frozen=True, slots=True)
class ComparisonGrid:
    """A page of tasks that all versions were asked, the worst first."""

    project_id: int
    versions: tuple[PromptVersion, ...]
    runs: tuple[Run, ...]
    truth: TruthSource
    measured_on: str
    """The truth in words, and why where nobody chose it."""
    tasks: int
    with_truth: int
    left_out: int
    """Tasks that not every version was asked."""
    counts: Mapping[GridFilter, int]
    filter: GridFilter
    page: int
    pages: int
    rows: tuple[GridRow, ...]

    @property
    def count(self) -> int:
        """How many tasks the filter has, on all pages."""
        return self.counts[self.filter]


@dataclass(frozen=True, slots=True)
class _Order:
    """Tasks in order, by filter, as far as it is remembered."""

    by_filter: Mapping[GridFilter, tuple[int, ...]]
    answers: Mapping[int, int]
    """Task -> different answers."""
    with_truth: int
    left_out: int


_Said = tuple[int | None, bool | None]
"""What a run said of a task: a number that is the same for the same answer, None for a failure;
and whether it was right when its run was measured. A plain tuple: there may be a million of them.
"""


class _Same:
    """Numbers answers, the same for the same one, however its JSON is written."""

    def __init__(self, control: str | None) -> None:
        self._control = control
        self._known: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        known = self._known.get(text)
        if known is None:
            answer = json.loads(text)
            value = answer if self._control is None else (answer or {}).get(self._control)
            said = json.dumps(value, sort_keys=True)
            known = self._known[text] = self._numbers.setdefault(said, len(self._numbers))
        return known


class ComparisonGrids:
    """Puts versions side by side by their last runs."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
        comparisons: Comparisons,
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._evaluation = evaluation
        self._comparisons = comparisons
        self._orders: Recent[tuple[object, ...], _Order] = Recent(KEPT_SECONDS, 16)

    def page(
        self,
        studio: LabelStudioReader,
        project: Project,
        versions: Sequence[PromptVersion],
        query: GridQuery,
    ) -> ComparisonGrid:
        """Return a page of the grid; raises InvalidInput where no task was asked of all."""
        _check(versions, query)
        config = self._predictor_factory.config_of(project)
        require_control(config, query.control)
        runs = [self._comparisons.run_of(version, project) for version in versions]
        evaluation = self._evaluation.reading(studio)
        project = evaluation.counted(project)
        source, in_words = source_of(runs, project, query.truth)
        # Marks and annotations that came since are counted, so that they make another key.
        known = (project.id, project.ground_truths, project.annotations, source, query.control)
        order = self._orders.get(
            (*known, *((run.id, run.totals.done) for run in runs)),
            lambda: self._order(evaluation, project, config, runs, source, query.control),
        )
        counts = {each: len(tasks) for each, tasks in order.by_filter.items()}
        chosen = query.filter or next(
            (each for each in (GridFilter.FLIPS, GridFilter.DISAGREE) if counts[each]),
            GridFilter.ALL,
        )
        pages = max(1, -(-counts[chosen] // query.size))
        page = min(query.page, pages)
        ids = order.by_filter[chosen][(page - 1) * query.size : page * query.size]
        return ComparisonGrid(
            project_id=project.id,
            versions=tuple(versions),
            runs=tuple(runs),
            truth=source,
            measured_on=in_words,
            tasks=counts[GridFilter.ALL],
            with_truth=order.with_truth,
            left_out=order.left_out,
            counts=counts,
            filter=chosen,
            page=page,
            pages=pages,
            rows=tuple(self._rows(studio, project, config, runs, source, query, order, ids)),
        )

    # The order of all tasks

    def _order(
        self,
        evaluation: Evaluation,
        project: Project,
        config: LabelingConfig,
        runs: Sequence[Run],
        source: TruthSource,
        control: str | None,
    ) -> _Order:
        by_task, left_out = self._said(runs, control)
        if not by_task:
            raise InvalidInput(
                "The last runs of these versions share no task.",
                field="versions",
                fix="Run them on the same tasks.",
            )
        right = None
        if control is not None or not all(self._is_measured(run, source) for run in runs):
            right = _judged(evaluation, project, config, runs, source, control)
        ranked = []
        answers = {}
        with_truth = 0
        by_filter: dict[GridFilter, set[int]] = {each: set() for each in GridFilter}
        for task, said in by_task.items():
            different, most = _spread([answer for answer, _ in said])
            verdicts = [verdict for _, verdict in said]
            if right is not None:
                verdicts = [each.get(task) for each in right]
            with_truth += any(each is not None for each in verdicts)
            answers[task] = different
            ranked.append((_rank(verdicts, different), -different, most, task))
            for each in _filters(verdicts, different):
                by_filter[each].add(task)
        ordered = [task for *_, task in sorted(ranked)]
        return _Order(
            by_filter={
                each: tuple(task for task in ordered if task in tasks)
                for each, tasks in by_filter.items()
            },
            answers=answers,
            with_truth=with_truth,
            left_out=left_out,
        )

    def _is_measured(self, run: Run, source: TruthSource) -> bool:
        """Return whether what was measured with a run still holds, and is kept by task."""
        measured = run.metrics is not None and run.truth is source and not run.stale
        return measured and self._store.results.is_judged(run.id)

    def _said(self, runs: Sequence[Run], control: str | None) -> tuple[dict[int, list[_Said]], int]:
        """Return task -> what each run said of it, and how many tasks not all were asked."""
        found: dict[int, list[_Said]] = {}
        others: set[int] = set()
        same = _Same(control)
        for place, run in enumerate(runs):
            for rows in self._store.results.answers(run.id):
                for task_id, ok, verdict, text in rows:
                    said = (same.number(text or "{}") if ok else None, verdict)
                    if place == 0:
                        found[task_id] = [said]
                    elif task_id in found:
                        found[task_id].append(said)
                    else:
                        others.add(task_id)
        common = {task: said for task, said in found.items() if len(said) == len(runs)}
        return common, len(found) - len(common) + len(others)

    # A page of them

    def _rows(
        self,
        studio: LabelStudioReader,
        project: Project,
        config: LabelingConfig,
        runs: Sequence[Run],
        source: TruthSource,
        query: GridQuery,
        order: _Order,
        ids: Sequence[int],
    ) -> Iterator[GridRow]:
        if not ids:
            return
        outcomes = [self._store.results.read(run.id, ids) for run in runs]
        pages = studio.iter_tasks(project.id, query=queries.selecting(ids), project=project)
        tasks = {task.id: task for page in pages for task in page}
        truths = self._evaluation.reading(studio).truths(project.id, config, ids, source=source)
        for task_id in ids:
            if any(task_id not in each for each in outcomes):  # to be asked again since
                continue
            cells, truth = [], None
            for each in outcomes:
                outcome, _ = each[task_id]
                compared: Compared = {}
                if task_id in truths:
                    compared, truth = truths[task_id].judge(outcome, config)
                    compared = of_control(compared, query.control)
                right = is_right(compared) if compared else None
                cells.append(GridCell(_narrowed(outcome, query.control), right, compared))
            yield GridRow(
                task_id,
                tasks.get(task_id),
                _part(truth, query.control),
                tuple(cells),
                order.answers[task_id],
            )


def _spread(answers: Sequence[int | None]) -> tuple[int, int]:
    """Return how many different answers there are, and how often the most frequent one is."""
    first = answers[0]
    if all(each == first for each in answers):
        return 1, len(answers)
    counts = Counter(answers)
    return len(counts), max(counts.values())


def _judged(
    evaluation: Evaluation,
    project: Project,
    config: LabelingConfig,
    runs: Sequence[Run],
    source: TruthSource,
    control: str | None,
) -> list[dict[int, bool]]:
    """Return for each run which of its tasks with a truth are right, by the truths as they are."""
    truths = evaluation.truths(project.id, config, source=source)
    judged = (judged_of(evaluation, run, truths, config, control) for run in runs)
    return [{task: is_right(each) for task, each in found.items()} for found in judged]


def _rank(verdicts: Sequence[bool | None], answers: int) -> int:
    """Return how early a task comes: what the last version broke, other flips, then the rest."""
    known = [each for each in verdicts if each is not None]
    if not known:
        return 2 if answers > 1 else 6
    if len(set(known)) > 1:
        return 0 if verdicts[-1] is False else 1
    if known[0]:
        return 5
    return 3 if answers > 1 else 4


def _filters(verdicts: Sequence[bool | None], answers: int) -> Iterator[GridFilter]:
    known = {each for each in verdicts if each is not None}
    yield GridFilter.ALL
    if answers > 1:
        yield GridFilter.DISAGREE
    if len(known) > 1:
        yield GridFilter.FLIPS
    if known == {False}:
        yield GridFilter.WRONG


def _part(answer: JsonObject | None, control: str | None) -> JsonObject | None:
    if answer is None or control is None:
        return answer
    return {control: answer.get(control)}


def _narrowed(outcome: Outcome, control: str | None) -> Outcome:
    if control is None or isinstance(outcome, Failure):
        return outcome
    return replace(outcome, answer={control: outcome.answer.get(control)}, result=[])


def _check(versions: Sequence[PromptVersion], query: GridQuery) -> None:
    if not 2 <= len({version.id for version in versions}) == len(versions) <= MOST_VERSIONS:
        raise InvalidInput(
            f"A grid takes two to {MOST_VERSIONS} versions, each once.", field="versions"
        )
    if not 1 <= query.size <= MOST_ROWS:
        raise InvalidInput(
            f"A page of {query.size} rows cannot be had.",
            field="size",
            fix=f"Give a number from 1 to {MOST_ROWS}.",
        )
