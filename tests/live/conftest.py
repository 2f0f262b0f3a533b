"""A project of the demo's messages on a real Label Studio, and a server of ours beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_backend import demo
from ml_backend.labelstudio import ServerLabelStudio
from support.demo_tasks import demo_tasks
from support.live_label_studio import LiveLabelStudio
from support.server import Installation
from support.simulator import Simulator

LONGEST = ("test_faults.py", "test_sweep_live.py")
"""Files whose tests wait for a minute and more: begun first, the others fill the time beside."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


class LiveProject:
    """A project, asked through Label Studio's own API alone."""

    def __init__(self, studio: ServerLabelStudio, project_id: int) -> None:
        self.studio = studio
        self.id = project_id

    def versions_per_task(self) -> dict[int, Counter[str | None]]:
        """Return how many predictions of which model version each task holds."""
        held: dict[int, Counter[str | None]] = {
            task_id: Counter() for task_id in self.studio.task_ids(self.id)
        }
        for row in self.studio.predictions(self.id):
            held[row.task_id][row.model_version] += 1
        return held

    def assert_each_task_holds(self, *labels: str) -> None:
        wanted = Counter(labels)
        wrong = {task: held for task, held in self.versions_per_task().items() if held != wanted}
        assert not wrong, f"{len(wrong)} tasks differ, for example {dict(list(wrong.items())[:3])}"

    def counters(self) -> Counter[int]:
        """Return Label Studio's own ``total_predictions`` over all tasks."""
        transport = self.studio._transport
        page = transport.get(
            "api/tasks",
            params={"project": self.id, "page_size": 10_000, "include": "id,total_predictions"},
        )
        return Counter(task["total_predictions"] for task in page["tasks"])

    def change_task(self, task_id: int, data: dict[str, Any]) -> None:
        """Set a task's data to anything at all."""
        self.studio._transport.send("PATCH", f"api/tasks/{task_id}/", {"data": data})

    def annotations(self) -> list[Any]:
        return [a for task in self.studio.iter_annotated(self.id) for a in task.annotations]


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
        studio.delete_project(project_id)
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
