"""Bad answers, bad data and bad settings: each costs itself alone and says what to do."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from support.live_project import LiveProject
from support.server import Installation, eventually
from support.simulator import Simulator

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

TEXT = "Sort this message.\n\n{subject}\n\n{text}"
CHOICES = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices></View>"""


def spoil_three(simulator: Simulator, texts: dict[int, str], **behaviour: Any) -> dict[str, int]:
    """Make the model fail on three tasks of the project; return them by fault."""
    ids = sorted(texts)
    spoiled = {"garbage": ids[10], "unknown_label": ids[77], "too_long": ids[150]}
    rules = [{"match": texts[task], "fault": fault} for fault, task in spoiled.items()]
    simulator.control(*rules, latency=0.01, **behaviour)
    return spoiled


def texts_of(project: LiveProject) -> dict[int, str]:
    pages = project.studio.iter_tasks(project.id)
    return {task.id: task.data["text"] for page in pages for task in page}


def test_bad_answers_cost_only_themselves_in_a_run(
    server: Installation, project: LiveProject, simulator: Simulator
) -> None:
    spoiled = spoil_three(simulator, texts_of(project), rate_limit_for=2)
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    run = server.json("run", "Mail", "--project", project.id)
    assert run["status"] == "Completed"
    assert run["total_predictions"] >= 198
    held = project.versions_per_task()
    failed = {task for task, versions in held.items() if not versions}
    assert failed == {spoiled["garbage"], spoiled["too_long"]}
    assert all(versions.total() == 1 for task, versions in held.items() if task not in failed)
    listed = server.json("runs", "failures", run["id"])
    reasons = {failure["task"]: failure for failure in listed}
    assert set(reasons) == failed
    assert reasons[spoiled["garbage"]]["kind"] == "invalid_answer"
    assert reasons[spoiled["garbage"]]["raw"]
    assert reasons[spoiled["too_long"]]["kind"] == "too_long"
    # Nothing else is lost: asking again for what is missing, with the model well, fills the gaps.
    simulator.control(latency=0.01)
    server.cli("run", "Mail", "--project", project.id, "--only-missing")
    project.assert_each_task_holds("Mail__Version 1")


def test_bad_answers_cost_only_themselves_in_predict(
    server: Installation, project: LiveProject, simulator: Simulator
) -> None:
    spoiled = spoil_three(simulator, texts_of(project))
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.start()
    server.cli("connect", "--project", project.id, "--url", server.url)
    project.studio.retrieve_predictions(project.id, project.studio.task_ids(project.id))
    held = project.versions_per_task()
    failed = {task for task, versions in held.items() if not versions}
    assert failed == {spoiled["garbage"], spoiled["too_long"]}
    assert all(versions.total() == 1 for task, versions in held.items() if task not in failed)


ODD_DATA = [
    {"text": ""},
    {"text": "   \n"},
    {"text": "👩‍👩‍👧‍👦 émoji 🇩🇪 \u202eright to left\u202c"},
    {"text": "x" * 1_000_000},
    {"text": None},
    {"other": "no text at all"},
    {"text": 12.5},
    {"text": ["a", "list"]},
    {"text": {"an": "object"}},
    {"text": "{text} {unknown} {{ %s {0} ${jndi}"},
    {"text": "plain"},
]


def test_odd_task_data_does_not_break_a_run(
    server: Installation, make_project: Callable[..., LiveProject], simulator: Simulator
) -> None:
    project = make_project(CHOICES, [{"data": {"text": "regular"}} for _ in ODD_DATA])
    # An import would refuse some of these; changing a task does not.
    for task_id, data in zip(project.studio.task_ids(project.id), ODD_DATA, strict=True):
        project.change_task(task_id, data)
    server.cli("prompts", "create", "Odd", "--project", project.id, "--text", "Label {text}")
    run = server.json("run", "Odd", "--project", project.id)
    assert run["status"] == "Completed"
    assert (run["succeeded"], run["failed"]) == (7, 4)
    listed = server.json("runs", "failures", run["id"])
    assert {failure["kind"] for failure in listed} == {"no_input"}
    held = project.versions_per_task()
    assert sum(versions.total() for versions in held.values()) == 7

    server.start()
    server.cli("connect", "--project", project.id, "--url", server.url)
    server.cli("predictions", "delete", "--project", project.id, "--all", "--yes")
    project.studio.retrieve_predictions(project.id, project.studio.task_ids(project.id))
    held = project.versions_per_task()
    assert sum(versions.total() for versions in held.values()) == 7


def test_each_mistake_is_told_and_nothing_is_half_done(
    server: Installation, make_project: Callable[..., LiveProject], simulator: Simulator
) -> None:
    project = make_project(CHOICES, [{"data": {"text": "hello"}}])
    empty = make_project(CHOICES, [])
    audio = make_project(
        '<View><Audio name="a" value="$a"/>'
        '<Labels name="l" toName="a"><Label value="Noise"/></Labels></View>',
        [],
    )
    server.cli("prompts", "create", "P", "--project", project.id, "--text", "Label {text}")
    run = ("run", "P", "--project", project.id)

    wrong = server.cli(*run, code=1, env={"LABEL_STUDIO_API_KEY": "0" * 40})
    assert "token" in wrong
    unset = server.cli(*run, code=1, env={"LABEL_STUDIO_URL": ""})
    assert "LABEL_STUDIO_URL" in unset
    nobody = server.cli(*run, code=1, env={"LABEL_STUDIO_URL": "http://127.0.0.1:9"})
    assert "127.0.0.1:9" in nobody
    assert "999999" in server.cli("run", "P", "--project", 999999, code=1)
    assert "no tasks" in server.cli("run", "P", "--project", empty.id, code=1)
    unanswerable = server.cli(
        "prompts", "create", "Q", "--project", audio.id, "--text", "x", code=1
    )
    assert "Audio" in unanswerable or "audio" in unanswerable
    unknown = server.cli("versions", "create", "P", "--text", "Label {tekst}", code=1)
    assert "{tekst}" in unknown
    assert "text" in unknown
    assert "no prompt" in server.cli("run", "Nobody", "--project", project.id, code=1)

    simulator.control(latency=0, rules=[])
    simulator.control({"match": None, "fault": "auth"})
    refused = server.cli(*run, code=1)
    assert "key" in refused.lower()
    assert "sk-simulated" not in refused
    missing = server.cli(*run, code=1, env={"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""})
    assert "key" in missing.lower()

    assert project.studio.model_versions(project.id) == {}
    titles = [prompt["title"] for prompt in server.json("prompts", "list")]
    assert titles == ["P"], "a prompt that was refused was not half made"


def test_predict_names_what_is_wrong_in_the_reason_phrase(
    server: Installation, make_project: Callable[..., LiveProject]
) -> None:
    project = make_project(CHOICES, [{"data": {"text": "hello"}}])
    server.start()
    body = {"project": f"{project.id}.1", "schema": CHOICES, "extra_params": None}
    request = urllib.request.Request(
        f"{server.url}/setup",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )

    def refusal() -> urllib.error.HTTPError | None:
        """What it answers, once it has read the project: a busy machine takes a while."""
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=60)
        return None if caught.value.code == 503 else caught.value

    refused = eventually(refusal)
    assert 400 <= refused.code < 500
    assert "prompt" in refused.reason
