"""Doors to the fake and to the real Label Studio, and a project of the test's own in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from ml_backend.labelstudio import ServerLabelStudio
from support.fake_label_studio import FakeLabelStudio
from support.wire import CONFIG, region


@dataclass
class Site:
    """A Label Studio with a project of six tasks."""

    door: ServerLabelStudio
    project_id: int
    task_ids: list[int]
    raw: httpx.Client

    def counters(self) -> list[int]:
        """``total_predictions`` of the tasks, as the Data Manager shows it."""
        params = {"project": self.project_id, "include": "id,total_predictions"}
        tasks = self.raw.get("/api/tasks", params=params).json()["tasks"]
        return [task["total_predictions"] for task in sorted(tasks, key=lambda task: task["id"])]


@pytest.fixture(scope="session")
def fake_process() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio(validate=True) as fake:
        yield fake


@pytest.fixture
def fake(fake_process: FakeLabelStudio) -> FakeLabelStudio:
    fake_process.reset()
    return fake_process


@pytest.fixture
def door(fake: FakeLabelStudio) -> Iterator[ServerLabelStudio]:
    opened = ServerLabelStudio(fake.url, fake.token, timeout=10, write_timeout=10)
    yield opened
    opened.close()


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.live)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The same for both, so that what holds for the fake holds for the real one."""
    running = request.getfixturevalue("fake" if request.param == "fake" else "live")
    opened = ServerLabelStudio(running.url, running.token, timeout=60)
    headers = {"Authorization": f"Token {running.token}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60, verify=False) as raw:
        project = opened.create_project("Contract of the door", CONFIG, instruction="<b>Read</b>")
        try:
            ids = opened.import_tasks(project.id, [{"text": f"text {n}"} for n in range(6)])
            yield Site(opened, project.id, ids, raw)
        finally:
            opened.delete_project(project.id)
            opened.close()


class MlBackend:
    """An ML backend that answers "a" to every task and remembers the paths it was asked."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                requests.append(self.path)
                tasks = body.get("tasks", []) if self.path == "/predict" else []
                answer = {
                    "status": "UP",
                    "model_version": "m",
                    "results": [{"result": [region()]} for _ in tasks],
                }
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                return

        return Handler


@pytest.fixture
def ml_backend() -> Iterator[MlBackend]:
    backend = MlBackend()
    yield backend
    backend.close()
