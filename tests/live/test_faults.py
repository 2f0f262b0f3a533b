"""kill -9 at every stage, Label Studio left running: one prediction each, nothing paid twice.

One of each stage runs with the live tests; four more of each are marked ``faults``.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ml_backend import demo
from ml_backend.labelstudio import ServerLabelStudio
from support.demo_tasks import demo_tasks
from support.live_label_studio import LiveLabelStudio
from support.live_project import LiveProject
from support.server import Installation, eventually
from support.simulator import Simulator

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

TEXT = "Sort this message.\n\n{subject}\n\n{text}"
AWAY_SECONDS = 60
TIMES = [0, *(pytest.param(n, marks=pytest.mark.faults) for n in range(1, 5))]


def store(server: Installation, query: str) -> list[Any]:
    """Read the server's own database, to know when to strike."""
    path = server.data_dir / "prompts.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(query).fetchall()


def in_flight(server: Installation, kind: str) -> bool:
    return bool(
        store(
            server,
            f"SELECT 1 FROM publications WHERE kind = '{kind}' AND confirmed_at IS NULL",
        )
    )


def ended(server: Installation, run_id: int) -> dict[str, Any] | None:
    """Return the run as the CLI shows it, once it has ended."""
    status = store(server, f"SELECT status FROM runs WHERE id = {run_id}")[0][0]
    if status in ("Pending", "InProgress"):
        return None
    run: dict[str, Any] = server.json("runs", "show", run_id)
    return run


def start_second_run(server: Installation, project: LiveProject) -> int:
    """A first run fills the slot; a second, of a new version, is started on the server."""
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.cli("run", "Mail", "--project", project.id)
    server.cli("versions", "create", "Mail", "--text", "Be brief.\n\n" + TEXT)
    server.start()
    return int(server.json("run", "Mail", "--project", project.id, "--detach")["id"])


def assert_ends_well(
    server: Installation, project: LiveProject, simulator: Simulator, run_id: int
) -> None:
    shown = eventually(lambda: ended(server, run_id), seconds=250, every=0.2)
    assert shown["status"] == "Completed", shown
    assert shown["total_predictions"] == 200
    project.assert_each_task_holds("Mail__Version 2")
    assert project.counters() == {1: 200}
    assert project.studio.get_project(project.id).model_version == "Mail__Version 2"


@pytest.mark.parametrize("time_", TIMES)
def test_killed_while_asking(
    server: Installation, project: LiveProject, simulator: Simulator, time_: int
) -> None:
    simulator.control(latency=0.6)  # time enough to strike while it asks
    run_id = start_second_run(server, project)
    eventually(
        lambda: store(server, f"SELECT 1 FROM outcomes WHERE run_id = {run_id} LIMIT 1"),
        every=0.01,
    )
    time.sleep(0.03 * time_)
    server.kill()
    committed = store(server, f"SELECT count(*) FROM outcomes WHERE run_id = {run_id}")[0][0]
    assert 0 < committed < 200, "the kill came too late to prove anything"
    calls = simulator.stats()["calls"]
    server.start()
    assert_ends_well(server, project, simulator, run_id)
    asked_after = simulator.stats()["calls"] - calls
    assert asked_after == 200 - committed, "a committed answer was asked again"


@pytest.mark.parametrize("time_", TIMES)
@pytest.mark.parametrize("kind", ["delete_label", "import"])
def test_killed_while_writing(
    server: Installation, project: LiveProject, simulator: Simulator, kind: str, time_: int
) -> None:
    run_id = start_second_run(server, project)
    eventually(lambda: in_flight(server, kind), every=0.001)
    time.sleep(0.05 * time_)
    server.kill()
    calls = simulator.stats()["calls"]
    server.start()
    assert_ends_well(server, project, simulator, run_id)
    assert simulator.stats()["calls"] == calls, "every answer had been committed"


def test_label_studio_away_in_the_middle_of_a_run(
    simulator: Simulator, server: Installation, tmp_path: Path
) -> None:
    simulator.control(latency=0.3)
    with LiveLabelStudio() as own:
        studio = ServerLabelStudio(own.url, own.token)
        project = LiveProject(studio, studio.create_project("Away", demo.config()).id)
        studio.import_tasks(project.id, demo_tasks())
        server.settings |= {"LABEL_STUDIO_URL": own.url, "LABEL_STUDIO_API_KEY": own.token}
        server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
        server.start()
        run_id = int(server.json("run", "Mail", "--project", project.id, "--detach")["id"])
        eventually(lambda: store(server, f"SELECT 1 FROM outcomes WHERE run_id = {run_id} LIMIT 1"))
        own.stop()

        waiting = f"SELECT 1 FROM runs WHERE id = {run_id} AND message LIKE 'waiting for Label S%'"
        eventually(lambda: store(server, waiting), every=0.2)
        run = server.json("runs", "show", run_id)
        assert run["status"] == "InProgress"
        assert "waiting for Label Studio" in run["message"]
        assert run["succeeded"] == 200, "the answers are kept meanwhile"
        time.sleep(AWAY_SECONDS)
        assert server.json("runs", "show", run_id)["status"] == "InProgress"
        own.start()
        run = eventually(lambda: ended(server, run_id), every=0.2)
        assert (run["status"], run["total_predictions"]) == ("Completed", 200)
        project.assert_each_task_holds("Mail__Version 1")
        assert simulator.stats()["calls"] == 200
