"""The mark of one task: taken off where somebody found its label wrong, and put back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Generic

from ml_backend.errors import Conflict
from ml_backend.labelstudio import AnnotatedTask, Project
from ml_backend.records import AuditAction, JsonObject
from ml_backend.services.inference.annotations import read_answer
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.marking.judging import marks_of
from ml_backend.services.marking.marks import Changed
from ml_backend.services.writing.writer import Acting
from ml_backend.store import Store


class LabelMarks(Generic[Acting]):
    """Changes marks by one client's rights; a mark set or taken off twice does no harm."""

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

    def marked(self, project: Project, task_id: int) -> list[int]:
        """Return the annotations of a task that are ground truth."""
        return [each.id for task in self._read(project, task_id) for each in marks_of(task)]

    def take_off(self, project: Project, task_id: int, annotation_ids: Collection[int]) -> None:
        """Take marks off; annotations that are gone have none."""
        for each in annotation_ids:
            self._studio.mark_annotation(each, ground_truth=False)
        if annotation_ids:
            self._tell(project, task_id, AuditAction.TRUTH_UNMARKED)

    def put_back(
        self,
        project: Project,
        task_id: int,
        annotation_ids: Collection[int],
        is_same: Callable[[JsonObject], bool],
    ) -> bool:
        """Mark again what still says the same, unless another one is marked by now.

        Returns whether one of them is marked then.
        """
        config = self._predictor_factory.config_of(project)
        for task in self._read(project, task_id):
            marked = [each.id for each in marks_of(task)]
            if marked:
                return any(each in annotation_ids for each in marked)
            for each in task.annotations:
                if each.id not in annotation_ids or each.was_cancelled:
                    continue
                answer = read_answer(each, task.data, config)
                if answer is None or not is_same(answer):
                    continue
                if self._studio.mark_annotation(each.id, ground_truth=True):
                    self._tell(project, task_id, AuditAction.TRUTH_MARKED)
                    return True
        return False

    def _read(self, project: Project, task_id: int) -> list[AnnotatedTask]:
        if task_id in self._store.promises.closed_tasks(project.id):
            raise Conflict(
                f"Task {task_id} is in a promise sample: it is labelled without a look at any "
                "answer.",
                fix="Open the sample first.",
            )
        return self._studio.annotated(project.id, [task_id])

    def _tell(self, project: Project, task_id: int, action: AuditAction) -> None:
        self._store.audit.tell(
            action,
            kind="project",
            object_id=project.id,
            title=project.title,
            project_id=project.id,
            counts={"tasks": 1},
        )
        self._changed(project, [task_id])
