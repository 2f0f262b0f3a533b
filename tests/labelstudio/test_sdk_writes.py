"""Writes by the SDK's methods: sent once, with our token and timeouts, answered in our terms."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ml_backend.errors import (
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    LabelStudioUnreachable,
)
from ml_backend.labelstudio import ServerLabelStudio
from support.wire import CONFIG, region, row

WRITES: dict[str, tuple[str, str, Any]] = {
    "create_prediction": (
        "POST /api/predictions/",
        "/api/predictions/",
        lambda door, site: door.create_prediction(row(site.task_ids[0])),
    ),
    "delete_prediction": (
        "DELETE /api/predictions/{id}/",
        "/api/predictions/",
        lambda door, site: door.delete_prediction(site.prediction_id),
    ),
    "set_model_version": (
        "PATCH /api/projects/{id}/",
        "/api/projects/",
        lambda door, site: door.set_model_version(site.project_id, "v"),
    ),
    "show_predictions": (
        "PATCH /api/projects/{id}/",
        "/api/projects/",
        lambda door, site: door.show_predictions(site.project_id),
    ),
    "promote": (
        "POST /api/dm/actions/",
        "/api/dm/actions",
        lambda door, site: door.promote(site.project_id, ["v"], site.task_ids),
    ),
    "create_project": (
        "POST /api/projects/",
        "/api/projects/",
        lambda door, site: door.create_project("Another", CONFIG),
    ),
    "import_tasks": (
        "POST /api/projects/{id}/import",
        "/import",
        lambda door, site: door.import_tasks(site.project_id, [{"text": "more"}]),
    ),
    "create_annotation": (
        "POST /api/tasks/{id}/annotations/",
        "/annotations/",
        lambda door, site: door.create_annotation(site.task_ids[0], [region()]),
    ),
    "add_backend": (
        "POST /api/ml/",
        "/api/ml/",
        lambda door, site: door.add_backend(site.project_id, "http://127.0.0.1:9", "Prompts"),
    ),
    "add_webhook": (
        "POST /api/webhooks/",
        "/api/webhooks/",
        lambda door, site: door.add_webhook(site.project_id, "http://127.0.0.1:9/webhook"),
    ),
}
PASSES = (429, 503)
"""Statuses after which the SDK tries again by itself, as it does after 409 and 500."""


class Seeded:
    def __init__(self, project_id: int, task_ids: list[int], prediction_id: int) -> None:
        self.project_id = project_id
        self.task_ids = task_ids
        self.prediction_id = prediction_id


@pytest.fixture
def seeded(fake, door) -> Seeded:
    project_id, task_ids = fake.seed(CONFIG, [{"text": f"text {n}"} for n in range(3)])
    return Seeded(project_id, task_ids, door.create_prediction(row(task_ids[0])))


@pytest.fixture
def hasty(fake) -> Iterator[ServerLabelStudio]:
    """A client whose writes have a quarter of a second."""
    opened = ServerLabelStudio(fake.url, fake.token, timeout=10, write_timeout=0.25)
    yield opened
    opened.close()


def since(fake: Any, before: dict[str, int]) -> dict[str, int]:
    """Writes that reached Label Studio after ``before``."""
    now = fake.state()["calls"]
    return {
        call: count - before.get(call, 0)
        for call, count in now.items()
        if not call.startswith("GET ") and count > before.get(call, 0)
    }


@pytest.mark.parametrize("status", [*PASSES, 409, 500])
@pytest.mark.parametrize("name", WRITES)
def test_write_that_failed_is_sent_once(fake, door, seeded, name, status):
    call, path, write = WRITES[name]
    before = fake.state()["calls"]
    fake.fail(path, "status", method=call.split()[0], status=status, body='{"detail": "no"}')
    with pytest.raises(LabelStudioError) as caught:
        write(door, seeded)
    assert since(fake, before) == {call: 1}
    assert caught.value.status == status
    assert caught.value.maybe_done is (status >= 500)
    assert isinstance(caught.value, LabelStudioUnreachable) is (status in PASSES)
    assert isinstance(caught.value, LabelStudioRejected) is (status == 409)


@pytest.mark.parametrize("name", WRITES)
def test_write_whose_connection_broke_is_sent_once_and_may_have_taken_effect(
    fake, door, seeded, name
):
    call, path, write = WRITES[name]
    before = fake.state()["calls"]
    fake.fail(path, "drop_connection_after", method=call.split()[0])
    with pytest.raises(LabelStudioUnreachable) as caught:
        write(door, seeded)
    assert caught.value.maybe_done is True
    assert since(fake, before) == {call: 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["create_prediction", "promote", "show_predictions"])
def test_write_has_our_time_and_not_the_sdks(fake, hasty, seeded, name):
    call, path, write = WRITES[name]
    fake.control(latency=[{"path": path, "method": call.split()[0], "seconds": 0.5}])
    with pytest.raises(LabelStudioUnreachable, match="timed out") as caught:
        write(hasty, seeded)
    assert caught.value.maybe_done is True
    time.sleep(0.5)  # it takes effect by then, and not in the next test


def test_refused_connection_means_that_nothing_was_done(fake, door, seeded):
    fake.control(down=True)
    try:
        with pytest.raises(LabelStudioUnreachable) as caught:
            door.delete_prediction(seeded.prediction_id)
    finally:
        fake.control(down=False)
    assert caught.value.maybe_done is False


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "17", "null", "[]", '{"it": "works"}'])
@pytest.mark.parametrize("name", ["create_prediction", "promote", "create_project", "add_webhook"])
def test_answer_of_another_server_may_hide_an_effect(fake, door, seeded, name, body):
    call, path, write = WRITES[name]
    fake.fail(path, "status", method=call.split()[0], status=200, body=body)
    with pytest.raises(LabelStudioError, match=r"is not Label Studio|does not send") as caught:
        write(door, seeded)
    assert caught.value.maybe_done is True


def test_label_studios_own_words_arrive(fake, door, seeded):
    with pytest.raises(LabelStudioRejected, match="model_version: Model version"):
        door.set_model_version(seeded.project_id, "none has this")
    with pytest.raises(LabelStudioNotFound, match="no project 987654"):
        door.set_model_version(987654, "v")


def test_texts_a_database_cannot_hold_are_cleaned(door, seeded):
    prediction = row(seeded.task_ids[1], "né\0w\ud800", score=None)
    prediction["result"][0]["meta"] = {"text": ["a\0b\udfff", "ü 😀"]}
    made = door.create_prediction(prediction)
    found = {each.id: each for each in door.predictions(seeded.project_id)}[made]
    assert found.model_version == "néw?"
    assert found.result[0]["meta"] == {"text": ["ab?", "ü 😀"]}
    assert found.score is None


def test_guard_is_the_last_thing_before_a_write_and_keeps_it_from_being_sent(fake, door, seeded):
    before = fake.state()["calls"]

    class Lost(Exception):
        pass

    def check() -> None:
        raise Lost

    with door.guarded(check):
        for name in ("delete_prediction", "promote", "create_prediction"):
            with pytest.raises(Lost):
                WRITES[name][2](door, seeded)
        with pytest.raises(Lost):
            door.import_predictions(seeded.project_id, [])
        assert door.get_project(seeded.project_id).id == seeded.project_id
    assert since(fake, before) == {}
    assert door.delete_prediction(seeded.prediction_id) is True


@pytest.mark.slow
def test_personal_access_token_goes_with_writes_of_both_kinds(fake, seeded):
    headers = {"Authorization": f"Token {fake.token}"}
    token = httpx.post(f"{fake.url}/api/token/", headers=headers).json()["token"]
    door = ServerLabelStudio(fake.url, token)
    try:
        assert door.import_predictions(seeded.project_id, [row(seeded.task_ids[1])]) == 1
        assert door.promote(seeded.project_id, ["v"], seeded.task_ids) == 2
        held = door._transport._connection._token
        held._access = "refused.by.all"
        assert door.delete_prediction(seeded.prediction_id) is True
    finally:
        door.close()
    assert fake.state()["calls"]["POST /api/token/refresh/"] == 2


def test_write_after_close_opens_anew(door, seeded):
    door.close()
    assert door.delete_prediction(seeded.prediction_id) is True


def test_what_the_sdk_refuses_to_send_is_no_answer_of_label_studio(fake, door, seeded):
    before = fake.state()["calls"]
    with pytest.raises(TypeError):
        door.create_prediction({**row(seeded.task_ids[0]), "no_such_field": 1})
    assert since(fake, before) == {}
