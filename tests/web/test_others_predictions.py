"""Predictions of other tools under the name of one of our versions, at the server's doors."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from support.api import Api
from support.fake_label_studio import FakeLabelStudio
from support.place import Place
from support.sdk import ended_run
from support.simulator import Simulator
from support.wire import CONFIG

LABEL, NUMBERED = "Topics__Version 1", "Topics (2)__Version 1"
VERSIONS = "GET /api/projects/{id}/model-versions/"


def put(place: Place | Api, project: int, tasks: list[int], label: str = LABEL) -> None:
    rows = [{"task": task, "result": [], "score": None, "model_version": label} for task in tasks]
    place.container.studio.import_predictions(project, rows)


def named(response: Any) -> set[str]:
    assert response.status_code == 200, response.status
    return {item["model_version"] for item in response.json["results"] if item}


def calls(studio: FakeLabelStudio) -> Counter[str]:
    return Counter(studio.state()["calls"])


# /setup and /predict


@pytest.mark.slow
def test_predict_beside_rows_of_others_takes_another_name_and_setup_follows(place: Place) -> None:
    place.prompt()
    put(place, place.project_id, place.task_ids)
    ownership = place.container.ownership
    assert place.setup().json["model_version"] == LABEL
    assert list(ownership.ours(place.project_id).labels) == []
    assert named(place.predict(place.tasks(3))) == {NUMBERED}
    assert list(ownership.ours(place.project_id).labels) == [NUMBERED]
    assert place.setup().json["model_version"] == NUMBERED
    [handed_out] = place.container.store.served.of_tasks(place.project_id, [1])
    assert handed_out.label == NUMBERED


@pytest.mark.slow
def test_a_look_in_the_background_is_enough_for_setup(place: Place) -> None:
    place.prompt()
    put(place, place.project_id, place.task_ids)
    place.setup()
    place.container.ownership.look()
    assert place.setup().json["model_version"] == NUMBERED
    assert named(place.predict(place.tasks(1))) == {NUMBERED}


@pytest.mark.slow
def test_only_a_projects_first_answer_looks_what_stands_there(
    place: Place, studio: FakeLabelStudio
) -> None:
    place.prompt()
    place.setup()
    studio.control(forget_calls=True)
    assert named(place.predict(place.tasks(1))) == {LABEL}
    assert calls(studio)[VERSIONS] == 1
    studio.control(forget_calls=True)
    assert named(place.predict(place.tasks(2))) == {LABEL}
    assert calls(studio)[VERSIONS] == 0


@pytest.mark.slow
def test_a_predict_without_an_answer_makes_nothing_ours(place: Place, simulator: Simulator) -> None:
    place.prompt()
    simulator.control({"match": "message", "fault": "garbage", "times": 20})
    assert named(place.predict(place.tasks(1))) == set()
    assert list(place.container.ownership.ours(place.project_id).labels) == []
    [(label, failure, _)] = place.container.store.served.failures(place.project_id)
    assert (label, failure.task_id) == (LABEL, 1)
    put(place, place.project_id, place.task_ids)
    assert named(place.predict(place.tasks(2, "letter"))) == {NUMBERED}


@pytest.mark.slow
def test_what_label_studio_does_not_say_nobody_writes_over(
    place: Place, studio: FakeLabelStudio
) -> None:
    place.prompt()
    put(place, place.project_id, place.task_ids)
    studio.fail("model-versions", "500_before", times=1)
    assert place.predict(place.tasks(1)).status_code >= 500
    assert list(place.container.ownership.ours(place.project_id).labels) == []
    assert named(place.predict(place.tasks(1))) == {NUMBERED}


@pytest.mark.slow
def test_what_predict_handed_out_goes_with_its_prompt_and_nothing_else(place: Place) -> None:
    prompt, _ = place.prompt()
    other, tasks = place.container.studio, place.task_ids
    strange = other.create_project("Another tool's", CONFIG).id
    other.import_tasks(strange, [{"data": {"text": "x"}}])
    put(place, strange, other.task_ids(strange))
    assert named(place.predict([place.wire(tasks[0], {"text": "x"})])) == {LABEL}
    put(place, place.project_id, tasks)  # Label Studio stores what was handed out
    plan = place.container.deletions.plan(prompt)
    assert [(each.project_id, each.total) for each in plan.plans] == [(place.project_id, 1)]


# Who is told


@pytest.mark.slow
def test_a_clash_is_told_to_those_who_see_the_project_alone(api: Api) -> None:
    secret, tasks = api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Secret project")
    put(api, secret, tasks)
    prompt = api.client.prompts.create(title="Topics", associated_projects=[api.project, secret])
    version = api.client.prompts.versions.create(
        prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
    )
    runs = {}
    for project in (api.project, secret):
        made = api.client.prompts.runs.create(prompt.id, version.id, project=project)
        runs[project] = ended_run(api.client, made).id
    seen = api.request("GET", f"inference-runs/{runs[secret]}/").text
    assert NUMBERED in seen
    other = api.as_user(hidden=[secret])
    assert api.request("GET", f"inference-runs/{runs[secret]}/", other).status_code == 404
    paths = (
        f"prompts/{prompt.id}/",
        f"prompts/{prompt.id}/versions/{version.id}/",
        f"prompts/{prompt.id}/versions/{version.id}/inference-runs",
        f"inference-runs/{runs[api.project]}/",
        f"projects/{api.project}/predictions",
    )
    for path in paths:
        answer = api.request("GET", path, other)
        assert "(2)" not in answer.text, path
    assert LABEL in api.request("GET", f"inference-runs/{runs[api.project]}/", other).text


@pytest.mark.slow
def test_an_outside_workers_answers_leave_rows_of_others_alone(api: Api) -> None:
    put(api, api.project, api.tasks)
    before = api.container.studio.predictions(api.project)
    prompt, version = api.prompt()
    run = api.answered(prompt, version, dict.fromkeys(api.tasks, "a"), subset="All")
    assert run.status == "Completed"
    held = api.container.studio.predictions(api.project)
    assert [row for row in held if row.model_version == LABEL] == before
    assert Counter(row.model_version for row in held) == {LABEL: 10, NUMBERED: 10}
    api.client.prompts.delete(prompt.id)
    assert api.container.studio.predictions(api.project) == before
