"""A project of the demo's messages on a real Label Studio, and a server of ours beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_backend import demo
from ml_backend.labelstudio import ServerLabelStudio
from support.by_hand import delete_project
from support.demo_tasks import demo_tasks
from support.live_label_studio import LiveLabelStudio
from support.live_project import LiveProject
from support.server import Installation
from support.simulator import Simulator

LONGEST = ("test_faults.py", "test_sweep_live.py")
"""Files whose tests wait for a minute and more: begun first, the others fill the time beside."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator(latency=0.02) as running:
        yield running


@pytest.fixture(autouse=True)
def calm_simulator(request: pytest.FixtureRequest) -> None:
    if "simulator" in request.fixturenames:
        request.getfixturevalue("simulator").reset()
        request.getfixturevalue("simulator").control(latency=0.02)


@pytest.fixture
def make_project(live: LiveLabelStudio) -> Iterator[Callable[..., LiveProject]]:
    studio = ServerLabelStudio(live.url, live.token)
    made: list[int] = []

    def make(config: str | None = None, tasks: list[dict[str, Any]] | None = None) -> LiveProject:
        project = studio.create_project("Live test", config or demo.config())
        made.append(project.id)
        rows = demo_tasks() if tasks is None else tasks
        if rows:
            studio.import_tasks(project.id, rows)
        return LiveProject(studio, project.id)

    yield make
    for project_id in made:
        delete_project(studio, project_id)
    studio.close()


@pytest.fixture
def project(make_project: Callable[..., LiveProject]) -> LiveProject:
    return make_project()


@pytest.fixture
def server(live: LiveLabelStudio, simulator: Simulator, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose model is the simulator; ``start()`` starts its server."""
    with Installation(
        tmp_path / "data",
        LABEL_STUDIO_URL=live.url,
        LABEL_STUDIO_API_KEY=live.token,
        OPENAI_BASE_URL=simulator.url,
        OPENAI_API_KEY="sk-simulated",
        OPENAI_MODEL="simulated",
        LLM_MAX_CONCURRENCY="16",
    ) as installation:
        yield installation
