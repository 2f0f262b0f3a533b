"""Connecting a real Label Studio to a real server with basic auth, mending and disconnecting."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support.live_label_studio import LiveLabelStudio, personal_token
from support.live_project import LiveProject
from support.relay import Relay, relaying
from support.server import Installation, eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

USER, PASSWORD = "labeler", "secretword"
TEXT = "Sort this message.\n\n{subject}\n\n{text}"


@pytest.fixture
def guarded(server: Installation, project: LiveProject) -> Installation:
    """A server with basic auth on all addresses, up, and a prompt of the project."""
    server.settings |= {"BASIC_AUTH_USER": USER, "BASIC_AUTH_PASS": PASSWORD, "HOST": "0.0.0.0"}
    server.start()
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    return server


@pytest.fixture
def relay(guarded: Installation) -> Iterator[Relay]:
    with relaying(guarded.url) as running:
        yield running


def annotate(project: LiveProject, task_id: int) -> None:
    project.studio.create_annotation(task_id, [])


def predicted(project: LiveProject, task_ids: list[int]) -> bool:
    held = project.versions_per_task()
    return all(held[task_id] == {"Mail__Version 1": 1} for task_id in task_ids)


def test_predict_and_webhook_get_through_basic_auth(
    guarded: Installation, project: LiveProject, relay: Relay
) -> None:
    tasks = project.studio.task_ids(project.id)[:5]
    # What Label Studio does by itself: its webhook is turned away.
    project.studio.add_backend(project.id, relay.url, "Prompts", basic_auth=(USER, PASSWORD))
    annotate(project, tasks[0])
    eventually(lambda: relay.statuses("/webhook"))
    assert set(relay.statuses("/webhook")) == {401}

    report = guarded.json("connect", "--project", project.id, "--url", relay.url)
    assert (report["outcome"], report["state"]) == ("repaired", "CO")
    assert PASSWORD not in str(report)
    relay.seen.clear()
    annotate(project, tasks[1])
    eventually(lambda: relay.statuses("/webhook"))
    assert {status // 100 for status in relay.statuses("/webhook")} == {2}
    project.studio.retrieve_predictions(project.id, tasks)
    assert relay.statuses("/predict") == [200]
    assert predicted(project, tasks)
    again = guarded.json("connect", "--project", project.id)
    assert (again["outcome"], again["url"]) == ("unchanged", relay.url)


def test_a_row_deleted_by_hand_is_made_again_and_disconnect_leaves_nothing(
    guarded: Installation, project: LiveProject, relay: Relay
) -> None:
    first = guarded.json(
        "connect", "--project", project.id, "--url", relay.url, "--prompt", "Mail",
        "--extra-params", '{"prompt": "Mail"}',
    )  # fmt: skip
    assert first["outcome"] == "created"
    studio = project.studio
    (hook,) = studio.list_webhooks(project.id)
    studio.delete_backend(first["id"])
    assert [each.id for each in studio.list_webhooks(project.id)] == [hook.id], "it stays behind"
    assert studio.get_project(project.id).model_version == "Prompts", "and so does its title"

    again = guarded.json("connect", "--project", project.id, "--url", relay.url)
    assert again["outcome"] == "created"
    (row,) = studio.list_backends(project.id)
    hooks = {each.url: each for each in studio.list_webhooks(project.id)}
    assert hooks[f"{row.url}/webhook"].headers["Authorization"].startswith("Basic ")
    assert studio.get_project(project.id).model_version == "Prompts"

    moved = guarded.json("connect", "--project", project.id, "--prompt", "Mail", "--title", "Mine")
    assert (moved["outcome"], moved["id"]) == ("repaired", again["id"])
    assert studio.get_project(project.id).model_version == "Mine"
    studio.add_webhook(project.id, "http://127.0.0.1:9/webhook")

    guarded.cli("run", "Mail", "--project", project.id, "--no-activate")
    plan = guarded.json("disconnect", "--project", project.id, "--dry-run")
    assert plan["model_version"] == "Mail__Version 1"
    done = guarded.json("disconnect", "--project", project.id, "--yes")
    assert done["disconnected"] is True
    assert studio.list_backends(project.id) == []
    left = [each.url for each in studio.list_webhooks(project.id)]
    assert left == ["http://127.0.0.1:9/webhook"], "others' webhooks stay"
    assert studio.get_project(project.id).model_version == "Mail__Version 1"
    nothing = guarded.json("disconnect", "--project", project.id, "--yes")
    assert nothing["disconnected"] is False


def test_hidden_predictions_are_shown_and_a_dead_row_moves(
    guarded: Installation, project: LiveProject
) -> None:
    studio = project.studio
    with relaying(guarded.url) as relay:
        guarded.cli("connect", "--project", project.id, "--url", relay.url)
        assert studio.list_backends(project.id)[0].state == "CO"
    hide = {"show_collab_predictions": False}
    studio._transport.send("PATCH", f"api/projects/{project.id}/", hide)
    report = guarded.json("connect", "--project", project.id)
    assert (report["outcome"], report["url"], report["state"]) == ("repaired", guarded.url, "CO")
    (row,), (hook,) = studio.list_backends(project.id), studio.list_webhooks(project.id)
    assert (row.url, hook.url) == (guarded.url, f"{guarded.url}/webhook")
    now = studio.get_project(project.id)
    assert (now.shows_predictions, now.model_version) == (True, "Prompts")
    guarded.cli("disconnect", "--project", project.id, "--yes")
    assert studio.get_project(project.id).model_version is None
    assert studio.list_webhooks(project.id) == []


def test_the_api_connects_with_the_callers_tokens(
    guarded: Installation, project: LiveProject, live: LiveLabelStudio
) -> None:
    personal = personal_token(live.url, live.token)
    refresh = {"refresh": personal}
    access = project.studio._transport.send("POST", "api/token/refresh/", refresh)["access"]
    url = f"{guarded.url}/api/projects/{project.id}"
    for header in (f"Bearer {personal}", f"Bearer {access}", f"Token {live.token}"):
        headers = {"Authorization": header}
        made = httpx.post(f"{url}/connect", json={}, headers=headers, timeout=60)
        assert (made.status_code, made.json()["outcome"]) == (200, "created"), made.text
        gone = httpx.post(f"{url}/disconnect", json={}, headers=headers, timeout=60)
        assert gone.json()["disconnected"] is True
        assert project.studio.list_webhooks(project.id) == []
    wrong = {"Authorization": "Bearer " + access[:-4] + "AAAA"}
    assert httpx.post(f"{url}/connect", json={}, headers=wrong, timeout=60).status_code == 401
    elsewhere = f"{guarded.url}/api/projects/999999/connect"
    right = {"Authorization": f"Token {live.token}"}
    assert httpx.post(elsewhere, json={}, headers=right, timeout=60).status_code == 404
