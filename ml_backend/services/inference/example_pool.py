"""Annotated tasks become examples: what the offline baseline answers from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ml_backend.labeling import LabelingConfig
from ml_backend.records import Example
from ml_backend.services.inference.annotations import read_answer
from ml_backend.services.truths import People, iter_true
from ml_backend.services.writing.patient_studio import ServerReader
from ml_backend.store import Store

_READ_AS = "words"
"""Changes when annotations are read otherwise: pools that were read before are read again."""
READS = 5
"""How often a pool that changes while it is read is read."""


class ExamplePool:
    """Keeps each project's example pool as Label Studio has its annotations."""

    def __init__(self, store: Store, studio: ServerReader) -> None:
        self._store = store
        self._studio = studio

    def refresh(self, project_id: int, config: LabelingConfig) -> list[Example]:
        """Read the project's annotations again and make them its pool; return the pool.

        A skipped or empty annotation is no example, nor is one that cannot be read, nor one made
        from a prediction that nobody opened or changed: ``services.truths``. Ground truth comes
        first.
        """
        self.refresh_all(project_id, config)
        return self._store.examples.of_project(project_id)

    def refresh_all(self, project_id: int, config: LabelingConfig) -> bool:
        """As ``refresh``; return whether it was done, or the pool kept changing meanwhile."""
        made_with = _digest(config)
        for _ in range(READS):
            revision = self._store.examples.revision(project_id)
            pool = self._read(project_id, config)
            if self._store.examples.replace(project_id, pool, revision=revision, config=made_with):
                return True
        return False

    def refresh_tasks(
        self, project_id: int, config: LabelingConfig, task_ids: Sequence[int]
    ) -> bool:
        """Read the annotations of some tasks again; those of tasks that are gone go too.

        Returns whether it was done, or the pool kept changing meanwhile.
        """
        made_with = _digest(config)
        for _ in range(READS):
            revision = self._store.examples.revision(project_id)
            pool = self._read(project_id, config, task_ids)
            if self._store.examples.replace_tasks(
                project_id, task_ids, pool, revision=revision, config=made_with
            ):
                return True
        return False

    def is_whole(self, project_id: int, config: LabelingConfig) -> bool:
        """Return whether the pool is known to be complete, and made with this config."""
        return self._store.examples.is_whole(project_id, _digest(config))

    def _read(
        self, project_id: int, config: LabelingConfig, task_ids: Sequence[int] | None = None
    ) -> list[Example]:
        pool = []
        with People(self._store, project_id) as people:
            for task in iter_true(self._store, self._studio, project_id, task_ids=task_ids):
                for annotation in task.annotations:
                    if not (annotation.result and people.made(annotation)):
                        continue
                    answer = read_answer(annotation, task.data, config)
                    if answer is not None:
                        marked = annotation.ground_truth
                        pool.append(Example(task.id, task.data, answer, annotation.id, marked))
        return pool

    def of_project(self, project_id: int) -> list[Example]:
        """Return the pool as last read."""
        return self._store.examples.of_project(project_id)


def _digest(config: LabelingConfig) -> str:
    text = _READ_AS + config.xml
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
