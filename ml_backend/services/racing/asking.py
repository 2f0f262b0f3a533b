"""Asks the tasks of a race: several models at once, within one budget, every answer kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as NotYet, wait
from dataclasses import dataclass, field

from ml_backend.errors import BudgetReached, RunStopper
from ml_backend.jobs import LoopThread
from ml_backend.labeling import LabelingConfig
from ml_backend.llm.prices import Price
from ml_backend.records import CallRecord, Failure, Outcome, Task, Usage
from ml_backend.services.evaluation.ground_truth import GroundTruth
from ml_backend.services.evaluation.metrics import is_right, score_of
from ml_backend.services.inference.model_requests import ModelRequest
from ml_backend.services.inference.predictor import Predictor
from ml_backend.services.models.budgets import cost_of
from ml_backend.store import CachedAnswer, RaceAnswer, Store

KEEP_EVERY = 0.2
GRACE_SECONDS = 15.0
"""How long calls in flight may still end after a stop: they are paid for."""


@dataclass(slots=True)
class Runner:
    """One of a race, ready to be asked."""

    predictor: Predictor
    price: Price | None
    place: object
    """Those of one connection share its number of calls at once."""
    width: int
    failed: str = ""
    """Why it is asked no further, where it cannot be."""


@dataclass(slots=True)
class Asked:
    """What a round of tasks came to."""

    answers: list[RaceAnswer] = field(default_factory=list)
    stopped: str = ""
    """Why nothing more may be asked: a budget, or a person's calls of the day."""


class Asking:
    """Asks rounds of tasks for one race."""

    def __init__(
        self,
        store: Store,
        loop: LoopThread,
        job_id: int,
        project_id: int,
        config: LabelingConfig,
        runners: Mapping[int, Runner],
        truths: Mapping[int, GroundTruth],
        look: Callable[[], bool],
    ) -> None:
        """``look`` is called all the while; it returns whether to stop, or raises."""
        self._store = store
        self._loop = loop
        self._job_id = job_id
        self._project_id = project_id
        self._config = config
        self._runners = runners
        self._truths = truths
        self._look = look
        self._lock = threading.Lock()
        self._answers: list[RaceAnswer] = []
        self._paid: list[CachedAnswer] = []
        self._stopped = ""

    def ask(self, wanted: Sequence[tuple[int, Task]], *, raced: bool) -> Asked:
        """Ask (entrant, task) pairs; what came back is committed whatever ends it."""
        if not wanted or self._stopped:
            return Asked(stopped=self._stopped)
        requests = [(each, self._runners[each].predictor.prepare(task)) for each, task in wanted]
        keys = [key for _, request in requests for key in request.keys]
        kept = self._store.outcomes.find_answers(keys)
        stop = threading.Event()
        future = self._loop.submit(self._ask_all(requests, kept, stop, raced))
        done: list[RaceAnswer] = []
        try:
            while True:
                try:
                    future.result(KEEP_EVERY)
                    break
                except NotYet:
                    done += self._keep()
                    if self._look():
                        stop.set()
        except BaseException:
            stop.set()
            wait([future], GRACE_SECONDS)  # what is in flight is paid for, whoever goes on
            future.cancel()
            raise
        finally:
            done += self._keep()
            for each in {entrant for entrant, _ in wanted}:
                self._runners[each].predictor.guard.flush(at_once=True)
        return Asked(done, self._stopped)

    def _keep(self) -> list[RaceAnswer]:
        """Commit what came back since the last time; return it."""
        with self._lock:
            answers, self._answers = self._answers, []
            paid, self._paid = self._paid, []
        if paid:
            self._store.outcomes.add_answers(paid)
        self._store.races.add(self._job_id, self._project_id, answers)
        return answers

    async def _ask_all(
        self,
        requests: Sequence[tuple[int, ModelRequest]],
        kept: Mapping[str, CachedAnswer],
        stop: threading.Event,
        raced: bool,
    ) -> None:
        rooms = {
            self._runners[each].place: asyncio.Semaphore(self._runners[each].width)
            for each, _ in requests
        }
        tasks = [
            asyncio.create_task(
                self._ask_one(each, request, kept, stop, raced, rooms[self._runners[each].place])
            )
            for each, request in requests
        ]
        left: set[asyncio.Task[None]] = set(tasks)
        while left:
            _, left = await asyncio.wait(left, timeout=KEEP_EVERY)
            if left and stop.is_set():
                await asyncio.wait(left, timeout=GRACE_SECONDS)
                for task in left:
                    task.cancel()
                break
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def _ask_one(
        self,
        entrant: int,
        request: ModelRequest,
        kept: Mapping[str, CachedAnswer],
        stop: threading.Event,
        raced: bool,
        room: asyncio.Semaphore,
    ) -> None:
        runner = self._runners[entrant]
        known = {key: kept[key] for key in request.keys if key in kept}
        async with room:
            if stop.is_set() or self._stopped or runner.failed:
                return
            try:
                outcome = await runner.predictor.ask(request, known, keep=self._keep_paid)
            except BudgetReached as error:
                self._stopped = self._stopped or error.message
                return
            except RunStopper as error:
                runner.failed = runner.failed or error.message
                return
        answer = self._judge(entrant, outcome, known, raced)
        with self._lock:
            self._answers.append(answer)

    def _keep_paid(self, answer: CachedAnswer) -> None:
        with self._lock:
            self._paid.append(answer)

    def _judge(
        self, entrant: int, outcome: Outcome, known: Mapping[str, CachedAnswer], raced: bool
    ) -> RaceAnswer:
        """Hold an answer against the truth; a failed task is a miss."""
        compared, _ = self._truths[outcome.task_id].judge(outcome, self._config)
        asked = outcome.asked
        return RaceAnswer(
            entrant=entrant,
            task_id=outcome.task_id,
            raced=raced,
            score=score_of(compared),
            right=is_right(compared),
            failed=outcome.kind.value if isinstance(outcome, Failure) else "",
            cost=self._cost(entrant, asked, known),
            spent=asked.cost,
            seconds=asked.latency if asked.calls else None,
            request_key=asked.request_key,
        )

    def _cost(
        self, entrant: int, asked: CallRecord, known: Mapping[str, CachedAnswer]
    ) -> float | None:
        """Return what an answer costs, one that was kept from before too."""
        if not asked.cached:
            return asked.cost if asked.calls else None
        usage = sum((each.asked.usage for each in known.values()), Usage())
        if usage == Usage():
            return None
        return cost_of(self._runners[entrant].price, usage)
