"""What follows from changed marks: examples and evaluations know of them at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ml_backend.errors import LabelStudioError
from ml_backend.labelstudio import Project
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.store import Store

log = logging.getLogger(__name__)

MARKS_CHANGED = "ANNOTATION_UPDATED"
"""As Label Studio calls it, where it tells us of annotations itself."""


class Aftermath:
    """Reads tasks whose marks changed into the pool of examples; old evaluations become stale."""

    def __init__(
        self,
        store: Store,
        pool: ExamplePool,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
    ) -> None:
        self._store = store
        self._pool = pool
        self._predictor_factory = predictor_factory
        self._evaluation = evaluation

    def __call__(self, project: Project, task_ids: Sequence[int]) -> None:
        """Read these tasks again; where that fails it is left to what hears of events."""
        self._evaluation.forget_counts()
        try:
            config = self._predictor_factory.config_of(project)
            before = self._store.examples.ground_truth(project.id)
            known = self._store.examples.revision(project.id)
            self._pool.refresh_tasks(project.id, config, task_ids)
            if known:  # of a pool that was never read nobody can say that it changed
                self._evaluation.mark_outdated(project.id, before)
        except LabelStudioError as error:
            log.warning("project %s: marks are read again later: %s", project.id, error)
            self._store.events.add(project.id, MARKS_CHANGED, task_ids=task_ids)
