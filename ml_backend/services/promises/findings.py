"""What became of each task of a sample: what people said, and whether the prediction agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml_backend.errors import TaskRefused
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import AnnotatedTask, LabelStudioReader, Project, queries
from ml_backend.records import Prediction
from ml_backend.records.promises import Finding, PromiseSample, PromiseTask
from ml_backend.services.evaluation.ground_truth import GroundTruth
from ml_backend.services.evaluation.metrics import is_right
from ml_backend.services.inference.annotations import read_annotation
from ml_backend.services.promises.population import data_digest
from ml_backend.services.truths import People
from ml_backend.store import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the labelling of a sample is; what counts as wrong by now is told apart."""

    total: int
    done: int
    """Labelled, skipped or deleted: nothing more is to come of these."""
    unlabelled: tuple[int, ...] = field(repr=False)
    """The tasks that are still to be labelled."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Why a task counts as wrong whatever its label says -> how many."""

    @property
    def is_complete(self) -> bool:
        return not self.unlabelled


class Findings:
    """Reads a sample's tasks from Label Studio; whether predictions are right stays unsaid."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def progress(self, studio: LabelStudioReader, sample: PromiseSample) -> Progress:
        """Return how far labelling is, without a word on what is right."""
        tasks = self._store.promises.tasks(sample.id)
        found = self._read(studio, sample, tasks, None)
        waiting = tuple(task.task_id for task in tasks if task.task_id not in found)
        lost = Counter(
            finding.value
            for finding, _ in found.values()
            if finding not in (Finding.RIGHT, Finding.WRONG)
        )
        return Progress(len(tasks), len(found), waiting, dict(lost))

    def judge(
        self, studio: LabelStudioReader, sample: PromiseSample, config: LabelingConfig
    ) -> dict[int, tuple[Finding, int | None]]:
        """Return task -> what became of it, and the annotation that says so; none unlabelled."""
        return self._read(studio, sample, self._store.promises.tasks(sample.id), config)

    def _read(
        self,
        studio: LabelStudioReader,
        sample: PromiseSample,
        tasks: Sequence[PromiseTask],
        config: LabelingConfig | None,
    ) -> dict[int, tuple[Finding, int | None]]:
        """Return the findings; without a config a label is taken for right, and not looked into."""
        ids = [task.task_id for task in tasks]
        project = studio.get_project(sample.project_id)
        held = _annotated(studio, project, ids)
        seen = {key.task_id for key in studio.prediction_keys(project.id)} & set(ids)
        found: dict[int, tuple[Finding, int | None]] = {}
        with People(self._store, project.id) as people:
            for task in tasks:
                finding = _finding(task, held.get(task.task_id), people, task.task_id in seen)
                if finding is None:
                    continue
                said = held.get(task.task_id)
                if finding[0] is Finding.RIGHT and config is not None and said is not None:
                    finding = _judged(task, said, people, config)
                found[task.task_id] = finding
        return found


def _annotated(
    studio: LabelStudioReader, project: Project, ids: Sequence[int]
) -> dict[int, AnnotatedTask]:
    """Return the tasks that are there, with all annotations."""
    found = {task.id: task for task in studio.annotated(project.id, list(ids))}
    missing = [each for each in ids if each not in found]
    query = queries.selecting(missing)
    for page in studio.iter_tasks(project.id, query=query, project=project) if missing else ():
        found |= {task.id: AnnotatedTask(task.id, task.data, ()) for task in page}
    return found


def _finding(
    task: PromiseTask, held: AnnotatedTask | None, people: People, is_seen: bool
) -> tuple[Finding, int | None] | None:
    """Return what became of a task; RIGHT stands for a label that is to be looked into."""
    if held is None:
        return Finding.DELETED, None
    if data_digest(held.data) != task.data_digest:
        return Finding.CHANGED, None
    if task.finding is Finding.SAW_PREDICTION:  # when its prediction was taken away
        return Finding.SAW_PREDICTION, None
    submitted = [each for each in held.annotations if not each.was_cancelled]
    if not submitted:
        return (Finding.SKIPPED, None) if held.annotations else None
    last = submitted[-1].id
    if any(each.parent_prediction is not None or not people.made(each) for each in submitted):
        return Finding.FROM_PREDICTION, last
    if is_seen:
        return Finding.SAW_PREDICTION, last
    return Finding.RIGHT, last


def _judged(
    task: PromiseTask, held: AnnotatedTask, people: People, config: LabelingConfig
) -> tuple[Finding, int | None]:
    """Hold the prediction against what each person said, by the measure of every evaluation.

    Where people disagree it cannot agree with all, and counts as wrong: which of them is right
    nobody said, and the label that agrees best would promise too much.
    """
    submitted = [each for each in held.annotations if not each.was_cancelled]
    last = submitted[-1].id
    try:
        answer = config.to_answer(task.result, held.data)
    except TaskRefused:
        return Finding.UNREADABLE, last
    given = Prediction(task.task_id, answer, task.result)
    agrees = True
    for annotation in submitted:
        read = read_annotation(annotation, held.data, config)
        if read.answer is None:
            return Finding.UNREADABLE, last
        try:
            compared, _ = GroundTruth(held.data, [read.answer]).judge(given, config)
        except TaskRefused:
            return Finding.UNREADABLE, last
        agrees = agrees and is_right(compared)
    return (Finding.RIGHT if agrees else Finding.WRONG), last
