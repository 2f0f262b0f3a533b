"""The bounded pipeline of a run: pages of tasks in, outcomes committed in groups."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import sqlalchemy as sa

from ml_backend.errors import PromptsError, RunStopper
from ml_backend.next_steps import Step
from ml_backend.records import (
    Connection,
    Failure,
    Outcome,
    Prediction,
    ProviderName,
    Task,
    Totals,
    Usage,
)
from ml_backend.services.inference.model_requests import ModelRequest
from ml_backend.services.inference.second_opinion import Answering
from ml_backend.store import CachedAnswer, Store

GROUP_SECONDS = 0.05
GROUP_SIZE = 64
LARGE_CHARACTERS = 50_000
"""Of a task's text, from where on it is prepared beside the loop that all runs share."""
LONG_SECONDS, FOR_OTHERS = 0.05, 6.0
"""CPU time of a task beyond which its run waits, and how many times as long."""
PREPARE_AT_ONCE = 64
GRACE_SECONDS = 15.0
"""How long calls in flight may still end after a stop: they are paid for."""
KEEP_TRIES = 5
"""How often a database that refuses answers is tried again, a second apart."""


log = logging.getLogger(__name__)


class RunTally:
    """Running totals of a run, cheap to add to and to read from another thread."""

    def __init__(self, start: Totals) -> None:
        self._totals = start

    @property
    def totals(self) -> Totals:
        return self._totals

    def add(self, outcome: Outcome) -> None:
        now = self._totals
        asked = outcome.asked
        known = now.cost is not None and asked.cost is not None
        failures = now.failures
        if isinstance(outcome, Failure):
            failures = {**failures, outcome.kind.value: failures.get(outcome.kind.value, 0) + 1}
        good = isinstance(outcome, Prediction)
        self._totals = replace(
            now,
            succeeded=now.succeeded + good,
            failed=now.failed + (not good),
            cached=now.cached + asked.cached,
            usage=now.usage + asked.usage,
            cost=(now.cost or 0.0) + (asked.cost or 0.0) if known else None,
            failures=failures,
            nothing_to_tell=now.nothing_to_tell + _says_nothing(outcome),
        )


def _says_nothing(outcome: Outcome) -> bool:
    return isinstance(outcome, Prediction) and not outcome.result


def grace_of(connections: Iterable[Connection]) -> float:
    """Return how long answers in flight are worth waiting for; one's own machine is not paid."""
    paid = any(each.provider is not ProviderName.LOCAL for each in connections)
    return GRACE_SECONDS if paid else 0.0


class AskingPipeline:
    """Asks every task of the pages that has no outcome yet.

    Ends when all are asked, when ``stop`` is set, or with the RunStopper that makes going on
    useless; in each case every answer that came back is committed first. ``unread`` is set as soon
    as no further page is wanted, for a reader that waits.
    """

    def __init__(
        self,
        store: Store,
        run_id: int,
        predictor: Answering,
        tally: RunTally,
        *,
        concurrency: int,
        fresh: bool,
        stop: threading.Event,
        unread: threading.Event | None = None,
        grace: float = GRACE_SECONDS,
    ) -> None:
        """``grace`` is how long calls in flight may go on once the run is to end."""
        self._grace = grace
        self._store = store
        self._run_id = run_id
        self._predictor = predictor
        self._tally = tally
        self._concurrency = concurrency
        self._fresh = fresh
        self._use_cache = predictor.uses_cache and not fresh
        self._stop = stop
        self._unread = unread or threading.Event()
        self._queue: asyncio.Queue[tuple[ModelRequest, dict[str, CachedAnswer]] | None]
        self._stopper: RunStopper | None = None
        self._stoppers: dict[int, RunStopper] = {}
        self._refused: Exception | None = None
        self._outcomes: list[Outcome] = []
        self._answers: list[CachedAnswer] = []
        self._full = asyncio.Event()
        self._ending = False

    async def run(self, pages: Iterator[list[Task]]) -> RunStopper | None:
        """Ask all tasks of the pages; return what stopped the run early, if anything did.

        Raises PromptsError when the database takes no answers: nothing more is asked then.
        """
        self._queue = asyncio.Queue(maxsize=2 * self._concurrency)
        threads = ThreadPoolExecutor(2, thread_name_prefix=f"run-{self._run_id}")
        try:
            ended = asyncio.Event()
            flusher = asyncio.create_task(self._flush_groups(threads, ended))
            workers = [asyncio.create_task(self._work()) for _ in range(self._concurrency)]
            feeder = asyncio.create_task(self._feed(pages, threads))
            watcher = asyncio.create_task(self._cancel_when_stopping(feeder))
            try:
                await feeder
                await asyncio.gather(*workers)
            except asyncio.CancelledError:
                if not self._stopping:
                    raise
            finally:
                watcher.cancel()
                await self._wind_up(feeder, workers)
                ended.set()
                self._full.set()
                await flusher
                await asyncio.to_thread(self._keep_spent)
                await asyncio.to_thread(self._predictor.guard.flush, at_once=True)
        finally:
            # Not waited for: the loop is everybody's, and a page may take its time to come.
            threads.shutdown(wait=False, cancel_futures=True)
        return self._stopper

    @property
    def _stopping(self) -> bool:
        return (
            self._ending
            or self._stop.is_set()
            or self._stopper is not None
            or self._refused is not None
        )

    async def _cancel_when_stopping(self, feeder: asyncio.Task[None]) -> None:
        while not self._stopping:
            await asyncio.sleep(0.1)
        feeder.cancel()

    async def _wind_up(
        self, feeder: asyncio.Task[None], workers: Sequence[asyncio.Task[None]]
    ) -> None:
        """Let calls in flight end, for a while: their answers are paid for."""
        self._ending = True
        self._unread.set()
        feeder.cancel()
        while not self._queue.empty():
            self._queue.get_nowait()
        for _ in workers:
            self._queue.put_nowait(None)
        if any(not worker.done() for worker in workers):
            await asyncio.wait(workers, timeout=self._grace)
        for task in (feeder, *workers):
            task.cancel()
        await asyncio.gather(feeder, *workers, return_exceptions=True)

    async def _feed(self, pages: Iterator[list[Task]], threads: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(threads, self._store.outcomes.task_ids, self._run_id)
        upcoming = loop.run_in_executor(threads, next, pages, None)
        while (page := await upcoming) is not None:
            # The next page is fetched while the model works on this one.
            upcoming = loop.run_in_executor(threads, next, pages, None)
            upcoming.add_done_callback(_look)
            tasks = [task for task in page if task.id not in done]
            for start in range(0, len(tasks), PREPARE_AT_ONCE):
                await self._enqueue(tasks[start : start + PREPARE_AT_ONCE], threads)
        for _ in range(self._concurrency):
            await self._queue.put(None)

    async def _enqueue(self, tasks: Sequence[Task], threads: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        if self._predictor.few_shot is None:
            requests = []
            for task in tasks:
                requests += await self._prepare_apart(task, threads)
        else:  # a search each, which would hold up everybody else's calls
            requests = await loop.run_in_executor(threads, self._prepare, tasks)
        cached: dict[str, CachedAnswer] = {}
        if self._use_cache:
            keys = [key for request in requests for key in request.keys]
            cached = await loop.run_in_executor(threads, self._store.outcomes.find_answers, keys)
        for request in requests:
            known = {key: cached[key] for key in request.keys if key in cached}
            await self._queue.put((request, known))

    async def _prepare_apart(self, task: Task, threads: ThreadPoolExecutor) -> list[ModelRequest]:
        """Prepare a task; what takes long is followed by several times as long for other runs."""
        if not _is_large(task):
            return self._prepare([task])
        loop = asyncio.get_running_loop()
        requests, took = await loop.run_in_executor(threads, self._prepare_timed, task)
        if took > LONG_SECONDS:
            await asyncio.sleep(took * FOR_OTHERS)
        return requests

    def _prepare_timed(self, task: Task) -> tuple[list[ModelRequest], float]:
        began = time.thread_time()
        return self._prepare([task]), time.thread_time() - began

    def _prepare(self, tasks: Sequence[Task]) -> list[ModelRequest]:
        return [self._predictor.prepare(task) for task in tasks]

    async def _work(self) -> None:
        while not self._stopping:
            item = await self._queue.get()
            if item is None:
                return
            request, cached = item
            try:
                outcome = await self._predictor.ask(
                    request, cached, fresh=self._fresh, keep=self._keep_answer
                )
            except RunStopper as stopper:
                self._stopper = self._stopper or stopper
                # Those who waited for the same answer all get the same one.
                self._stoppers[id(stopper)] = stopper
                return
            self._outcomes.append(outcome)
            if len(self._outcomes) >= GROUP_SIZE:
                self._full.set()

    def _keep_spent(self) -> None:
        """Count what tasks had spent when the run was stopped, which have no outcome to show it."""
        for stopper in self._stoppers.values():
            if stopper.usage != Usage():
                self._store.outcomes.add_spent(self._run_id, stopper.usage, stopper.cost)

    def _keep_answer(self, answer: CachedAnswer) -> None:
        # Looked up anew each time: a commit during the call has begun another list.
        self._answers.append(answer)

    async def _flush_groups(self, threads: ThreadPoolExecutor, ended: asyncio.Event) -> None:
        """Commit what came back at least every 50 ms, whatever else waits."""
        tries = KEEP_TRIES
        while True:
            last = ended.is_set()
            # Of a task that is still asked some of several answers may be there: these are paid.
            if (self._outcomes or self._answers) and not await self._flush(threads):
                tries -= 1
                if tries <= 0:
                    raise self._lost_answers()
                await asyncio.sleep(1.0)
                continue
            if last and not self._outcomes and not self._answers:
                if self._refused is not None:
                    raise self._lost_answers()
                return
            self._full.clear()
            if not last:
                began = time.monotonic()
                try:
                    await asyncio.wait_for(self._full.wait(), GROUP_SECONDS)
                except TimeoutError:
                    continue
                # A group that filled up early is written at once, but not more than needed.
                await asyncio.sleep(max(0.0, 0.005 - (time.monotonic() - began)))

    async def _flush(self, threads: ThreadPoolExecutor) -> bool:
        """Commit what came back; when the database refuses, keep it and ask nothing more."""
        outcomes, self._outcomes = self._outcomes, []
        answers, self._answers = self._answers, []
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(
                threads, self._store.outcomes.add, self._run_id, outcomes, answers
            )
        except sa.exc.SQLAlchemyError as error:
            log.error("run %s: %d answers not committed: %s", self._run_id, len(outcomes), error)
            self._refused = error
            self._outcomes[:0] = outcomes
            self._answers[:0] = answers
            return False
        for outcome in outcomes:
            self._tally.add(outcome)
        await loop.run_in_executor(threads, self._predictor.guard.flush)
        return True

    def _lost_answers(self) -> PromptsError:
        reason = getattr(self._refused, "orig", None) or self._refused
        lost = f" {len(self._outcomes)} answers were lost." if self._outcomes else ""
        return PromptsError(
            f"The database did not take the answers, so asking was stopped ({reason}).{lost}",
            fix=f"Free its disk or end what locks it. {Step.RESUME_RUN(run=self._run_id)}",
        )


def _look(page: asyncio.Future[list[Task] | None]) -> None:
    """See what a page raised; nobody else does when it is wanted no more."""
    if not page.cancelled():
        page.exception()


def _is_large(task: Task) -> bool:
    return any(len(each) > LARGE_CHARACTERS for each in task.data.values() if isinstance(each, str))
