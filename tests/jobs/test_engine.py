from __future__ import annotations

import asyncio
import threading
import time

import pytest

from ml_backend.jobs import EmbeddedEngine, LoopThread
from support.server import eventually


def test_the_engine_hands_found_jobs_to_the_handler_once_at_a_time() -> None:
    waiting, started, release = [1, 2, 3], [], threading.Event()

    def handle(job: int) -> None:
        started.append(job)
        release.wait(60)
        waiting.remove(job)

    engine = EmbeddedEngine(lambda: list(waiting), handle, width=2, every=0.01)
    engine.start()
    engine.start()
    eventually(lambda: len(started) == 2)
    time.sleep(0.05)
    assert started == [1, 2], "no more than its width, and none twice"
    release.set()
    eventually(lambda: not waiting)
    engine.stop()


def test_the_engine_outlives_errors_of_the_store_and_of_jobs() -> None:
    calls = {"find": 0, "handle": 0}

    def find() -> list[int]:
        calls["find"] += 1
        if calls["find"] == 1:
            raise OSError("database is locked")
        return [7]

    def handle(job: int) -> None:
        calls["handle"] += 1
        raise ValueError("a job that fails")

    engine = EmbeddedEngine(find, handle, every=0.01)
    engine.start()
    eventually(lambda: calls["handle"] >= 2)
    engine.stop()


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
