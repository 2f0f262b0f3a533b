"""/webhook and /train: whatever comes is answered at once, and queued when it concerns us."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from ml_backend.store import Event
from ml_backend.web.protocol import webhook
from support.place import Place
from support.tables import each_row

CONTENT = "application/json"
ROUTES = ["/webhook", "/prompts/1/webhook", "/prompts/1/versions/1/webhook"]


@pytest.fixture
def connected(place: Place) -> Place:
    place.prompt()
    assert place.setup().status_code == 200
    return place


def tell(place: Place, body: object, route: str = "/webhook", **more: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return place.post(route, data=data, **{"content_type": CONTENT, **more})


def project(place: Place) -> dict[str, Any]:
    """A project as Label Studio sends it, cut short."""
    return {"id": place.project_id, "title": "A", "label_config": place.config}


def events(place: Place) -> list[Event]:
    return place.container.store.events.of_project(place.project_id)


def ids_of(place: Place, action: str, **more: Any) -> tuple[Any, Any]:
    response = tell(place, {"action": action, **more, "project": project(place)})
    assert response.status_code == 200
    assert response.json["status"] == "ok"
    [event] = events(place)
    assert event.action == action
    return event.task_ids, event.annotation_ids


@pytest.mark.slow
def test_one_annotation(connected: Place) -> None:
    annotation = {"id": 31, "task": 9, "result": [], "ground_truth": False}
    task = {"id": 9, "data": {"text": "a task"}}
    found = ids_of(connected, "ANNOTATION_UPDATED", annotation=annotation, task=task)
    assert found == ((9,), (31,))


def test_promotion_sends_lists(connected: Place) -> None:
    rows = [{"id": 30 + n, "task": 9 + n, "result": []} for n in range(3)]
    tasks = [{"id": 9 + n, "data": {}} for n in range(3)]
    found = ids_of(connected, "ANNOTATIONS_CREATED", annotation=rows, task=tasks)
    assert found == ((9, 10, 11), (30, 31, 32))


def test_deleted_annotations_come_as_ids_alone(connected: Place) -> None:
    found = ids_of(connected, "ANNOTATIONS_DELETED", annotations=[{"id": 31}, {"id": 30}])
    assert found == (None, (30, 31))


@pytest.mark.parametrize("action", ["TASKS_CREATED", "TASKS_DELETED"])
@pytest.mark.slow
def test_tasks(connected: Place, action: str) -> None:
    assert ids_of(connected, action, tasks=[{"id": 9}, {"id": 11}]) == ((9, 11), None)


@pytest.mark.parametrize("action", ["PROJECT_UPDATED", "START_TRAINING"])
@pytest.mark.slow
def test_events_without_ids(connected: Place, action: str) -> None:
    assert ids_of(connected, action) == (None, None)


@pytest.mark.slow
def test_junk_among_ids_is_left_out(connected: Place) -> None:
    junk: list[Any] = [None, 7, "x", [], {}, {"id": None}, {"id": True}, {"id": -1}, {"id": 2**40}]
    rows = [*junk, {"id": "44", "task": {"id": 5}}, {"id": 45, "task": [1]}]
    assert ids_of(connected, "ANNOTATIONS_CREATED", annotation=rows) == ((5,), (44, 45))


@pytest.mark.slow
def test_too_many_ids_are_not_kept(connected: Place) -> None:
    rows = [{"id": n} for n in range(1, webhook.MANY_IDS + 2)]
    assert ids_of(connected, "TASKS_DELETED", tasks=rows) == (None, None)


@pytest.mark.parametrize("form", ["{id}", '"{id}"', '"{id}.1795381976"', '{{"id": {id}}}'])
@pytest.mark.slow
def test_every_form_of_a_project(connected: Place, form: str) -> None:
    said = form.format(id=connected.project_id)
    body = f'{{"action": "PROJECT_UPDATED", "project": {said}}}'.encode()
    assert tell(connected, body).json["status"] == "ok"
    assert len(events(connected)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES)
def test_every_address_hears(connected: Place, route: str) -> None:
    body = {"action": "PROJECT_UPDATED", "project": project(connected)}
    assert tell(connected, body, route).json["status"] == "ok"
    assert len(events(connected)) == 1


@each_row(
    "body",
    [
        {"action": "START_TRAINING"},
        {"action": "ANNOTATION_CREATED", "project": None},
        {"action": "NEVER_HEARD_OF", "project": {"id": 1}},
        {"action": ["ANNOTATION_CREATED"], "project": {"id": 1}},
        {"action": "SERVER_STARTED", "project": {"id": 1}},
        {"action": "ANNOTATION_CREATED", "project": {"id": 999_999}},
        {"action": "ANNOTATION_CREATED", "project": {"id": 10**20}},
        {"action": "ANNOTATION_CREATED", "project": True},
        {"project": {"id": 1}},
        {},
    ],
)
@pytest.mark.slow
def test_what_concerns_nothing_here_is_ignored(connected: Place, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    response = connected.client.post("/webhook", data=data, content_type=CONTENT)
    assert (response.status_code, response.json["status"]) == (200, "ignored")
    assert connected.container.store.events.waiting() == 0


ODD = [b"", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b"[" * 100_000, b"x" * 5_000_000]


@pytest.mark.parametrize("route", [*ROUTES, "/train", "/prompts/1/train"])
@pytest.mark.slow
def test_odd_bodies_get_a_clear_answer(connected: Place, route: str) -> None:
    for body in ODD:
        began = time.process_time()
        response = tell(connected, body, route)
        assert time.process_time() - began < 1, body[:50]
        assert response.status_code in (200, 400), body[:50]
        assert isinstance(response.json, dict)
        if response.status_code == 400:
            assert "JSON" in response.json["error"]
    assert connected.container.store.events.waiting() == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
@pytest.mark.parametrize("size", [0, 5_000_000])
def test_a_web_page_elsewhere_can_tell_us_nothing(
    connected: Place, kind: str | None, size: int
) -> None:
    body = {"action": "START_TRAINING", "project": project(connected), "padding": "x" * size}
    for route in ("/webhook", "/train"):
        response = tell(connected, body, route, content_type=kind)
        assert response.status_code == 400
        assert "application/json" in response.status
    assert events(connected) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.slow
def test_other_methods_are_refused(connected: Place, method: str) -> None:
    response = connected.client.open("/webhook", method=method)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


# bulk


def bulk(place: Place, number: int) -> bytes:
    """A promotion as Label Studio sends it, keys in its order, about 1 KB an annotation."""
    annotation = {
        "result": [{"value": {"text": '"project": 77, "action": "TASKS_DELETED" ' + "x" * 900}}],
        "project": place.project_id,
    }
    rows = [{"id": n, "task": n, **annotation} for n in range(1, number + 1)]
    tasks = [{"id": n, "data": {}, "project": place.project_id} for n in range(1, number + 1)]
    body = {
        "action": "ANNOTATIONS_CREATED",
        "annotation": rows,
        "project": project(place),
        "task": tasks,
    }
    return json.dumps(body).encode()


@pytest.mark.slow
def test_a_bulk_body_is_never_parsed(connected: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    body = bulk(connected, 10_000)
    assert len(body) > 10_000_000
    monkeypatch.setattr(webhook.json, "loads", None)
    began = time.process_time()
    response = tell(connected, body)
    took = time.process_time() - began
    monkeypatch.undo()
    assert response.json["status"] == "ok"
    assert took < 1
    [event] = events(connected)
    assert (event.action, event.task_ids) == ("ANNOTATIONS_CREATED", None)
    assert connected.container.store.events.waiting() == 1, "no event for what tasks say"


@pytest.mark.slow
def test_a_large_body_split_anywhere_is_understood(
    connected: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "PARSED", 100)
    body = json.dumps(
        {
            "padding": "x" * 300,
            "action": "TASKS_CREATED",
            "project": {"id": connected.project_id, "title": "x" * 300},
        }
    ).encode()
    for chunk in range(40, 60):
        monkeypatch.setattr(webhook, "CHUNK", chunk)
        assert tell(connected, body).json["status"] == "ok"
    assert len(events(connected)) == 20


@pytest.mark.slow
def test_what_is_beyond_all_measure_is_read_to_its_end(
    connected: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "LOOKED_THROUGH", 6_000_000)
    start = f'{{"action": "TASKS_CREATED", "project": {connected.project_id}, "x": "'.encode()
    assert tell(connected, start + b"x" * 9_000_000).json["status"] == "ok"
    assert tell(connected, b"x" * 9_000_000 + start).json["status"] == "ignored"


@pytest.mark.slow
def test_a_candidate_that_is_no_project_of_ours_is_dropped(connected: Place) -> None:
    task = {"id": 1, "data": {"project": 424242, "text": "x" * 5_000_000}}
    body = {"action": "TASKS_CREATED", "tasks": [task], "project": project(connected)}
    assert tell(connected, body).json["status"] == "ok"
    assert connected.container.store.events.waiting() == 1


# train


@pytest.mark.slow
def test_train_is_start_training(connected: Place) -> None:
    for body in ({"project": connected.uid}, {"project": project(connected), "action": "x"}):
        assert tell(connected, body, "/train").json["status"] == "ok"
    assert [event.action for event in events(connected)] == ["START_TRAINING"] * 2


@pytest.mark.slow
def test_bare_train_does_nothing(connected: Place) -> None:
    for body, kind in ((b"", CONTENT), (b"", None), (b"{}", CONTENT)):
        response = tell(connected, body, "/train", content_type=kind)
        assert (response.status_code, response.json["status"]) == (200, "ignored")


# a database in trouble


@pytest.mark.slow
def test_a_failing_database_is_no_server_error(
    connected: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(connected.container.store.events, "add", fail)
    response = tell(connected, {"action": "PROJECT_UPDATED", "project": project(connected)})
    assert response.status_code == 200
    monkeypatch.undo()
    connected.container.event_worker._begun = True
    connected.container.event_worker.work()
    assert len(events(connected)) == 2, "it is looked into all the same"


@pytest.mark.slow
def test_a_locked_database_keeps_nobody_waiting(connected: Place) -> None:
    body = {"action": "PROJECT_UPDATED", "project": project(connected)}
    with connected.container.store.database.write():
        # Answered within: the database is locked until after them.
        responses = [tell(connected, body) for _ in range(2)]
    assert [each.status_code for each in responses] == [200, 200]
    connected.container.events._queueing.submit(lambda: None).result(30)
    assert len(events(connected)) == 2


# over the wire


@pytest.mark.slow
def test_a_bulk_body_in_chunks_goes_over_the_wire_within_a_second(connected: Place) -> None:
    server = make_server("127.0.0.1", 0, connected.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    body = bulk(connected, 10_000)
    parts = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    headers = {"Content-Type": CONTENT, "Transfer-Encoding": "chunked"}
    try:
        link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
        began = time.process_time()
        link.request("POST", "/webhook", parts, headers, encode_chunked=True)
        answer = json.load(link.getresponse())
        took = time.process_time() - began
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert answer["status"] == "ok"
    assert took < 1
