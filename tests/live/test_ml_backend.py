"""A connected Label Studio, asked through its own API: sources, retrieval, interactive mode."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from ml_backend.errors import LabelStudioRejected
from support.by_hand import get_task
from support.live_project import LiveProject
from support.server import Installation, eventually
from support.simulator import Simulator

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

CONFIG = """<View>
  <TextArea name="prompt" toName="text"/>
  <Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""


@pytest.fixture
def project(make_project: Callable[..., LiveProject]) -> LiveProject:
    return make_project(CONFIG, [{"text": f"message number {n}."} for n in range(50)])


def reported(project: LiveProject) -> str | None:
    """The model version that `/setup` says, as Label Studio shows it."""
    [backend] = project.studio.list_backends(project.id)
    assert backend.state == "CO", backend.error
    return backend.model_version


def retrieve(project: LiveProject, number: int = 3) -> str | None:
    """Retrieve predictions of the first tasks; return the one version all of them have."""
    ids = project.studio.task_ids(project.id)[:number]
    project.studio.retrieve_predictions(project.id, ids)
    rows = [row for row in project.studio.predictions(project.id) if row.task_id in ids]
    assert {row.task_id for row in rows} == set(ids)
    return max(rows, key=lambda row: row.id).model_version


def reconnect(
    project: LiveProject, server: Installation, path: str = "", extra: Any = None
) -> None:
    """Connect the project by Label Studio's own API, as its Settings > Model page does."""
    for backend in project.studio.list_backends(project.id):
        project.studio.delete_backend(backend.id)
    url = f"{server.url}{path}"
    made = project.studio.add_backend(project.id, url, "Prompts", extra_params=extra)
    body = {"project": project.id, "url": url, "title": "Prompts", "is_interactive": True}
    project.studio._transport.send("PATCH", f"api/ml/{made.id}", body, what="the backend")


def is_connected(project: LiveProject, server: Installation) -> bool:
    with suppress(LabelStudioRejected):
        reconnect(project, server)
        return True
    return False


def interactive(project: LiveProject, text: str | None) -> dict[str, Any]:
    """What the editor gets for a prompt typed there; None types nothing."""
    [backend] = project.studio.list_backends(project.id)
    region = {"from_name": "prompt", "to_name": "text", "type": "textarea"}
    result = [] if text is None else [{**region, "value": {"text": [text]}}]
    body = {"task": project.studio.task_ids(project.id)[0], "context": {"result": result}}
    answer = project.studio._transport.send(
        "POST", f"api/ml/{backend.id}/interactive-annotating", body, what="the backend"
    )
    assert isinstance(answer, dict)
    return answer


def test_each_source_of_the_prompt_wins_in_its_order(
    server: Installation, project: LiveProject, simulator: Simulator
) -> None:
    path = f"api/projects/{project.id}/"
    words = "<p>Choose <b>a</b> for praise.</p>"
    project.studio._transport.send("PATCH", path, {"expert_instruction": words}, what="project")
    server.start()
    # Right after the start the instructions may take too long to be read.
    eventually(lambda: is_connected(project, server))
    first = reported(project)
    assert first is not None
    assert first.startswith(f"Project {project.id} instructions__v-")
    assert retrieve(project) == first

    for title in ("By address", "Stored"):
        text = f"{title}: {{text}}"
        server.cli("prompts", "create", title, "--project", project.id, "--text", text)
    assert reported(project) == "Stored__Version 1" == retrieve(project)

    reconnect(project, server, extra='{"prompt": "Is it a or b? {text}"}')
    label = reported(project)
    assert label is not None
    assert label.startswith(f"Project {project.id} extra parameters__v-")
    assert retrieve(project) == label

    reconnect(project, server, path="/prompts/By%20address", extra={"prompt": 1})
    assert reported(project) == "By address__Version 1" == retrieve(project)

    simulator.control(markers=["Typed just now: <text>message number 0."])
    answer = interactive(project, "Typed just now: {text}")
    assert "data" in answer, answer
    answer = answer["data"]
    assert answer["model_version"] == "interactive prompt"
    assert {region["from_name"] for region in answer["result"]} == {"prompt", "topic"}
    assert simulator.stats()["markers"]["Typed just now: <text>message number 0."] == 1
    assert interactive(project, None)["data"]["model_version"] == "By address__Version 1"
    assert "nowhere" in str(interactive(project, "Typed {nowhere}")["errors"])


def test_retrieving_twice_adds_nothing_and_a_new_version_replaces(
    server: Installation, project: LiveProject
) -> None:
    text = "Which topic? {text}"
    server.cli("prompts", "create", "Topics", "--project", project.id, "--text", text)
    server.start()
    reconnect(project, server)
    for _ in range(2):
        assert retrieve(project, 50) == "Topics__Version 1"
        project.assert_each_task_holds("Topics__Version 1")
    server.cli("versions", "create", "Topics", "--text", "Another: {text}")
    server.cli("versions", "activate", "Topics", "Version 2")
    assert reported(project) == "Topics__Version 2" == retrieve(project, 50)
    # Label Studio stores beside what stood there; the sweep, seconds later, takes it away.
    eventually(lambda: len(project.studio.predictions(project.id)) == 50)
    project.assert_each_task_holds("Topics__Version 2")


def test_one_poisoned_task_costs_only_itself(
    server: Installation, project: LiveProject, simulator: Simulator
) -> None:
    simulator.control({"match": "number 7.", "fault": "garbage"})
    text = "Which topic? {text}"
    server.cli("prompts", "create", "Topics", "--project", project.id, "--text", text)
    server.start()
    reconnect(project, server)
    ids = project.studio.task_ids(project.id)
    project.studio.retrieve_predictions(project.id, ids)
    held = {row.task_id for row in project.studio.predictions(project.id)}
    assert set(ids) - held == {ids[7]}


def test_what_a_deadline_leaves_arrives_by_itself(
    server: Installation, project: LiveProject, simulator: Simulator
) -> None:
    simulator.control(latency=0.5)
    server.settings |= {"LLM_MAX_CONCURRENCY": "4", "PREDICT_DEADLINE": "5"}
    text = "Which topic? {text}"
    server.cli("prompts", "create", "Topics", "--project", project.id, "--text", text)
    server.start()
    reconnect(project, server)
    ids = project.studio.task_ids(project.id)
    project.studio.retrieve_predictions(project.id, ids)
    ready = len(project.studio.predictions(project.id))
    assert 4 <= ready < 50
    eventually(lambda: len(project.studio.predictions(project.id)) == 50)
    project.assert_each_task_holds("Topics__Version 1")
    eventually(lambda: [run["status"] for run in server.json("runs", "list")] == ["Completed"])
    assert simulator.stats()["calls"] == 50


def test_tasks_opened_during_a_run_pay_nothing_twice(
    server: Installation, project: LiveProject, simulator: Simulator
) -> None:
    simulator.control(latency=0.4)
    server.settings |= {"LLM_MAX_CONCURRENCY": "4"}
    text = "Which topic? {text}"
    server.cli("prompts", "create", "Topics", "--project", project.id, "--text", text)
    server.start()
    reconnect(project, server)
    run = server.json("run", "Topics", "--project", project.id, "--detach")
    eventually(lambda: simulator.stats()["calls"] > 4)
    for task_id in project.studio.task_ids(project.id)[:12]:
        get_task(project.studio, task_id)
    eventually(lambda: server.json("runs", "show", run["id"])["status"] == "Completed")
    assert simulator.stats()["calls"] == 50
    eventually(lambda: len(project.studio.predictions(project.id)) == 50)
    project.assert_each_task_holds("Topics__Version 1")
