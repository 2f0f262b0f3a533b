"""A connection from before there were secrets, after an upgrade, on a real Label Studio."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from support import kept_database as kept
from support.live_project import LiveProject
from support.server import Installation
from support.simulator import Simulator

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

CONFIG = """<View><Text name="text" value="$text"/><Choices name="topic" toName="text">
<Choice value="Billing"/><Choice value="Bug"/><Choice value="Praise"/></Choices></View>"""
VERSION = "Topics__Version 2"
"""What its last run published, and so what answers."""


@contextmanager
def server_of_before(port: str) -> Iterator[None]:
    """What Label Studio was told by a server without secrets when somebody connected it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps({"status": "UP", "model_version": VERSION, "versions": [VERSION]})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", int(port)), Handler) as stub:
        serving = threading.Thread(target=stub.serve_forever)
        serving.start()
        try:
            yield
        finally:
            stub.shutdown()
            serving.join()


def keep(server: Installation, project_id: int, model: str) -> None:
    """Lay the kept database down as one of this project, which Label Studio had called for."""
    kept.load(server.data_dir)
    with closing(sqlite3.connect(server.data_dir / "prompts.db")) as database, database:
        database.execute("DELETE FROM runs")  # over tasks of another Label Studio
        for table in ("class_pairs", "outcomes", "examples", "kept_predictions", "publications"):
            database.execute(f"DELETE FROM {table}")
        database.execute(
            "UPDATE prompt_projects SET project_id = ? WHERE prompt_id = 1", (project_id,)
        )
        database.execute("DELETE FROM prompt_projects WHERE prompt_id > 1")
        database.execute("DELETE FROM splits")
        database.execute("DELETE FROM projects")
        database.execute("UPDATE connections SET endpoint = ?", (model,))
        database.execute(
            "INSERT INTO contacts (project_id, path, extra_params, label_config, instruction, "
            "seen_at, host) VALUES (?, '', 'null', ?, '', '2026-11-29 22:05:30', ?)",
            (project_id, CONFIG, server.url.removeprefix("http://")),
        )


def retrieved(project: LiveProject, ids: list[int]) -> set[str]:
    """The versions these tasks have once Label Studio has retrieved predictions."""
    project.studio.retrieve_predictions(project.id, ids)
    rows = [row for row in project.studio.predictions(project.id) if row.task_id in ids]
    assert {row.task_id for row in rows} == set(ids)
    return {str(row.model_version) for row in rows}


def test_a_connection_of_before_goes_on_until_it_is_closed_and_is_then_refused(
    server: Installation,
    make_project: Callable[..., LiveProject],
    simulator: Simulator,
) -> None:
    project = make_project(CONFIG, [{"text": f"Message {n}"} for n in range(8)])
    other = make_project(CONFIG, [{"text": "Of another team"}])
    ids = project.studio.task_ids(project.id)
    server.settings["PRIVATE_ENDPOINTS"] = "1"
    keep(server, project.id, simulator.url)
    with server_of_before(server.settings["PORT"]):
        row = project.studio.add_backend(project.id, server.url, "Before")
    assert not row.auth_user
    server.start()  # which brings the database up to date

    assert retrieved(project, ids[:3]) == {VERSION}
    checks = {each["name"]: each for each in server.json("doctor")["checks"]}
    assert "without a secret" in checks["secrets"]["message"]
    assert "'Live test'" in checks["secrets"]["message"]
    body: dict[str, Any] = {"project": f"{project.id}.1", "tasks": [], "label_config": CONFIG}
    assert httpx.post(f"{server.url}/predict", json=body, timeout=60).status_code == 200
    elsewhere = body | {"project": f"{other.id}.1"}
    assert httpx.post(f"{server.url}/predict", json=elsewhere, timeout=60).status_code == 403

    report = server.json("connect", "--project", project.id)
    assert (report["outcome"], report["closed"]) == ("repaired", True)
    [row] = project.studio.list_backends(project.id)
    assert row.auth_user.startswith(f"project-{project.id}-")
    assert retrieved(project, ids) == {VERSION}
    checks = {each["name"]: each for each in server.json("doctor")["checks"]}
    assert "secrets" not in checks

    setup = {"project": f"{project.id}.1", "schema": CONFIG, "extra_params": None}
    for path, said in (("predict", body), ("setup", setup)):
        refused = httpx.post(f"{server.url}/{path}", json=said, timeout=60)
        assert refused.status_code == 403, (path, refused.text)
