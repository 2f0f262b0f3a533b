"""How right a run is while it still asks: for runs small enough to be looked at by the second."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from cachetools import LRUCache

from ml_backend.errors import PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.records import Run, Subset
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import GroundTruth
from ml_backend.services.evaluation.metrics import is_right
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.store import Store

MOST_TASKS = 2_000
"""Tasks up to which reading the truths once more, to begin with, is no burden."""
REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class CorrectSoFar:
    """Of ``n`` tasks that were answered, how many are right."""

    correct: int
    n: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.n


@dataclass(slots=True)
class _Watched:
    """A run's truths, read once, and what was judged by them."""

    config: LabelingConfig | None = None
    truths: Mapping[int, GroundTruth] = field(default_factory=dict)
    right: dict[int, bool] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class LiveAccuracy:
    """Counts what is right among the tasks answered so far; each outcome is judged once."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
    ) -> None:
        self._store = store
        self._studio = studio
        self._predictor_factory = predictor_factory
        self._evaluation = evaluation
        self._watched: LRUCache[int, _Watched] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def of(self, run: Run) -> CorrectSoFar | None:
        """Return how many answered tasks are right; None where nobody can tell yet."""
        if run.subset is not Subset.HAS_GT or not 0 < run.totals.total <= MOST_TASKS:
            return None
        watched = self._of(run.id)
        if not watched.lock.acquire(blocking=False):
            return None  # another browser's question reads the truths right now
        try:
            self._judge(run, watched)
        except PromptsError:
            return None  # the run itself says what is wrong with Label Studio
        finally:
            watched.lock.release()
        right = watched.right
        return CorrectSoFar(sum(right.values()), len(right)) if right else None

    def _judge(self, run: Run, watched: _Watched) -> None:
        if watched.config is None:
            project = self._studio.get_project(run.project_id)
            config = self._predictor_factory.config_of(project)
            task_ids = run.options.task_ids
            watched.truths = self._evaluation.truths(
                run.project_id, config, task_ids, source=run.truth
            )
            watched.config = config
        done = self._store.outcomes.task_ids(run.id) & set(watched.truths)
        watched.right = {each: right for each, right in watched.right.items() if each in done}
        new = done - set(watched.right)
        for outcome in self._store.outcomes.iter(run.id, task_ids=new) if new else ():
            compared, _ = watched.truths[outcome.task_id].judge(outcome, watched.config)
            watched.right[outcome.task_id] = is_right(compared)

    def _of(self, run_id: int) -> _Watched:
        with self._lock:
            return self._watched.setdefault(run_id, _Watched())
