"""Truth is people's: whose an annotation is, the rule of every measure and every pool of examples.

What reads truths or examples reads them by ``iter_true``, which leaves out the tasks of promise
samples until these are opened (tests/services/test_closed_tasks.py holds it). An
annotation made from a prediction that nobody opened or changed is no truth, marked as ground truth
or not: a model must not be measured on its own answers, nor learn from them.

What tells it, as measured on Label Studio 1.23.2 (docs/label-studio.md, *Whose an annotation is*):

- ``lead_time`` is what the editor alone sends, with Submit and with Update, also where nothing was
  changed. *Create Annotations From Predictions* and the API leave it null, so does a mark set by
  the API. Who opens an annotation and leaves it as it is leaves no trace anywhere.
- ``parent_prediction`` names the prediction; it becomes null when that is deleted, and with it goes
  all that Label Studio knows. So what was seen with one is remembered, with a fingerprint of its
  result: changed since, by whatever way, it is a person's.
- ``updated_by``, ``updated_at`` and ``completed_by`` tell nothing: marking sets the first two, and
  who presses the button of the bulk action is the author of all it makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from ml_backend.labelstudio import AnnotatedTask, Annotation, LabelStudioReader, Project
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.recent import Recent
from ml_backend.store import Store

COUNTED_SECONDS = 60.0
LOOKED_UP = 200
"""Annotations that are looked up one by one; a project may have a hundred thousand of them."""


def is_peoples(annotation: Annotation, made_as: str | None) -> bool:
    """Return whether a person stands behind an annotation: made it, opened it or changed it.

    ``made_as`` is the fingerprint it had when it was seen as made from a prediction, if it was.
    """
    if annotation.lead_time is not None:
        return True
    if made_as is not None:
        return made_as != fingerprint(annotation.result)
    return annotation.parent_prediction is None


def iter_true(
    store: Store,
    studio: LabelStudioReader,
    project_id: int,
    *,
    task_ids: Sequence[int] | None = None,
    ground_truth_only: bool = False,
) -> Iterator[AnnotatedTask]:
    """Yield annotated tasks that may be a truth or an example, as ``iter_annotated`` does.

    Left out are those of promise samples that are not opened yet: what they are drawn to test must
    have seen none of their labels. The one way by which truths are read.
    """
    closed = store.promises.closed_tasks(project_id)
    if task_ids is not None:
        task_ids = [each for each in task_ids if each not in closed]
        if not task_ids:
            return
    for task in studio.iter_annotated(
        project_id, task_ids=task_ids, ground_truth_only=ground_truth_only
    ):
        if task.id not in closed:
            yield task


class People:
    """Tells people's annotations of a project from the others while these are read.

    ``with People(store, project_id) as people: … people.made(annotation)`` remembers at its end
    what it met for the first time and nobody had opened.
    """

    def __init__(self, store: Store, project_id: int) -> None:
        self._store = store
        self._project_id = project_id
        self._all: Mapping[int, str] | None = None
        self._asked = 0
        self._met: dict[int, str] = {}

    def made(self, annotation: Annotation) -> bool:
        """Return whether a person stands behind an annotation."""
        if annotation.lead_time is not None:
            return True
        made_as = self._made_as(annotation.id)
        if is_peoples(annotation, made_as):
            return True
        if made_as is None:
            self._met[annotation.id] = fingerprint(annotation.result)
        return False

    def _made_as(self, annotation_id: int) -> str | None:
        """Look up one, and all of the project at once where it is not for a page only."""
        self._asked += 1
        if self._all is None and self._asked > LOOKED_UP:
            self._all = self._store.promotions.fingerprints(self._project_id)
        if self._all is not None:
            return self._all.get(annotation_id)
        return self._store.promotions.find(self._project_id, annotation_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._met:
            self._store.promotions.add(self._project_id, self._met)


class TruthCounts:
    """Counts the tasks that have a truth, as far as can be without reading what people wrote."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: Recent[tuple[object, ...], int] = Recent(COUNTED_SECONDS, 1024)

    def marked(self, studio: LabelStudioReader, project_id: int) -> int:
        """Return how many tasks have ground truth."""
        return self._count(studio, project_id, marked=True)

    def annotated(self, studio: LabelStudioReader, project_id: int) -> int:
        """Return how many tasks have an annotation that people submitted."""
        return self._count(studio, project_id, marked=False)

    def forget(self) -> None:
        """Count anew: what people wrote, or a mark, has changed."""
        self._recent.clear()

    def doubtful(self, studio: LabelStudioReader, project: Project) -> int:
        """Return how many tasks have to be read at most to count those with a truth."""
        promoted = self._store.promotions.any(project.id)
        found = studio.count_doubtful(project.id, marked=True, promoted=promoted, project=project)
        return found + len(self._store.promises.closed_tasks(project.id))

    def counted(self, studio: LabelStudioReader, project: Project) -> Project:
        """Return a project whose ``ground_truths`` are the tasks that have any.

        Label Studio counts skipped annotations and those that nobody opened. Where there are
        neither, as far as is known, its count is taken as it is; else it is counted at most once a
        minute while its numbers stay.
        """
        closed = self._store.promises.closed_tasks(project.id)
        doubtful = closed or project.skipped or self._store.promotions.any(project.id)
        if not (project.ground_truths and doubtful):
            return project
        place = (studio.url, project.id, project.created_at)
        numbers = (project.ground_truths, project.skipped, project.annotations)
        key = (*place, *numbers, project.predictions, closed)
        found = self._recent.get(key, lambda: self.marked(studio, project.id))
        return replace(project, ground_truths=found)

    def _count(self, studio: LabelStudioReader, project_id: int, *, marked: bool) -> int:
        promoted = self._store.promotions.any(project_id)
        with People(self._store, project_id) as people:
            found = studio.count_true(project_id, people.made, marked=marked, promoted=promoted)
            return found - self._closed(studio, project_id, people, marked=marked)

    def _closed(
        self, studio: LabelStudioReader, project_id: int, people: People, *, marked: bool
    ) -> int:
        """Return how many tasks with a truth are of promise samples not opened yet."""
        closed = sorted(self._store.promises.closed_tasks(project_id))
        return sum(
            any(
                not each.was_cancelled and (each.ground_truth or not marked) and people.made(each)
                for each in task.annotations
            )
            for task in (studio.annotated(project_id, closed) if closed else ())
        )
