"""Tasks of one request to outcomes, in time: beside runs under way, within the room there is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ml_backend.jobs import LoopThread
from ml_backend.records import Outcome, Prediction, PromptVersion, Task
from ml_backend.services.inference.predictor import Predictor
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.serving.batch import Batch
from ml_backend.services.serving.continuation import Continuation
from ml_backend.store import CachedAnswer, Store

log = logging.getLogger(__name__)


class Answering:
    """Asks batches of tasks, at most ``at_once`` at a time.

    A batch that finds no room gets what needs no call, so that no thread waits for another's.
    """

    def __init__(
        self,
        store: Store,
        models: ModelPool,
        continuing: Continuation,
        loop: LoopThread,
        *,
        at_once: int,
    ) -> None:
        self._store = store
        self._models = models
        self._continuing = continuing
        self._loop = loop
        self._room = threading.BoundedSemaphore(at_once)

    def answer(
        self,
        predictor: Predictor,
        project_id: int,
        version: PromptVersion,
        tasks: Sequence[Task],
        until: float,
    ) -> tuple[list[Outcome | None], bool]:
        """Return one outcome a task, None for what was not reached; and whether the model refuses.

        What an open run asks is left to it, and while one publishes nothing is given out. Raises
        RunStopper when the model refuses before any task is answered.
        """
        none: list[Outcome | None] = [None] * len(tasks)
        if self._store.runs.publishing(project_id):
            return none, False
        runs = self._continuing.open_runs(project_id, version)
        theirs = self._continuing.wait_for(runs, tasks, until) if runs else {}
        found = [theirs.get(task.id) for task in tasks]
        free = [n for n, task in enumerate(tasks) if task.id in theirs and found[n] is None]
        mine = [n for n, task in enumerate(tasks) if task.id not in theirs]
        stopped = False
        for places, width in ((free, 0), (mine, self._models.concurrency)):
            answers, stopped = self.ask(predictor, [tasks[n] for n in places], until, width)
            for place, outcome in zip(places, answers, strict=True):
                found[place] = outcome
        # A run that began to publish meanwhile would find rows it knows nothing of; the answers
        # are kept, so that asking again later is free.
        if self._store.runs.publishing(project_id):
            log.info("project %s: a run is publishing, so no prediction is given out", project_id)
            return none, stopped
        return found, stopped

    def ask(
        self,
        predictor: Predictor,
        tasks: Sequence[Task],
        until: float,
        width: int | None = None,
    ) -> tuple[list[Outcome | None], bool]:
        """As ``answer``, whatever runs are under way.

        At most ``width`` at a time, as many as the model may be asked when None; with 0 only what
        needs no call is answered. Raises RunStopper when the model refuses before any answer.
        """
        if not tasks:
            return [], False
        requests = [predictor.prepare(task) for task in tasks]
        cached: dict[str, CachedAnswer] = {}
        if predictor.uses_cache:
            keys = list({key for request in requests for key in request.keys})
            cached = self._store.outcomes.find_answers(keys)
        with self._place() as has_room:
            width = self._models.concurrency if width is None else width
            width = width if has_room else 0
            batch = Batch(self._store, predictor, requests, cached, width=width)
            asking = self._loop.submit(batch.run())
            try:
                asking.result(max(0.0, until - time.monotonic()))
            except TimeoutError:
                batch.close()
        outcomes = list(batch.outcomes)
        if batch.stopper is not None:
            if not any(isinstance(each, Prediction) for each in outcomes):
                raise batch.stopper
            log.error("the model refused further tasks: %s", batch.stopper)
        return outcomes, batch.stopper is not None

    @contextmanager
    def _place(self) -> Iterator[bool]:
        """Yield whether there is room for one more batch; never waits for it."""
        has_room = self._room.acquire(blocking=False)
        try:
            yield has_room
        finally:
            if has_room:
                self._room.release()
