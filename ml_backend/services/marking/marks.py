"""Marking annotations as ground truth, counted before and read back after; by one client's rights.

Label Studio has no list of what is marked and no bulk action for it, so annotations are marked one
by one. A mark set twice does no harm: what breaks off is repeated, and what was done is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic

from ml_backend.errors import Conflict
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import AnnotatedTask, LabelStudioReader, Project, queries
from ml_backend.records import AuditAction
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.marking.judging import Judged, Standing, judge, marks_of
from ml_backend.services.marking.random_draw import Draw, draw, shuffled
from ml_backend.services.marking.request import MarkRequest
from ml_backend.services.predictions.selection import select, selected_tasks
from ml_backend.services.truths import People, TruthCounts, iter_true
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.services.writing.resend import resend
from ml_backend.services.writing.writer import Acting
from ml_backend.store import Store

READ_ALL = 2_000
"""Annotated tasks up to which all are read to draw some; of more, some are drawn to be read."""

READ_PER_DRAWN = 20
AT_ONCE = 100
"""Tasks read, marked and read back together: what changed meanwhile is seen in time."""

Progress = Callable[[int, int], None]
Changed = Callable[[Project, Sequence[int]], None]
"""Told of tasks whose marks changed."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation whose mark is set or taken off."""

    task_id: int
    annotation_id: int


@dataclass(frozen=True, slots=True)
class MarkPlan:
    """What would be marked, or no longer; the counts are of tasks."""

    project: Project
    request: MarkRequest
    marks: tuple[Mark, ...]
    already: int = 0
    """They stand as wanted."""
    disagree: tuple[int, ...] = ()
    """Several people answered, not all alike: somebody has to choose."""
    unopened: int = 0
    """Made from predictions that nobody opened or changed: no truth, marked or not."""
    nothing: int = 0
    """Without a submitted annotation."""
    draw: Draw | None = None

    @property
    def tasks(self) -> int:
        return len({mark.task_id for mark in self.marks})


@dataclass(frozen=True, slots=True)
class MarkReport:
    """What was done, read back, and what the project holds by then."""

    plan: MarkPlan
    done: int
    """Tasks whose annotations stand as wanted."""
    marked: int
    """Tasks of the project with ground truth."""
    annotated: int
    notes: tuple[str, ...] = ()


class GroundTruthMarks(Generic[Acting]):
    """Plans, carries out and reads back marks."""

    def __init__(
        self,
        store: Store,
        studio: Acting,
        predictor_factory: PredictorFactory,
        changed: Changed,
    ) -> None:
        self._store = store
        self._studio = studio
        self._predictor_factory = predictor_factory
        self._changed = changed
        self._counts = TruthCounts(store)

    def plan(
        self, project: Project, request: MarkRequest, progress: Progress = lambda done, total: None
    ) -> MarkPlan:
        """Count what a request would mark; nothing is changed."""
        return self._plan(self._studio, project, request, progress)

    def plan_promoted(
        self, project: Project, labels: Sequence[str], task_ids: Sequence[int] | None = None
    ) -> MarkPlan:
        """Count the annotations made of these model versions' predictions that people opened.

        Those that nobody opened are counted too, and never marked: a model must not be measured on
        its own answers.
        """
        made = {
            key.id
            for key in self._studio.prediction_keys(project.id)
            if key.model_version in labels
        }
        tasks: dict[int, int] = {}
        unopened = 0
        with People(self._store, project.id) as people:
            for task in iter_true(self._store, self._studio, project.id, task_ids=task_ids):
                for each in task.annotations:
                    if each.parent_prediction not in made or each.was_cancelled:
                        continue
                    if people.made(each):
                        tasks[task.id] = each.id
                    else:
                        unopened += 1
        if not tasks:
            return MarkPlan(project, MarkRequest(task_ids=()), (), unopened=unopened)
        asked = MarkRequest(task_ids=tuple(tasks), annotation_ids=tuple(tasks.values()))
        return replace(self.plan(project, asked), unopened=unopened)

    def execute(
        self, plan: MarkPlan, patience: Patience, progress: Progress = lambda done, total: None
    ) -> MarkReport:
        """Mark what was planned, as far as it still is as it was; safe to repeat."""
        is_marking = plan.request.ground_truth
        with self._store.audit.doing(
            AuditAction.TRUTH_MARKED if is_marking else AuditAction.TRUTH_UNMARKED,
            kind="project",
            object_id=plan.project.id,
            title=plan.project.title,
            project_id=plan.project.id,
        ) as doing:
            return self._execute(plan, patience, progress, doing.counts)

    def _execute(
        self, plan: MarkPlan, patience: Patience, progress: Progress, told: dict[str, int]
    ) -> MarkReport:
        studio = PatientLabelStudio(self._studio, patience)
        # Before the first mark, where its time counts for none.
        self._studio.prepare_writes()
        config = self._predictor_factory.config_of(plan.project)
        done = tried = 0
        wanted = list(dict.fromkeys(mark.task_id for mark in plan.marks))
        touched: list[int] = []
        try:
            for tasks in _parts(wanted):
                touched += tasks
                tried += self._mark_part(studio, plan, config, tasks)
                done += self._standing(studio, plan, tasks)
                told["tasks"] = done
                progress(len(touched), len(wanted))
        finally:  # what was marked is marked, whatever keeps the rest from it
            if touched:
                self._changed(plan.project, touched)
        notes = []
        if tried < len(wanted):
            left = len(wanted) - tried
            notes.append(f"{left} of those counted had changed meanwhile and were left out.")
        return MarkReport(
            plan,
            done,
            marked=self._counts.marked(studio, plan.project.id),
            annotated=self._counts.annotated(studio, plan.project.id),
            notes=tuple(notes),
        )

    def _mark_part(
        self,
        studio: PatientLabelStudio[Acting],
        plan: MarkPlan,
        config: LabelingConfig,
        task_ids: Sequence[int],
    ) -> int:
        """Mark some tasks as far as they are as they were planned; return how many were."""
        value, as_planned = plan.request.ground_truth, set(plan.marks)
        fresh, tried = studio.annotated(plan.project.id, list(task_ids)), set()
        with People(self._store, plan.project.id) as people:
            for task in fresh:
                found = judge(task, config, people.made, plan.request.annotation_ids)
                for mark in _marks(found, plan.request):
                    if mark in as_planned:
                        set_mark = partial(
                            self._studio.mark_annotation, mark.annotation_id, ground_truth=value
                        )
                        resend(set_mark, studio)
                        tried.add(task.id)
                if found.standing is Standing.MARKED and value:
                    tried.add(task.id)  # by whoever came first, perhaps this very work
        return len(tried)

    @staticmethod
    def _standing(studio: LabelStudioReader, plan: MarkPlan, task_ids: Sequence[int]) -> int:
        """Return how many of these tasks stand as wanted by now."""
        value, wanted = plan.request.ground_truth, {mark.annotation_id for mark in plan.marks}
        standing = 0
        for task in studio.annotated(plan.project.id, list(task_ids)):
            held = [each for each in task.annotations if each.id in wanted]
            standing += bool(held) and all(each.ground_truth is value for each in held)
        return standing

    # What would be marked

    def _plan(
        self, studio: LabelStudioReader, project: Project, request: MarkRequest, progress: Progress
    ) -> MarkPlan:
        config = self._predictor_factory.config_of(project)
        task_ids = self._named(studio, project, request)
        found: list[Judged] = []
        with People(self._store, project.id) as people:
            for task in self._tasks(studio, project, task_ids, progress):
                found.append(judge(task, config, people.made, request.annotation_ids))
        if request.ground_truth:
            return _to_mark(project, request, config, found, task_ids)
        return _to_unmark(project, request, config, found, task_ids)

    def _tasks(
        self,
        studio: LabelStudioReader,
        project: Project,
        task_ids: list[int] | None,
        progress: Progress,
    ) -> Iterator[AnnotatedTask]:
        total = project.annotations if task_ids is None else len(task_ids)
        tasks = iter_true(self._store, studio, project.id, task_ids=task_ids)
        for done, task in enumerate(tasks, 1):
            if done % AT_ONCE == 0:
                progress(min(done, total), total)
            yield task

    def _named(
        self, studio: LabelStudioReader, project: Project, request: MarkRequest
    ) -> list[int] | None:
        """Return the tasks to look at, None for all that are annotated."""
        if request.everything:
            return None
        if request.random is not None:
            if not request.ground_truth or project.annotations <= READ_ALL:
                return None
            every = studio.task_ids(project.id, query=queries.ANNOTATED)
            number = max(READ_ALL, READ_PER_DRAWN * request.random)
            return sorted(shuffled(every, request.seed or 0)[:number])
        asked = select(task_ids=request.task_ids, filters=request.filters)
        return sorted(selected_tasks(studio, project.id, asked) or ())


def _to_mark(
    project: Project,
    request: MarkRequest,
    config: LabelingConfig,
    found: Sequence[Judged],
    task_ids: Sequence[int] | None,
) -> MarkPlan:
    by_standing: dict[Standing, list[Judged]] = {each: [] for each in Standing}
    for each in found:
        by_standing[each.standing].append(each)
    drawn, ready = _drawn(by_standing[Standing.READY], request, config)
    asked = len(found) if task_ids is None or request.random else len(task_ids)
    return MarkPlan(
        project,
        request,
        tuple(mark for each in ready for mark in _marks(each, request)),
        already=len(by_standing[Standing.MARKED]),
        disagree=tuple(each.task.id for each in by_standing[Standing.DISAGREE]),
        unopened=len(by_standing[Standing.UNOPENED]),
        nothing=asked - len(found) + len(by_standing[Standing.NOTHING]),
        draw=drawn,
    )


def _to_unmark(
    project: Project,
    request: MarkRequest,
    config: LabelingConfig,
    found: Sequence[Judged],
    task_ids: Sequence[int] | None,
) -> MarkPlan:
    marked = [each for each in found if marks_of(each.task, request.annotation_ids)]
    drawn, marked = _drawn(marked, request, config)
    asked = len(found) if task_ids is None else len(task_ids)
    return MarkPlan(
        project,
        request,
        tuple(mark for each in marked for mark in _marks(each, request)),
        already=0 if drawn else asked - len(marked),
        draw=drawn,
    )


def _drawn(
    found: list[Judged], request: MarkRequest, config: LabelingConfig
) -> tuple[Draw | None, list[Judged]]:
    """Return the draw that a request asks for and the tasks it drew, else all of them."""
    if request.random is None:
        return None, found
    answers = {each.task.id: each.chosen.answer if each.chosen else None for each in found}
    drawn = draw(answers, request.random, request.seed or 0, config)
    return drawn, [each for each in found if each.task.id in drawn.task_ids]


def _marks(found: Judged, request: MarkRequest) -> list[Mark]:
    """Return what a request does to a task: the marks to set, or to take off."""
    task_id = found.task.id
    if not request.ground_truth:
        marked = marks_of(found.task, request.annotation_ids)
        return [Mark(task_id, each.id) for each in marked]
    chosen = found.chosen
    if chosen is None or chosen.annotation.ground_truth:
        return []
    return [Mark(task_id, chosen.annotation.id)]


def _parts(task_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(task_ids), AT_ONCE):
        yield task_ids[start : start + AT_ONCE]


def require_counted(plan: MarkPlan, counted: int | None) -> None:
    """Raise Conflict when a person agreed to another number than is found by now."""
    if counted is not None and counted != plan.tasks:
        raise Conflict(
            f"{plan.tasks} tasks fit by now, {counted} were counted; nothing was done.",
            fix="Count again.",
        )
