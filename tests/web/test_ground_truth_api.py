"""The API's ground truth: listed and marked with the caller's own rights."""

from __future__ import annotations

from typing import Any

import pytest

from support.annotating import delete, press_update, submit, update
from support.api import Api, task
from support.sdk import ended_run
from support.wire import CONFIG, region

PATH = "projects/{}/ground-truth"


@pytest.fixture
def annotated(api: Api) -> Api:
    """Ten tasks, six of which a person annotated with "a" or "b"; nothing is marked."""
    rows = [task(n) for n in range(10)]
    for n, row in enumerate(rows[:6]):
        row["annotations"] = [{"result": [region("ab"[n % 2])], "lead_time": 2.0}]
    api.project, api.tasks = api.studio.seed(CONFIG, rows)
    return api


def post(api: Api, body: dict[str, Any], client: Any = None) -> Any:
    return api.request("POST", PATH.format(api.project), client, json=body)


def marked(api: Api) -> list[int]:
    rows = [row for row in api.studio.state()["annotations"] if row["project"] == api.project]
    return [row["task"] for row in rows if row["ground_truth"]]


@pytest.mark.slow
def test_marks_are_counted_made_and_taken_off(annotated: Api) -> None:
    api = annotated
    counted = post(api, {"all": True, "dry_run": True}).json()
    assert (counted["would_mark"], counted["marked"], marked(api)) == (6, None, [])
    done = post(api, {"task_ids": api.tasks[:2]}).json()
    assert (done["marked"], done["ground_truth_tasks"], done["annotated_tasks"]) == (2, 2, 6)
    assert marked(api) == api.tasks[:2]
    again = post(api, {"task_ids": api.tasks[:3]}).json()
    assert (again["marked"], again["already"], len(marked(api))) == (1, 2, 3)
    off = post(api, {"task_ids": api.tasks[:1], "ground_truth": False}).json()
    assert (off["unmarked"], off["ground_truth_tasks"]) == (1, 2)
    assert marked(api) == api.tasks[1:3]


@pytest.mark.slow
def test_a_draw_says_its_seed_and_that_it_is_no_promise_sample(annotated: Api) -> None:
    counted = post(annotated, {"random": 4, "dry_run": True}).json()
    assert (counted["would_mark"], counted["promise_sample"]) == (4, False)
    assert (counted["drawn_from"], counted["drawn_by"]) == (6, "topic")
    assert counted["classes"] == [{"class": "a", "tasks": 2}, {"class": "b", "tasks": 2}]
    done = post(annotated, {"random": 4, "seed": counted["seed"]}).json()
    assert (done["marked"], sorted(marked(annotated))) == (4, counted["task_ids"])


@pytest.mark.slow
def test_annotated_tasks_are_listed_page_by_page(annotated: Api) -> None:
    api = annotated
    submit(api.studio, api.tasks[1], [region("a")])
    post(api, {"task_ids": api.tasks[:1]})
    path = PATH.format(api.project)
    first = api.request("GET", f"{path}?size=4").json()
    assert (first["ground_truth_tasks"], first["annotated_tasks"], first["exact"]) == (1, 6, True)
    assert [each["id"] for each in first["tasks"]] == api.tasks[:4]
    assert [each["standing"] for each in first["tasks"]] == ["marked", "disagree", "ready", "ready"]
    [said] = first["tasks"][0]["annotations"]
    assert (said["answer"], said["ground_truth"], said["by_person"]) == ({"topic": "a"}, True, True)
    assert said["name"] == "labeler@example.com"
    rest = api.request("GET", f"{path}?size=4&after={first['next_after']}").json()
    assert [each["id"] for each in rest["tasks"]] == api.tasks[4:6]
    assert (rest["next_after"], rest["previous_before"]) == (None, api.tasks[4])
    only = api.request("GET", f"{path}?marked=true").json()
    assert [each["id"] for each in only["tasks"]] == api.tasks[:1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "task_ids"),
        ({"all": True, "random": 5}, "task_ids"),
        ({"random": 0}, "random"),
        ({"al": True}, "al"),
        ({"task_ids": [987654]}, "task_ids"),
    ],
    ids=str,
)
def test_what_names_nothing_or_what_is_not_there_is_refused(
    annotated: Api, body: dict[str, Any], field: str
) -> None:
    refused = post(annotated, body)
    assert (refused.status_code, list(refused.json())) == (400, [field])
    assert marked(annotated) == []


@pytest.mark.slow
def test_marks_are_set_with_the_callers_rights_alone(annotated: Api) -> None:
    api = annotated
    stranger = api.as_user(hidden=[api.project])
    for body in ({"all": True}, {"all": True, "dry_run": True}):
        assert post(api, body, stranger).status_code == 404
    assert api.request("GET", PATH.format(api.project), stranger).status_code == 404
    assert marked(api) == []
    # A colleague marks with their own token: the server's would be refused from here on.
    colleague = api.as_user()
    api.studio.control(settings={"legacy": False})
    done = post(api, {"task_ids": api.tasks[:1]}, colleague)
    assert (done.status_code, done.json()["marked"]) == (200, 1), done.text
    assert marked(api) == api.tasks[:1]


@pytest.mark.slow
def test_a_caller_whom_label_studio_refuses_is_told_so(annotated: Api) -> None:
    fault = {"path": "api/annotations/", "method": "PATCH", "mode": "status", "status": 403}
    annotated.studio.control(faults=[{**fault, "body": "{}"}])
    refused = post(annotated, {"task_ids": annotated.tasks[:1]})
    assert refused.status_code == 403
    assert marked(annotated) == []


@pytest.mark.slow
def test_promoted_with_the_mark_is_no_ground_truth_before_a_person_opened_it(api: Api) -> None:
    for row in api.studio.state()["annotations"]:
        delete(api.studio, row["id"])
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    body = {"prompt": prompt.id, "all": True, "ground_truth": True}
    promote = f"projects/{api.project}/predictions/promote"
    done = api.request("POST", promote, json=body).json()
    assert (done["created"], done["marked"], done["unopened"]) == (10, 0, 10)
    made = [row["id"] for row in api.studio.state()["annotations"]]
    for each in made:
        update(api.studio, each, ground_truth=True)

    def has_gt() -> tuple[int, str]:
        counts = {each.subset: each for each in api.client.prompts.subsets(api.project)}
        return counts["HasGT"].count, counts["HasGT"].truth

    assert has_gt() == (0, "annotations")
    refused = api.request(
        "POST",
        f"prompts/{prompt.id}/versions/{version.id}/inference-runs",
        json={"project": api.project, "project_subset": "HasGT"},
    )
    assert (refused.status_code, "no ground truth" in refused.text) == (400, True)
    press_update(api.studio, made[0], ground_truth=False)
    done = api.request("POST", promote, json=body).json()
    assert (done["created"], done["would_mark"], done["marked"]) == (0, 1, 1)
    assert has_gt() == (1, "ground_truth")
