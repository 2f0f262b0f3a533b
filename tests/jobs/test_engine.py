from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ml_backend.jobs import JOB, RUN, EmbeddedEngine, Handler, LoopThread
from support.server import eventually


class Work:
    """Open work of one kind; ``handle`` waits for ``release`` unless told otherwise."""

    def __init__(self, *open_keys: int, waits: bool = True) -> None:
        self.open = list(open_keys)
        self.started: list[int] = []
        self.release = threading.Event()
        self.looks = 0
        if not waits:
            self.release.set()

    def claimable(self) -> list[int]:
        self.looks += 1
        return list(self.open)

    def handle(self, key: int) -> None:
        self.started.append(key)
        self.release.wait(60)
        if key in self.open:
            self.open.remove(key)

    def handler(self, **options: Any) -> Handler:
        return Handler(self.handle, self.claimable, **options)


@pytest.fixture
def engine_of() -> Iterator[Callable[..., EmbeddedEngine]]:
    made = []

    def make(every: float = 0.01, **handlers: Handler) -> EmbeddedEngine:
        made.append(EmbeddedEngine(handlers, every=every))
        return made[-1]

    yield make
    for engine in made:
        engine.stop(0)


Engines = Callable[..., EmbeddedEngine]
LONG = 3600.0
"""Seconds between looks where a test allows none."""


def test_the_engine_hands_found_work_to_its_handler_once_at_a_time(engine_of: Engines) -> None:
    work = Work(1, 2, 3)
    engine = engine_of(run=work.handler(width=2))
    engine.start()
    engine.start()
    eventually(lambda: len(work.started) == 2)
    looks = work.looks
    eventually(lambda: work.looks > looks + 3)
    assert work.started == [1, 2], "no more than its width, and none twice"
    work.release.set()
    eventually(lambda: not work.open)


def test_full_runs_keep_no_job_waiting(engine_of: Engines) -> None:
    runs, jobs = Work(1, 2), Work(7, 8, waits=False)
    engine_of(run=runs.handler(width=2), job=jobs.handler(width=1)).start()
    eventually(lambda: len(runs.started) == 2)
    eventually(lambda: not jobs.open)
    assert sorted(runs.started) == [1, 2], "which go on all the while"
    runs.release.set()


def test_an_offer_is_worked_on_before_the_next_look(engine_of: Engines) -> None:
    runs = Work()
    engine = engine_of(every=LONG, run=runs.handler())
    engine.start()
    eventually(lambda: runs.looks == 1)
    engine.offer(RUN, 5)
    engine.offer(RUN, 5)
    eventually(lambda: runs.started == [5])
    engine.offer(RUN, 5)
    eventually(lambda: runs.looks >= 3)
    assert runs.started == [5], "an offer of what goes on changes nothing"
    runs.release.set()


def test_what_a_caller_waits_for_begins_at_once_whatever_goes_on(engine_of: Engines) -> None:
    jobs = Work()
    engine = engine_of(every=LONG, job=jobs.handler(width=1, at_once=True))
    for key in range(1, 5):
        engine.offer(JOB, key)
    eventually(lambda: sorted(jobs.started) == [1, 2, 3, 4])
    assert jobs.looks == 0
    jobs.release.set()


def test_of_two_offers_the_one_of_higher_priority_gets_the_room(engine_of: Engines) -> None:
    runs = Work()
    engine = engine_of(every=LONG, run=runs.handler(width=1))
    engine.offer(RUN, 1)
    engine.offer(RUN, 2, priority=1)
    engine.start()
    eventually(lambda: runs.looks == 1)
    assert runs.started == [2]
    runs.release.set()


def test_a_stopped_engine_begins_nothing_and_says_whether_all_ended(engine_of: Engines) -> None:
    runs, jobs = Work(1), Work()
    engine = engine_of(run=runs.handler(), job=jobs.handler(at_once=True))
    engine.start()
    eventually(lambda: runs.started == [1])
    assert engine.stop(0.05) is False
    engine.offer(JOB, 9)
    engine.offer(RUN, 2)
    runs.release.set()
    assert engine.stop(60) is True
    assert (runs.started, jobs.started) == ([1], [])


def test_the_engine_outlives_errors_of_the_store_and_of_handlers(engine_of: Engines) -> None:
    calls = {"find": 0, "handle": 0}
    jobs = Work(3, waits=False)

    def find() -> list[int]:
        calls["find"] += 1
        if calls["find"] < 3:
            raise OSError("database is locked")
        return [7]

    def handle(key: int) -> None:
        calls["handle"] += 1
        raise ValueError("work that fails")

    engine_of(run=Handler(handle, find), job=jobs.handler()).start()
    eventually(lambda: jobs.started == [3])
    eventually(lambda: calls["handle"] >= 2)


def test_the_loop_serves_threads_and_passes_results_and_errors_on() -> None:
    loop = LoopThread()

    async def double(number: int) -> int:
        await asyncio.sleep(0)
        if number < 0:
            raise ValueError("negative")
        return 2 * number

    assert loop.run(double(4)) == 8
    with pytest.raises(ValueError, match="negative"):
        loop.run(double(-1))
    assert [future.result(60) for future in [loop.submit(double(n)) for n in range(3)]] == [0, 2, 4]
    loop.stop()
