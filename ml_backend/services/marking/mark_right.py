"""A person says of one answer that it is right: then that is the task's ground truth.

Where people annotated the task alike, their annotation is marked. Where nobody did, the answer
becomes an annotation of theirs: they looked at it, which is what makes it a truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic

from ml_backend.errors import Conflict, NotFound
from ml_backend.labelstudio import AnnotatedTask, Project
from ml_backend.records import AuditAction, Prediction
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.marking.judging import Said, agree, judge
from ml_backend.services.marking.marks import Changed
from ml_backend.services.truths import People
from ml_backend.services.writing.writer import Acting
from ml_backend.store import Store


class Became(StrEnum):
    """What became of an answer that somebody called right."""

    MARKED = "marked"
    """An annotation that says the same."""
    CONFIRMED = "confirmed"
    """An annotation made from a prediction, which nobody had looked at before."""
    CREATED = "created"
    """An annotation, made of the answer."""
    ALREADY = "already"


@dataclass(frozen=True, slots=True)
class _Way:
    became: Became
    annotation_id: int | None = None


class RightAnswers(Generic[Acting]):
    """Makes answers that people call right the ground truth of their tasks."""

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

    def accept(self, project: Project, answer: Prediction) -> Became:
        """Make an answer its task's ground truth; raises Conflict where people say otherwise."""
        if answer.task_id in self._store.promises.closed_tasks(project.id):
            raise Conflict(
                f"Task {answer.task_id} is in a promise sample: it is labelled without a look at "
                "any answer.",
                fix="Open the sample first.",
            )
        found = self._studio.annotated(project.id, [answer.task_id])
        if not found:
            raise NotFound(f"Task {answer.task_id} is gone from Label Studio.", field="task")
        way = self._way(project, found[0], answer)
        if way.became is Became.ALREADY:
            return way.became
        if way.became is Became.CONFIRMED and way.annotation_id is not None:
            self._store.promotions.confirm(project.id, way.annotation_id)
        if way.annotation_id is None:
            self._studio.create_annotation(answer.task_id, answer.result, ground_truth=True)
        elif not self._studio.mark_annotation(way.annotation_id, ground_truth=True):
            raise Conflict(
                f"The annotation of task {answer.task_id} was deleted meanwhile.",
                fix="Press it once more.",
            )
        self._store.audit.tell(
            AuditAction.TRUTH_MARKED,
            kind="project",
            object_id=project.id,
            title=project.title,
            project_id=project.id,
            counts={"tasks": 1},
        )
        self._changed(project, [answer.task_id])
        return way.became

    def _way(self, project: Project, task: AnnotatedTask, answer: Prediction) -> _Way:
        config = self._predictor_factory.config_of(project)
        with People(self._store, project.id) as people:
            judged = judge(task, config, people.made)
        given = [Said(each.annotation, answer.answer, True) for each in judged.said[:1]]
        same = [each for each in judged.said if agree([*given, each], config, task)]
        by_people = [each for each in same if each.is_peoples]
        marked = [each for each in judged.of_people if each.annotation.ground_truth]
        if marked or (judged.of_people and not by_people):
            if any(each in by_people for each in marked):
                return _Way(Became.ALREADY)
            raise Conflict(
                f"People annotated task {task.id} otherwise than this answer says.",
                fix="Look at it under Ground truth, and mark there what is right.",
            )
        if by_people:
            return _Way(Became.MARKED, by_people[-1].annotation.id)
        said = fingerprint(answer.result)
        for each in judged.said:
            if fingerprint(each.annotation.result) == said:
                return _Way(Became.CONFIRMED, each.annotation.id)
        return _Way(Became.CREATED)
