"""What a real Label Studio tells a connected server, and what the server makes of it."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from support.live_project import LiveProject
from support.server import Installation, eventually
from support.simulator import Simulator

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""

Pool = dict[int, tuple[int, str, bool]]


def region(choice: str) -> dict[str, Any]:
    return {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [choice]},
    }


def rows(number: int, word: str = "message") -> list[dict[str, Any]]:
    return [{"data": {"text": f"{word} number {n}."}} for n in range(number)]


class Connected:
    """A project whose ML backend is our server."""

    def __init__(self, server: Installation, project: LiveProject) -> None:
        self.server = server
        self.project = project
        self.studio = project.studio
        text = "Sort: {text}"
        server.cli("prompts", "create", "Mail", "--project", project.id, "--text", text)
        server.start()
        self.backend = self.studio.add_backend(project.id, server.url, "Prompts").id
        eventually(lambda: not self.query("SELECT 1 FROM events"))

    def query(self, text: str) -> list[Any]:
        """Read the server's own database."""
        path = self.server.data_dir / "prompts.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(text).fetchall()

    def pool(self) -> Pool:
        """Annotation -> task, answer, ground truth, as the server has them."""
        found = self.query(
            "SELECT annotation_id, task_id, answer, ground_truth FROM examples "
            f"WHERE project_id = {self.project.id}"
        )
        return {row[0]: (row[1], json.loads(row[2])["topic"], bool(row[3])) for row in found}

    def truth(self) -> Pool:
        """The same as Label Studio has them."""
        return {
            each.id: (task.id, each.result[0]["value"]["choices"][0], each.ground_truth)
            for task in self.studio.iter_annotated(self.project.id)
            for each in task.annotations
            if not each.was_cancelled
        }

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return self.studio._transport.send(method, path, body, what="the test")

    def assert_true_soon(self, expected: int) -> None:
        """The pool is what Label Studio holds, of which there are so many by now."""
        truth = self.truth()
        assert len(truth) == expected
        eventually(lambda: self.pool() == truth)

    def tell(self, body: bytes, kind: str = "application/json", route: str = "webhook") -> int:
        """Send the server a webhook; return its answer's status."""
        request = urllib.request.Request(f"{self.server.url}/{route}", body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture
def connected(server: Installation, make_project: Callable[..., LiveProject]) -> Connected:
    return Connected(server, make_project(CONFIG, rows(12)))


def test_the_pool_follows_what_people_do(connected: Connected) -> None:
    first, second, *others = connected.studio.task_ids(connected.project.id)
    body: dict[str, Any] = {"result": [region("a")], "lead_time": 1}
    annotation = connected.send("POST", f"api/tasks/{first}/annotations/", body)["id"]
    connected.assert_true_soon(1)

    path = f"api/annotations/{annotation}/"
    connected.send("PATCH", path, {"result": [region("b")]})
    connected.assert_true_soon(1)
    assert connected.pool() == {annotation: (first, "b", False)}

    connected.send("PATCH", path, {"ground_truth": True})
    connected.assert_true_soon(1)
    assert connected.pool() == {annotation: (first, "b", True)}
    connected.send("PATCH", path, {"ground_truth": False})
    connected.assert_true_soon(1)

    skipped = {"result": [], "was_cancelled": True}
    connected.send("POST", f"api/tasks/{second}/annotations/", skipped)
    connected.send("POST", f"api/tasks/{others[0]}/annotations/", body)
    connected.assert_true_soon(2)

    connected.send("DELETE", path)
    connected.assert_true_soon(1)

    connected.studio.delete_tasks(connected.project.id, [others[0]])
    connected.assert_true_soon(0)

    with_annotations = [{**row, "annotations": [{"result": [region("a")]}]} for row in rows(3)]
    connected.studio.import_tasks(connected.project.id, with_annotations)
    connected.assert_true_soon(3)


def test_a_thousand_annotations_are_examples_and_what_nobody_opened_is_none(
    connected: Connected,
) -> None:
    studio, project_id = connected.studio, connected.project.id
    studio.import_tasks(
        project_id,
        [
            {**row, "annotations": [{"result": [region("ab"[n % 2])]}]}
            for n, row in enumerate(rows(1000, "bulk"))
        ],
    )
    connected.assert_true_soon(1000)
    peoples = connected.truth()
    ids = studio.import_tasks(project_id, rows(200, "promoted"))
    predictions = [{"task": task, "result": [region("a")], "model_version": "m1"} for task in ids]
    assert studio.import_predictions(project_id, predictions) == 200
    assert studio.promote(project_id, ["m1"], ids) == 200
    assert len(connected.truth()) == 1200
    eventually(lambda: not connected.query("SELECT 1 FROM events"))
    assert connected.pool() == peoples


def test_a_forged_webhook_changes_nothing(connected: Connected, simulator: Simulator) -> None:
    first, second = connected.studio.task_ids(connected.project.id)[:2]
    body = {"result": [region("a")], "ground_truth": True}
    annotation = connected.send("POST", f"api/tasks/{first}/annotations/", body)["id"]
    connected.assert_true_soon(1)
    before = connected.pool()
    forged = {"id": 4711, "task": second, "result": [region("b")], "ground_truth": True}
    project = {"id": connected.project.id, "title": "Forged", "label_config": "<View/>"}
    for action, keys in {
        "ANNOTATION_CREATED": {"annotation": forged, "task": {"id": second}},
        "ANNOTATION_UPDATED": {"annotation": {**forged, "id": annotation}, "task": {"id": first}},
        "ANNOTATIONS_CREATED": {"annotation": [forged] * 50, "task": [{"id": second}]},
        "ANNOTATIONS_DELETED": {"annotations": [{"id": annotation}]},
        "TASKS_DELETED": {"tasks": [{"id": first}]},
        "TASKS_CREATED": {"tasks": [{"id": 99_999, "data": {"text": "forged"}}]},
        "PROJECT_UPDATED": {},
    }.items():
        forgery = {"action": action, **keys, "project": project}
        assert connected.tell(json.dumps(forgery).encode()) == 200
    eventually(lambda: not connected.query("SELECT 1 FROM events"))
    assert connected.pool() == before
    assert simulator.stats()["calls"] == 0
    assert connected.query("SELECT title FROM projects")[0][0] != "Forged"


def test_whatever_comes_is_answered(connected: Connected) -> None:
    project = {"id": connected.project.id}
    known = [
        *("TASKS_CREATED", "TASKS_DELETED", "ANNOTATION_CREATED", "ANNOTATION_UPDATED"),
        *("ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED", "PROJECT_UPDATED", "NEVER_HEARD_OF"),
    ]
    for action in known:
        for body in (
            {"action": action},
            {"action": action, "project": project},
            {"action": action, "project": project, "annotation": [], "task": 7, "tasks": "x"},
        ):
            assert connected.tell(json.dumps(body).encode()) == 200
    for odd in (b"", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b"[" * 100_000):
        assert connected.tell(odd) == 400
        assert connected.tell(odd, "text/plain") == 400
    assert connected.tell(b"", route="train") == 200
    padded = {"action": "ANNOTATIONS_CREATED", "annotation": ["x" * 1000] * 12_000}
    large = json.dumps({**padded, "project": project}).encode()
    assert connected.tell(large) == 200
    assert connected.tell(large, "text/plain") == 400
    assert connected.tell(b"x" * 5_000_000) in (200, 400)
    setup = {"project": f"{connected.project.id}.1", "schema": CONFIG, "extra_params": None}
    assert connected.tell(json.dumps(setup).encode(), route="setup") == 200
    log = connected.server.log_path.read_text()
    assert "Traceback" not in log


def test_start_training_evaluates_once_by_the_secret(connected: Connected) -> None:
    for task in connected.studio.task_ids(connected.project.id)[:5]:
        body = {"result": [region("a")], "ground_truth": True}
        connected.send("POST", f"api/tasks/{task}/annotations/", body)
    connected.assert_true_soon(5)

    def press() -> None:
        connected.send("POST", f"api/ml/{connected.backend}/train", {})
        eventually(lambda: connected.query("SELECT 1 FROM events WHERE action LIKE 'START%'"))
        eventually(lambda: not connected.query("SELECT 1 FROM events"))

    def runs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = connected.server.json("runs", "list")
        return found

    connected.send("POST", f"api/ml/{connected.backend}/train", {})
    named = {"action": "START_TRAINING", "project": {"id": connected.project.id}}
    assert connected.tell(json.dumps(named).encode()) == 403, "made by hand, without a secret"
    assert connected.query("SELECT 1 FROM events WHERE action LIKE 'START%'") == []
    connected.server.cli("connect", "--project", connected.project.id)
    press()
    [run] = eventually(lambda: [r for r in runs() if r["status"] == "Completed"])
    assert (run["project_subset"], run["slot"], run["total_predictions"]) == (
        "HasGT",
        "evaluate",
        5,
    )
    assert run["metrics"]["overall"]["n"] == 5
    assert run["stale"] == ""
    press()
    assert len(runs()) == 1, "nothing changed"

    annotation = next(iter(connected.pool()))
    connected.send("PATCH", f"api/annotations/{annotation}/", {"ground_truth": False})
    eventually(lambda: runs()[0]["stale"])
    assert "1 task" in connected.server.cli("runs", "show", run["id"])
    press()
    assert len(runs()) == 2


def test_three_hundred_tasks_in_three_bursts_are_predicted_once(
    connected: Connected, simulator: Simulator
) -> None:
    studio, project_id = connected.studio, connected.project.id
    connected.server.cli("run", "Mail", "--project", project_id, "--follow")
    assert simulator.stats()["calls"] == 12
    for burst in range(3):
        studio.import_tasks(project_id, rows(100, f"burst {burst}"))
        time.sleep(2)  # people take a while between two imports

    def held() -> list[int]:
        return [sum(each.values()) for each in connected.project.versions_per_task().values()]

    eventually(lambda: held() == [1] * 312, every=1)
    eventually(
        lambda: not connected.query("SELECT 1 FROM runs WHERE status IN ('Pending', 'InProgress')")
    )
    connected.project.assert_each_task_holds("Mail__Version 1")
    assert simulator.stats()["calls"] == 312
    followed = connected.server.json("runs", "list")[:-1]
    assert len(followed) in (1, 2)
    assert sum(run["total_predictions"] for run in followed) == 300

    connected.server.cli("prompts", "follow", "Mail", "--project", project_id, "--off")
    studio.import_tasks(project_id, rows(3, "after"))
    eventually(lambda: connected.query("SELECT 1 FROM events WHERE action = 'TASKS_CREATED'"))
    eventually(lambda: not connected.query("SELECT 1 FROM events"))
    assert connected.query("SELECT 1 FROM follows") == []
    assert simulator.stats()["calls"] == 312
