from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.simulator import Simulator


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Simulator:
    shared_simulator.reset()
    return shared_simulator
