"""The tasks of a subset with what a prompt said about them and what people say is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.kinds import SAMPLE_SIZE
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project, queries
from ml_backend.records import (
    Confidence,
    Failure,
    JsonObject,
    Outcome,
    Prediction,
    Run,
    Subset,
    Task,
    TruthSource,
)
from ml_backend.services.evaluation.class_alignment import Alignment, alignments, names_class
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import GroundTruth, truth_of
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.store import Store

MANY_RUNS = 10_000


@dataclass(frozen=True, slots=True)
class SubsetCount:
    """A subset of a project, how many tasks it has, and the columns of their data."""

    subset: Subset
    count: int
    columns: tuple[str, ...]
    truth: TruthSource | None = None
    """Of HasGT: which annotations make it."""


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Which tasks are asked for, and with whose predictions; None leaves a choice open."""

    subset: Subset = Subset.ALL
    run: Run | None = None
    version_id: int | None = None
    prompt_id: int | None = None
    output_class: str | None = None
    output_control: str | None = None
    aligned_class: str | None = None
    aligned_control: str | None = None
    alignment: Alignment = Alignment.ALL
    predicted_by: Sequence[int] = ()
    """Versions that all must have predicted the task."""
    order: str = "id"
    page: int = 1
    page_size: int = 100

    @property
    def narrows(self) -> bool:
        return bool(self.output_class or self.aligned_class or self.predicted_by)

    def truth(self, project: Project) -> TruthSource:
        return truth_of(project, self.run.truth if self.run is not None else None)

    @property
    def by_score(self) -> bool:
        return self.order.lstrip("-") == "score"


@dataclass(frozen=True, slots=True)
class TaskResult:
    """A task as a prompt's author looks at it."""

    task: Task
    prediction: JsonObject | None
    ground_truth: JsonObject | None
    score: float | None
    """Agreement with the ground truth, 0..1; None without one, 0 for a failure."""
    failure: Failure | None
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A page of task results and how many there are on all pages."""

    count: int
    truth: TruthSource
    """Which annotations were taken for true."""
    results: list[TaskResult] = field(default_factory=list)


class Subsets:
    """Reads tasks by the caller's token."""

    def __init__(
        self, store: Store, predictor_factory: PredictorFactory, evaluation: Evaluation
    ) -> None:
        self._store = store
        self._identity = ProjectIdentity(store)
        self._evaluation = evaluation
        self._predictor_factory = predictor_factory

    def counts(self, studio: LabelStudioReader, project: Project) -> list[SubsetCount]:
        """Return the subsets a run can be started on, with their tasks; next to none are read."""
        columns = studio.data_columns(project.id)
        evaluation = self._evaluation.reading(studio)
        truth = truth_of(evaluation.counted(project))
        true = evaluation.count_true(project.id, truth)
        return [
            SubsetCount(Subset.ALL, project.tasks, columns),
            SubsetCount(Subset.HAS_GT, true, columns, truth),
            SubsetCount(Subset.SAMPLE, min(SAMPLE_SIZE, project.tasks), columns),
        ]

    def page(self, studio: LabelStudioReader, project: Project, query: TaskQuery) -> TaskPage:
        """Return a page of the tasks a query selects; raises NotFound beyond the last one."""
        config = self._predictor_factory.config_of(project)
        runs = self._runs(project, query)
        if query.subset is Subset.ALL and not query.narrows and not query.by_score:
            return self._plain_page(studio, project, query, config, runs)
        evaluation = self._evaluation.reading(studio)
        source = query.truth(evaluation.counted(project))
        truths = evaluation.truths(project.id, config, source=source)
        ids = self._subset_ids(studio, project, query, truths)
        outcomes = self._outcomes(project, runs, ids)
        chosen = [
            each for each in ids if self._fits(query, outcomes.get(each), truths.get(each), config)
        ]
        chosen = self._having_versions(project, query, chosen)
        chosen = _ordered(query, chosen, outcomes, truths, config)
        start = (query.page - 1) * query.page_size
        _require_page(query, len(chosen))
        shown = chosen[start : start + query.page_size]
        tasks = _read_tasks(studio, project.id, shown)
        found = [tasks[each] for each in shown if each in tasks]
        return TaskPage(len(chosen), source, _results(found, outcomes, truths, config))

    def _plain_page(
        self,
        studio: LabelStudioReader,
        project: Project,
        query: TaskQuery,
        config: LabelingConfig,
        runs: Sequence[int],
    ) -> TaskPage:
        """Return a page of all tasks: Label Studio does the paging."""
        _require_page(query, project.tasks)
        tasks, count = studio.task_page(
            project.id,
            page=query.page,
            page_size=query.page_size,
            newest_first=query.order == "-id",
        )
        ids = [task.id for task in tasks]
        outcomes = self._outcomes(project, runs, ids)
        evaluation = self._evaluation.reading(studio)
        source = query.truth(evaluation.counted(project))
        truths = evaluation.truths(project.id, config, ids, source=source)
        return TaskPage(count, source, _results(tasks, outcomes, truths, config))

    def _outcomes(
        self, project: Project, runs: Sequence[int], ids: Sequence[int]
    ) -> dict[int, Outcome]:
        """Return the newest outcomes, none of a promise sample that is not opened yet."""
        closed = self._store.promises.closed_tasks(project.id)
        return self._store.outcomes.newest(runs, [each for each in ids if each not in closed])

    def _runs(self, project: Project, query: TaskQuery) -> list[int]:
        """Return the runs whose outcomes count: one, a version's, a prompt's, or none."""
        if query.run is not None:
            self._identity.check_run(query.run, project)
            return [query.run.id]
        if query.version_id is None and query.prompt_id is None:
            return []
        found = self._store.runs.search(
            project_id=project.id,
            version_id=query.version_id,
            prompt_id=query.prompt_id,
            alone=query.version_id is not None,
            limit=MANY_RUNS,
        )
        return [run.id for run in found if not self._identity.is_of_another(run, project)]

    def _subset_ids(
        self,
        studio: LabelStudioReader,
        project: Project,
        query: TaskQuery,
        truths: Mapping[int, GroundTruth],
    ) -> list[int]:
        if query.subset is Subset.HAS_GT:
            return sorted(truths)
        every = studio.task_ids(project.id)
        asked = query.run.options.task_ids if query.run is not None else None
        if query.subset is Subset.ALL:
            return every
        if asked is not None:
            wanted = set(asked)
            return [each for each in every if each in wanted]
        if query.subset is Subset.SAMPLE:
            return every[:SAMPLE_SIZE]
        raise InvalidInput(
            "The Custom subset is that of a run.",
            field="project_subset",
            fix="Name the run with model_run.",
        )

    def _fits(
        self,
        query: TaskQuery,
        outcome: Outcome | None,
        truth: GroundTruth | None,
        config: LabelingConfig,
    ) -> bool:
        answer = outcome.answer if isinstance(outcome, Prediction) else {}
        if query.output_class and not names_class(
            answer, config, query.output_class, query.output_control
        ):
            return False
        if not query.aligned_class:
            return True
        if outcome is None or truth is None:
            return False
        _, best = truth.judge(outcome, config)
        found = alignments(answer, best, config, query.aligned_class, query.aligned_control)
        return bool(found) if query.alignment is Alignment.ALL else query.alignment in found

    def _having_versions(self, project: Project, query: TaskQuery, ids: Sequence[int]) -> list[int]:
        left = list(ids)
        for version_id in query.predicted_by:
            runs = self._store.runs.search(
                project_id=project.id, version_id=version_id, alone=True, limit=MANY_RUNS
            )
            ids = [run.id for run in runs if not self._identity.is_of_another(run, project)]
            found = self._store.outcomes.newest(ids, left)
            left = [each for each in left if isinstance(found.get(each), Prediction)]
        return left


def _require_page(query: TaskQuery, count: int) -> None:
    if query.page > 1 and (query.page - 1) * query.page_size >= count:
        raise NotFound("Invalid page.", field="page")


def _ordered(
    query: TaskQuery,
    ids: Sequence[int],
    outcomes: Mapping[int, Outcome],
    truths: Mapping[int, GroundTruth],
    config: LabelingConfig,
) -> list[int]:
    if not query.by_score:
        return sorted(ids, reverse=query.order == "-id")
    sign = -1.0 if query.order.startswith("-") else 1.0

    def key(task_id: int) -> tuple[bool, float, int]:
        score = _judge(outcomes.get(task_id), truths.get(task_id), config)[1]
        return score is None, sign * (score or 0.0), task_id

    return sorted(ids, key=key)


def _read_tasks(studio: LabelStudioReader, project_id: int, ids: Sequence[int]) -> dict[int, Task]:
    if not ids:
        return {}
    query = queries.selecting(ids)
    return {task.id: task for page in studio.iter_tasks(project_id, query=query) for task in page}


def _results(
    tasks: Iterable[Task],
    outcomes: Mapping[int, Outcome],
    truths: Mapping[int, GroundTruth],
    config: LabelingConfig,
) -> list[TaskResult]:
    found = []
    for task in tasks:
        outcome = outcomes.get(task.id)
        truth, score = _judge(outcome, truths.get(task.id), config)
        found.append(
            TaskResult(
                task,
                prediction=outcome.answer if isinstance(outcome, Prediction) else None,
                ground_truth=truth,
                score=score,
                failure=outcome if isinstance(outcome, Failure) else None,
                confidence=outcome.confidence if isinstance(outcome, Prediction) else None,
            )
        )
    return found


def _judge(
    outcome: Outcome | None, truth: GroundTruth | None, config: LabelingConfig
) -> tuple[JsonObject | None, float | None]:
    """Return the truth to show, and the mean agreement with it over its controls."""
    if truth is None:
        return None, None
    if outcome is None:
        return truth.answers[0], None
    compared, best = truth.judge(outcome, config)
    scores: list[Any] = [each.score if each is not None else 0.0 for each in compared.values()]
    return best, sum(scores) / len(scores) if scores else None
