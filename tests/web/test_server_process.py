"""The server as a process: how it starts, what goes over the wire, how it ends."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from ml_backend.container import Container
from ml_backend.records import Run, RunStatus
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.settings import Settings
from support.fake_label_studio import FakeLabelStudio
from support.place import close
from support.processes import ROOT, Child, eventually
from support.simulator import Simulator
from support.wire import CONFIG

EMBEDDED = (
    "from ml_backend.settings import Settings; from ml_backend.web import serve; "
    "serve.run(Settings.from_env())"
)
WAYS = {
    "serve": [sys.executable, "-c", EMBEDDED],
    "gunicorn": [sys.executable, "-m", "gunicorn", "_wsgi:app"],
}


@dataclass
class Server:
    """One installation, started and ended as a person or a crash would."""

    environment: dict[str, str]
    log_path: Path
    children: list[Child] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.environment["PORT"])

    def launch(self, way: str = "serve", *arguments: str) -> subprocess.Popen[bytes]:
        child = Child([*WAYS[way], *arguments], env=self.environment, log=self.log_path)
        self.children.append(child)
        self.processes.append(child.process)
        return child.process

    def start(self, way: str = "serve") -> psutil.Process:
        process = self.launch(way)
        eventually(self.is_up, every=0.02)
        return psutil.Process(process.pid)

    def is_up(self) -> bool:
        try:
            return self.ask("GET", "/health").status == 200
        except OSError:
            return False

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json", **headers})
        return connection.getresponse()

    def log(self) -> str:
        return self.log_path.read_text()

    def container(self) -> Container:
        return Container(Settings.from_env(self.environment))


@pytest.fixture
def server(
    tmp_path: Path, migrated: Path, studio: FakeLabelStudio, simulator: Simulator
) -> Iterator[Server]:
    shutil.copytree(migrated, tmp_path / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {
        "LABEL_STUDIO_URL": studio.url,
        "LABEL_STUDIO_API_KEY": studio.token,
        "OPENAI_BASE_URL": simulator.url,
        "OPENAI_MODEL": "simulated",
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(port),
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    made = Server({**kept, "PYTHONPATH": str(ROOT), **given}, tmp_path / "server.log")
    yield made
    for process in made.processes:
        if process.poll() is None:
            for each in psutil.Process(process.pid).children(recursive=True):
                each.kill()
            process.kill()
        process.wait(60)


def make_prompt(server: Server, studio: FakeLabelStudio, tasks: int = 1) -> int:
    """A project with tasks and a prompt; its id."""
    project_id, _ = studio.seed(CONFIG, [{"data": {"text": f"text {n}"}} for n in range(tasks)])
    container = server.container()
    project = container.studio.get_project(project_id)
    prompt = container.prompts.create("Topics", project=project)
    container.prompts.create_version(prompt, text="Topic? {text}")
    close(container)
    return project_id


def start_run(server: Server, project_id: int) -> int:
    container = server.container()
    prompt = container.prompts.find("Topics")
    version = container.prompts.find_version(prompt, None)
    project = container.studio.get_project(project_id)
    run = container.runs.start(prompt, version, project, RunRequest())
    close(container)
    return run.id


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_it_starts_greets_and_ends_promptly(server: Server, way: str) -> None:
    master = server.start(way)
    assert f"is up at http://127.0.0.1:{server.port}" in server.log()
    master.terminate()
    assert server.processes[0].wait(60) == 0
    assert "Traceback" not in server.log()


@pytest.mark.slow
def test_label_studio_can_read_the_reason_on_the_wire(
    server: Server, studio: FakeLabelStudio
) -> None:
    project_id, _ = studio.seed(CONFIG, [])
    server.start()
    body = {"project": f"{project_id}.1", "schema": CONFIG, "extra_params": {"prompt": "Größe 🦄"}}
    response = server.ask("POST", "/setup", body)
    assert response.status == 404
    assert response.reason.startswith("There is no prompt 'Größe ?'")
    assert json.load(response)["error"].startswith("There is no prompt 'Größe 🦄'")
    body = {"project": f"{project_id}.1", "schema": CONFIG}
    words = f"Project {project_id} has no prompt yet."
    # Right after the start the instructions may take too long to be read.
    eventually(lambda: server.ask("POST", "/setup", body).reason.startswith(words))


@pytest.mark.slow
def test_an_orphaned_worker_ends_and_frees_the_port(server: Server) -> None:
    master = server.start()
    [worker] = master.children()
    master.kill()
    server.processes[0].wait(60)
    following = server.launch()
    eventually(lambda: is_gone(worker))
    eventually(lambda: server.log().count("is up at") == 2)
    eventually(server.is_up)
    assert following.poll() is None


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_run_left_behind_goes_on_without_any_request(
    server: Server, studio: FakeLabelStudio
) -> None:
    run_id = start_run(server, make_prompt(server, studio, 3))
    server.launch("gunicorn")
    container = server.container()

    def completed() -> bool:
        return container.store.runs.get(run_id).status is RunStatus.COMPLETED

    eventually(completed)
    assert len(studio.state()["predictions"]) == 3
    close(container)


@pytest.mark.slow
def test_sigterm_lets_go_of_requests_and_runs(
    server: Server, studio: FakeLabelStudio, simulator: Simulator
) -> None:
    simulator.control(latency=0.6)
    server.environment["LLM_MAX_CONCURRENCY"] = "2"
    run_id = start_run(server, make_prompt(server, studio, 200))
    server.start()
    container = server.container()

    def going() -> Run | None:
        run = container.store.runs.get(run_id)
        return run if run.totals.done else None

    eventually(going)
    project = f"{container.store.runs.get(run_id).project_id}.1"
    tasks = [{"id": n, "data": {"text": f"other {n}"}} for n in range(100)]
    body = {"project": project, "tasks": tasks, "label_config": CONFIG}
    slow = threading.Thread(target=lambda: ignore_reset(server, body), daemon=True)
    slow.start()
    # Some 60 s of asking are left: neither would end by itself.
    server.processes[0].terminate()
    server.processes[0].wait(60)
    assert list(container.store.runs.claimable()) == [run_id]
    close(container)


def ignore_reset(server: Server, body: Any) -> None:
    try:
        server.ask("POST", "/predict", body)
    except (OSError, http.client.HTTPException):
        return


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "changes", "arguments", "words"),
    [
        ("serve", {"HOST": "0.0.0.0"}, [], "HOST=0.0.0.0"),
        ("gunicorn", {"HOST": "0.0.0.0"}, [], "HOST=0.0.0.0"),
        ("gunicorn", {}, ["--bind", "0.0.0.0:0"], "HOST=0.0.0.0"),
        ("gunicorn", {}, ["--preload"], "--preload"),
        ("serve", {"LABEL_STUDIO_URL": ""}, [], "LABEL_STUDIO_URL is not set"),
        ("gunicorn", {"LABEL_STUDIO_API_KEY": ""}, [], "LABEL_STUDIO_API_KEY is not set"),
        ("gunicorn", {"THREADS": "many"}, [], "THREADS='many'"),
        ("gunicorn", {"BASIC_AUTH_USER": "x"}, [], "BASIC_AUTH_PASS is not set"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_serve_says_why_and_ends(
    server: Server, way: str, changes: dict[str, str], arguments: list[str], words: str
) -> None:
    server.environment.update(changes)
    process = server.launch(way, *arguments)
    assert process.wait(60) != 0
    assert words in server.log()


@pytest.mark.slow
def test_beyond_this_machine_it_serves_with_credentials(server: Server) -> None:
    auth = {"BASIC_AUTH_USER": "u", "BASIC_AUTH_PASS": "p"}
    server.environment.update(HOST="0.0.0.0", LOG_FORMAT="json", LOG_LEVEL="debug", **auth)
    server.start("gunicorn")
    refused = server.ask("GET", "/")
    assert (refused.status, refused.reason[:11]) == (401, "This server")
    token = base64.b64encode(b"u:p").decode()
    assert server.ask("GET", "/", Authorization=f"Basic {token}").status == 200

    def complete_lines() -> list[str]:
        return [line for line in server.log().splitlines() if line[:1] + line[-1:] == "{}"]

    line = json.loads(eventually(complete_lines)[0])
    assert {"time", "level", "logger", "message"} <= set(line)
