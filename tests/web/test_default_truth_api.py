"""The API in a project in which nothing is marked as ground truth."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from support.api import Api, task
from support.sdk import ended_run
from support.wire import CONFIG, region

WHY = "submitted annotations, since no annotation of this project was marked as ground truth"


@pytest.fixture
def community(api: Api) -> Api:
    """Ten tasks, six of which a person annotated with "a" or "b"."""
    rows = [task(n) for n in range(10)]
    for n, row in enumerate(rows[:6]):
        row["annotations"] = [{"result": [region("ab"[n % 2])], "lead_time": 2.0}]
    api.project, api.tasks = api.studio.seed(CONFIG, rows)
    return api


def mark(api: Api, task_id: int) -> None:
    done = api.request("POST", f"projects/{api.project}/ground-truth", json={"task_ids": [task_id]})
    assert done.json()["marked"] == 1


def create(api: Api, prompt: Any, version: Any, **body: Any) -> Any:
    body = {"project": api.project, "project_subset": "HasGT", **body}
    return api.request(
        "POST", f"prompts/{prompt.id}/versions/{version.id}/inference-runs", json=body
    )


@pytest.mark.slow
def test_a_run_of_the_sdk_is_measured_on_what_people_submitted(community: Api) -> None:
    api, client = community, community.client.prompts
    counts = {each.subset: each for each in client.subsets(api.project)}
    assert (counts["HasGT"].count, counts["HasGT"].truth) == (6, "annotations")
    prompt, version = api.prompt()
    run = client.runs.create(prompt.id, version.id, project=api.project, project_subset="HasGT")
    run = ended_run(api.client, run)
    assert (run.status, run.total_tasks) == ("Completed", 6)
    told = api.request("GET", f"inference-runs/{run.id}/").json()
    assert (told["truth"], told["measured_on"]) == ("annotations", WHY)
    accuracy = client.indicators.get(run.id, "accuracy").values
    assert (accuracy["n"], accuracy["truth"], accuracy["measured_on"]) == (6, "annotations", WHY)
    page = client.subset_tasks(api.project, project_subset="HasGT", model_run=run.id)
    assert page.results[0].truth == "annotations"
    items = page.results[0].task_result_list
    assert [each.ground_truth for each in items] == [{"topic": "ab"[n % 2]} for n in range(6)]
    report = api.request("GET", f"inference-runs/{run.id}/report?format=html").text
    assert f"Agreement with {WHY}" in report
    mark(api, api.tasks[0])
    again = api.request("GET", f"inference-runs/{run.id}/").json()
    assert (again["truth"], again["measured_on"]) == ("annotations", WHY)
    later = client.runs.create(prompt.id, version.id, project=api.project, project_subset="HasGT")
    assert later.total_tasks == 1


@pytest.mark.slow
@pytest.mark.parametrize("truth", [{}, {"truth": None}], ids=["left out", "null"])
def test_nothing_chosen_is_left_to_the_project(community: Api, truth: dict[str, Any]) -> None:
    made = create(community, *community.prompt(), **truth).json()
    assert made["total_tasks"] == 6


@pytest.mark.slow
def test_what_was_chosen_stays_chosen(community: Api) -> None:
    made = community.prompt()
    refused = create(community, *made, truth="ground_truth")
    assert refused.status_code == 400
    assert "has no ground truth" in refused.text
    assert "--" not in refused.json()["project_subset"][0]
    run = create(community, *made, truth="annotations").json()
    told = community.request("GET", f"inference-runs/{run['id']}/").json()
    assert told["measured_on"] == "submitted annotations"


@pytest.mark.slow
def test_costs_and_comparisons_say_which_annotations_they_took(community: Api) -> None:
    api = community
    prompt, first = api.prompt()
    second = api.client.prompts.versions.create(
        prompt.id, title="Version 2", prompt="{text}?", provider_model_id="simulated"
    )
    costs = f"prompts/{prompt.id}/versions/{first.id}/cost-estimate?project_subset=HasGT"
    assert [api.request("GET", costs).json()[name] for name in ("tasks", "truth")] == [
        6,
        "annotations",
    ]
    assert api.request("GET", f"{costs}&truth=ground_truth").json()["tasks"] == 0
    answers = dict.fromkeys(api.tasks[:6], "a")
    for version in (first, second):
        api.answered(prompt, version, answers)
    compare = f"prompts/{prompt.id}/compare?versions={first.id},{second.id}"
    found = api.request("GET", compare).json()
    assert (found["truth"], found["tasks"]) == ("annotations", 6)
    assert found["measured_on"] == WHY.replace(" was ", " is ")
    mark(api, api.tasks[0])
    third = api.client.prompts.versions.create(
        prompt.id, title="Version 3", prompt="{text}!", provider_model_id="simulated"
    )
    api.answered(prompt, third, {api.tasks[0]: "a"})
    mixed = api.request("GET", f"prompts/{prompt.id}/compare?versions={first.id},{third.id}").json()
    assert (mixed["truth"], mixed["tasks"]) == ("ground_truth", 1)
    assert [each["run_truth"] for each in mixed["versions"]] == ["annotations", "ground_truth"]


@pytest.mark.slow
def test_a_project_that_nobody_annotated_says_what_to_do(api: Api) -> None:
    api.project, _ = api.studio.seed(CONFIG, [task(1)])
    prompt, version = api.prompt()
    with pytest.raises(ApiError) as refused:
        api.client.prompts.runs.create(
            prompt.id, version.id, project=api.project, project_subset="HasGT"
        )
    assert "Annotate some tasks in Label Studio" in str(refused.value.body)
