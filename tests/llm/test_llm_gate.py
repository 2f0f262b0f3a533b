from __future__ import annotations

import asyncio
import time

import pytest

from ml_backend.llm import Gate
from support.models import run


def test_callers_are_let_through_in_the_order_they_came():
    async def work():
        gate, order = Gate(2), []

        async def call(number):
            async with gate:
                order.append(number)
                await asyncio.sleep(0.002)

        await asyncio.gather(*(call(number) for number in range(20)))
        return order

    assert run(work()) == list(range(20))


def test_a_pause_holds_and_the_longest_one_counts():
    async def work():
        gate = Gate(4)
        gate.pause(0.15)
        gate.pause(0.01)
        started = time.monotonic()
        async with gate:
            return time.monotonic() - started

    assert run(work()) > 0.14


def test_after_a_pause_callers_do_not_rush_in_together():
    async def work():
        gate, moments = Gate(50), []
        gate.pause(0.05)

        async def call():
            async with gate:
                moments.append(time.monotonic())

        await asyncio.gather(*(call() for _ in range(10)))
        return max(moments) - min(moments)

    assert run(work()) > 0.05


@pytest.mark.slow
def test_a_new_pause_stops_those_still_waiting_for_the_old_one():
    async def work():
        gate, done = Gate(50), []
        gate.pause(0.05)

        async def call():
            async with gate:
                done.append(1)
                if len(done) == 2:
                    gate.pause(60)

        calls = [asyncio.create_task(call()) for _ in range(10)]
        while len(done) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        return len(done), gate.in_flight

    assert run(work()) == (2, 0)


def test_a_cancelled_wait_leaves_its_place_to_others():
    async def work():
        gate = Gate(1)

        async def call():
            async with gate:
                return gate.in_flight

        async with gate:
            waiting = asyncio.create_task(call())
            await asyncio.sleep(0)
            waiting.cancel()
        return await call()

    assert run(work()) == 1


def test_cancelling_a_wait_for_the_end_of_a_pause_frees_the_slot():
    async def work():
        gate = Gate(1)

        async def call():
            async with gate:
                return gate.in_flight

        gate.pause(0.1)
        waiting = asyncio.create_task(call())
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return await asyncio.wait_for(call(), 60)

    assert run(work()) == 1


def test_a_gate_without_room_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Gate(0)
