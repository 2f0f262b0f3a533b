"""The repeater: again and again, at once when woken, whatever a call raises."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from ml_backend.jobs import Repeater
from support.server import eventually


def test_it_calls_again_and_again_and_never_twice_at_once() -> None:
    calls: list[float] = []
    running = threading.Semaphore(1)

    def work() -> None:
        assert running.acquire(blocking=False)
        calls.append(time.monotonic())
        running.release()

    repeater = Repeater("test", work, every=0.01)
    repeater.start()
    repeater.start()
    eventually(lambda: len(calls) > 5)
    repeater.stop()
    assert repeater.join(60)
    ended = len(calls)
    repeater.wake()
    assert len(calls) == ended


def test_waking_does_not_wait_for_the_next_turn() -> None:
    called = threading.Event()
    repeater = Repeater("test", called.set, every=60)
    repeater.start()
    assert called.wait(60)
    called.clear()
    repeater.wake()
    assert called.wait(60)
    repeater.stop()
    assert repeater.join(60)


def test_being_woken_during_a_call_means_one_more() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            repeater.wake()

    repeater = Repeater("test", work, every=60)
    repeater.start()
    eventually(lambda: len(calls) == 2)
    repeater.stop()
    assert repeater.join(60)


def test_an_error_costs_one_call_and_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("database is locked")

    repeater = Repeater("fit", work, every=0.01)
    with caplog.at_level(logging.ERROR):
        repeater.start()
        eventually(lambda: len(calls) > 2)
    repeater.stop()
    assert repeater.join(60)
    assert caplog.text.count("fit failed; trying again") == 1
    assert "database is locked" in caplog.text


def test_stopping_what_never_started_is_harmless() -> None:
    repeater = Repeater("test", lambda: None)
    repeater.stop()
    assert repeater.join(60)
