"""A real language model, small and weak, on one thread: `make real` installs it and runs these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ml_backend.container import Container
from ml_backend.llm.local import model_file
from ml_backend.llm.local.child import PROCESSES, ModelProcess
from ml_backend.settings import Settings
from support.fake_label_studio import FakeLabelStudio
from support.house import House, ScriptedModel, hurry
from support.place import close

LOCAL = {
    "LOCAL_MODEL": model_file.SMALL,
    "LOCAL_THREADS": "1",
    "LOCAL_CONTEXT": "4096",
    "LLM_TIMEOUT": "240",
}


@pytest.fixture(scope="session")
def process() -> Iterator[ModelProcess]:
    """The one process of all tests: its model is read once."""
    connection = Settings.from_env({**LOCAL, "DATA_DIR": "/nonexistent"}).default_connection()
    kept = PROCESSES.of(model_file.of_connection(connection))
    kept.hold()
    kept.ensure()
    yield kept
    kept.release()


@pytest.fixture
def open_house(
    fake: FakeLabelStudio, data_dir: Path, process: ModelProcess
) -> Iterator[Callable[..., House]]:
    """Opens the services with the real model; more settings than usual may be given."""
    opened: list[Container] = []

    def open_one(**more: str) -> House:
        settings = Settings.from_env(
            {
                "LABEL_STUDIO_URL": fake.url,
                "LABEL_STUDIO_API_KEY": fake.token,
                "DATA_DIR": str(data_dir),
                **LOCAL,
                **more,
            }
        )
        container = Container(settings)
        hurry(container, fake)
        opened.append(container)
        return House(container, fake, ScriptedModel())

    yield open_one
    for container in opened:
        close(container)


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


@pytest.fixture
def computes(process: ModelProcess) -> Callable[[], bool]:
    """Whether the model computes on, told by the CPU time of its process over a second."""

    def tell() -> bool:
        running = psutil.Process(process.pid)
        before = sum(running.cpu_times()[:2])
        psutil.cpu_percent(1.0)
        return sum(running.cpu_times()[:2]) - before > 0.2

    return tell
