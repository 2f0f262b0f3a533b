"""Secrets of projects on a real Label Studio: several projects, changes under way, old rows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from support.live_label_studio import LiveLabelStudio
from support.live_project import LiveProject
from support.relay import relaying
from support.server import Installation, eventually
from support.simulator import Simulator

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

USER, PASSWORD = "labeler", "the operator's own"
CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""

Make = Callable[..., LiveProject]


def prompted(server: Installation, make_project: Make, title: str) -> LiveProject:
    project = make_project(CONFIG, [{"text": f"{title} number {n}."} for n in range(20)])
    text = f"{title}: {{text}}"
    server.cli("prompts", "create", title, "--project", project.id, "--text", text)
    return project


def retrieved(project: LiveProject, number: int = 20) -> set[str]:
    """The versions the first tasks have once Label Studio has retrieved predictions."""
    ids = project.studio.task_ids(project.id)[:number]
    project.studio.retrieve_predictions(project.id, ids)
    rows = [row for row in project.studio.predictions(project.id) if row.task_id in ids]
    assert {row.task_id for row in rows} == set(ids)
    return {str(row.model_version) for row in rows}


def told_by_label_studio(live: LiveLabelStudio, *project_ids: int) -> str:
    """All that its API says of connections and webhooks."""
    headers = {"Authorization": f"Token {live.token}"}
    paths = ["api/webhooks/", *(f"api/ml?project={each}" for each in project_ids)]
    answers = (httpx.get(f"{live.url}/{path}", headers=headers, timeout=60) for path in paths)
    return "".join(answer.text for answer in answers)


def test_each_project_has_its_own_secret_and_nobody_reads_it(
    server: Installation, make_project: Make, live: LiveLabelStudio
) -> None:
    server.settings |= {"BASIC_AUTH_USER": USER, "BASIC_AUTH_PASS": PASSWORD, "HOST": "0.0.0.0"}
    one = prompted(server, make_project, "One")
    two = prompted(server, make_project, "Two")
    server.start()
    # As compose's file and people by hand connected before: with the operator's pair.
    for project in (one, two):
        project.studio.add_backend(project.id, server.url, "Prompts", basic_auth=(USER, PASSWORD))
    assert (retrieved(one, 3), retrieved(two, 3)) == ({"One__Version 1"}, {"Two__Version 1"})
    for project in (one, two):
        report = server.json("connect", "--project", project.id)
        assert (report["outcome"], report["closed"]) == ("repaired", True)
    assert (retrieved(one), retrieved(two)) == ({"One__Version 1"}, {"Two__Version 1"})
    rows = [project.studio.list_backends(project.id)[0] for project in (one, two)]
    assert [row.auth_user.rpartition("-")[0] for row in rows] == [
        f"project-{one.id}", f"project-{two.id}",
    ]  # fmt: skip
    assert PASSWORD not in told_by_label_studio(live, one.id, two.id)
    # What a webhook shows opens events of its project and nothing else.
    [hook] = one.studio.list_webhooks(one.id)
    header = {"Authorization": hook.headers["Authorization"]}
    body: dict[str, Any] = {"project": f"{one.id}.1", "tasks": [], "label_config": CONFIG}
    assert httpx.post(f"{server.url}/predict", json=body, headers=header).status_code == 403
    event = {"action": "PROJECT_UPDATED", "project": {"id": one.id}}
    assert httpx.post(f"{server.url}/webhook", json=event, headers=header).status_code == 200
    event["project"] = {"id": two.id}
    assert httpx.post(f"{server.url}/webhook", json=event, headers=header).status_code == 403


def test_a_secret_changes_while_predictions_go_on(
    server: Installation, make_project: Make, simulator: Simulator
) -> None:
    project = prompted(server, make_project, "Mail")
    server.start()
    with relaying(server.url) as relay:
        server.cli("connect", "--project", project.id, "--url", relay.url)
        simulator.control(latency=0.3)
        changes = [0]
        stop = threading.Event()

        def change() -> None:
            while not stop.is_set():
                server.json("connect", "--project", project.id, "--new-secret")
                changes[0] += 1

        changing = threading.Thread(target=change)
        changing.start()
        try:
            eventually(lambda: changes[0] > 0)
            assert retrieved(project) == {"Mail__Version 1"}
            eventually(lambda: changes[0] > 2)
        finally:
            stop.set()
            changing.join()
        assert set(relay.statuses("/predict")) == {200}
        body = {"result": [], "lead_time": 1}
        task = project.studio.task_ids(project.id)[0]
        relay.seen.clear()
        project.studio._transport.send("POST", f"api/tasks/{task}/annotations/", body)
        eventually(lambda: relay.statuses("/webhook"))
        assert set(relay.statuses("/webhook")) == {200}


def test_by_hand_without_a_secret_goes_on_until_it_is_connected(
    server: Installation, make_project: Make
) -> None:
    project = prompted(server, make_project, "Mail")
    other = prompted(server, make_project, "Hidden")
    server.start()
    project.studio.add_backend(project.id, server.url, "By hand")
    assert retrieved(project, 5) == {"Mail__Version 1"}
    body = {"project": f"{other.id}.1", "tasks": [], "label_config": CONFIG}
    assert httpx.post(f"{server.url}/predict", json=body, timeout=60).status_code == 403
    findings = {each["name"]: each for each in server.json("doctor")["checks"]}
    assert "without a secret" in findings["secrets"]["message"]
    assert server.json("connect", "--project", project.id)["outcome"] == "repaired"
    assert retrieved(project) == {"Mail__Version 1"}
    body = {"project": f"{project.id}.1", "tasks": [], "label_config": CONFIG}
    assert httpx.post(f"{server.url}/predict", json=body, timeout=60).status_code == 403
    server.cli("disconnect", "--project", project.id, "--yes")
    project.studio.add_backend(project.id, server.url, "By hand again")
    assert retrieved(project) == {"Mail__Version 1"}
