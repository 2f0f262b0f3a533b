"""Annotated tasks become examples: what the offline baseline answers from."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.records import Example
from ml_backend.store import Store

READS = 5
"""How often a pool that changes while it is read is read."""


class Examples:
    """Keeps each project's example pool as Label Studio has its annotations."""

    def __init__(self, store: Store, studio: LabelStudioDoor) -> None:
        self._store = store
        self._studio = studio

    def refresh(self, project_id: int, config: LabelingConfig) -> list[Example]:
        """Read the project's annotations again and make them its pool; return the pool.

        A skipped or empty annotation is no example. Ground truth comes first.
        """
        for _ in range(READS):
            revision = self._store.examples.revision(project_id)
            pool = self._read(project_id, config)
            if self._store.examples.replace(project_id, pool, revision=revision):
                break
        return self._store.examples.of_project(project_id)

    def refresh_tasks(
        self, project_id: int, config: LabelingConfig, task_ids: Sequence[int]
    ) -> None:
        """Read the annotations of some tasks again; those of tasks that are gone go too."""
        for _ in range(READS):
            revision = self._store.examples.revision(project_id)
            pool = self._read(project_id, config, task_ids)
            if self._store.examples.replace_tasks(project_id, task_ids, pool, revision=revision):
                return

    def _read(
        self, project_id: int, config: LabelingConfig, task_ids: Sequence[int] | None = None
    ) -> list[Example]:
        pool = []
        for task in self._studio.iter_annotated(project_id, task_ids=task_ids):
            for annotation in task.annotations:
                if annotation.was_cancelled or not annotation.result:
                    continue
                answer = config.to_answer(annotation.result, task.data)
                pool.append(
                    Example(task.id, task.data, answer, annotation.id, annotation.ground_truth)
                )
        return pool

    def of_project(self, project_id: int) -> list[Example]:
        """Return the pool as last read."""
        return self._store.examples.of_project(project_id)
