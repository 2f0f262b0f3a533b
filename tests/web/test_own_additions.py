"""Bulk actions, jobs, comparing, refining and costs."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from support.api import Api
from support.sdk import ended_run
from support.wire import CONFIG


def predicted(api: Api) -> Any:
    """A prompt whose version predicted all ten tasks."""
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    return prompt


def post(api: Api, path: str, body: dict[str, Any], client: Any = None) -> Any:
    return api.request("POST", f"projects/{api.project}/{path}", client, json=body)


LABEL = "Topics__Version 1"


@pytest.mark.slow
def test_deleting_counts_first_and_says_what_is_left(api: Api) -> None:
    predicted(api)
    body = {"model_version": LABEL, "task_ids": api.tasks[:3]}
    counted = post(api, "predictions/delete", {**body, "dry_run": True}).json()
    assert (counted["would_delete"], counted["tasks"], counted["dry_run"]) == (3, 3, True)
    assert counted["deleted"] is None
    assert len(api.studio.state()["predictions"]) == 10
    done = post(api, "predictions/delete", body).json()
    assert (done["deleted"], done["job"]) == (3, None)
    assert done["remaining"] == [{"model_version": LABEL, "predictions": 7}]
    again = post(api, "predictions/delete", body).json()
    assert (again["would_delete"], again["deleted"]) == (0, 0)
    nothing = post(api, "predictions/delete", {})
    assert (nothing.status_code, list(nothing.json())) == (400, ["model_version"])
    typo = post(api, "predictions/delete", {"all": True, "dryrun": True})
    assert (typo.status_code, list(typo.json())) == (400, ["dryrun"])
    assert len(api.studio.state()["predictions"]) == 7


@pytest.mark.slow
def test_promoting_is_done_in_the_callers_name(api: Api) -> None:
    prompt = predicted(api)
    body = {"prompt": prompt.id, "all": True}
    counted = post(api, "predictions/promote", {**body, "dry_run": True}).json()
    assert counted["would_create"] == 4
    assert counted["skipped_annotated"] + counted["skipped_identical"] == 6  # of ground truth
    other = api.as_user()
    # The server's own token would be refused from here on.
    api.studio.control(settings={"legacy": False})
    done = post(api, "predictions/promote", body, other)
    assert done.status_code == 200, done.text
    assert done.json()["created"] == counted["would_create"]
    again = post(api, "predictions/promote", body, other).json()
    assert (again["would_create"], again["created"]) == (0, 0)


@pytest.mark.slow
def test_what_takes_long_goes_on_as_a_job(api: Api, monkeypatch: Any) -> None:
    predicted(api)
    api.studio.control(latency=[{"path": "model-versions", "method": "DELETE", "seconds": 2}])
    monkeypatch.setattr("ml_backend.web.api.projects.WAIT_SECONDS", 0.2)
    answer = post(api, "predictions/delete", {"model_version": LABEL})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["would_delete"], body["deleted"]) == (10, None)
    listed = api.request("GET", "jobs/").json()["results"]
    assert [(each["id"], each["kind"]) for each in listed] == [(body["job"], "delete_predictions")]
    job = api.container.jobs.wait(api.container.store.jobs.get(body["job"]), 20)
    assert (job.status, job.result["deleted"]) == ("Completed", 10)
    stranger = api.as_user(hidden=[api.project])
    assert api.request("GET", f"jobs/{job.id}/", stranger).status_code == 404
    assert api.request("GET", "jobs/", stranger).json()["results"] == []


@pytest.mark.slow
def test_comparing_versions_on_the_same_tasks(api: Api) -> None:
    prompt, first = api.prompt()
    second = api.client.prompts.versions.create(
        prompt.id, title="Version 2", prompt="Better? {text}", provider_model_id="simulated"
    )
    # Ground truth is a b a b a b.
    for version, said in ((first, "aaabbb"), (second, "ababab")):
        api.answered(prompt, version, dict(zip(api.tasks, said, strict=False)))
    path = f"prompts/{prompt.id}/compare?versions={first.id},{second.id}"
    found = api.request("GET", path).json()
    assert (found["tasks"], found["left_out"]) == (6, 0)
    assert [(each["correct"], each["n"]) for each in found["versions"]] == [(4, 6), (6, 6)]
    assert found["versions"][1]["low"] < 1.0
    pair = found["pairs"][0]
    assert (pair["overall"]["only_first"], pair["overall"]["only_second"]) == (0, 2)
    assert pair["overall"]["p"] == pytest.approx(0.5)
    assert pair["controls"]["topic"] == pair["overall"]
    changed = [{"task": api.tasks[n], "right": second.id} for n in (1, 4)]
    assert pair["changed"] == changed
    assert (pair["overall"]["better"], pair["overall"]["p_holm"]) == (None, pytest.approx(0.5))
    assert pair["overall"]["difference"] == pytest.approx(1 / 3)
    assert pair["overall"]["low"] < 1 / 3 < pair["overall"]["high"]
    assert {"cost", "latency", "cached", "changed"} <= found["versions"][0].keys()
    # The same version of another prompt's, and one control alone.
    other, third = api.prompt("Other")
    api.answered(other, third, dict(zip(api.tasks, "ababab", strict=False)))
    path = f"prompts/{prompt.id}/compare?versions={second.id}&others={third.id}&control=topic"
    mixed = api.request("GET", path).json()
    assert [each["prompt"] for each in mixed["versions"]] == [prompt.id, other.id]
    assert mixed["pairs"][0]["overall"]["p"] == 1.0
    stranger = api.as_user(hidden=[api.project])
    assert api.request("GET", path, stranger).status_code in (403, 404)


@pytest.mark.slow
def test_the_whole_report_is_among_a_runs_indicators(api: Api) -> None:
    prompt, version = api.prompt()
    api.answered(prompt, version, dict(zip(api.tasks, "aaabbb", strict=False)))
    run = api.client.prompts.runs.list(prompt.id, version.id)[0]
    found = {each.title: each.values for each in api.client.prompts.indicators.list(run.id)}
    assert found["Classes of topic"]["micro"]["f1"] == pytest.approx(4 / 6)
    confusion = api.client.prompts.indicators.get(run.id, "confusion-topic").values
    assert confusion["classes"] == ["a", "b"]
    assert confusion["matrix"] == [[2, 1, 0], [1, 2, 0], [0, 0, 0]]


@pytest.mark.slow
def test_a_run_may_be_measured_on_all_annotations(api: Api) -> None:
    prompt, version = api.prompt()
    made = api.request(
        "POST",
        f"prompts/{prompt.id}/versions/{version.id}/inference-runs",
        json={"project": api.project, "project_subset": "HasGT", "truth": "annotations"},
    )
    assert made.status_code == 201, made.text
    assert api.container.store.runs.get(made.json()["id"]).truth == "annotations"
    assert api.request("GET", f"inference-runs/{made.json()['id']}/").json()["truth"] == (
        "annotations"
    )


@pytest.mark.slow
def test_different_tasks_are_not_compared_in_silence(api: Api) -> None:
    prompt, first = api.prompt()
    second = api.client.prompts.versions.create(
        prompt.id, title="Version 2", prompt="{text}", provider_model_id="simulated"
    )
    path = f"prompts/{prompt.id}/compare?versions={first.id},{second.id}"
    none = api.request("GET", path)
    assert (none.status_code, list(none.json())) == (400, ["versions"])
    api.answered(prompt, first, dict.fromkeys(api.tasks[:6], "a"))
    run = api.client.prompts.runs.create(
        prompt.id, second.id, project=api.project, project_subset="Sample", sample_subset_size=2
    )
    ended_run(api.client, run)
    refused = api.request("GET", path)
    assert refused.status_code == 400
    assert "common_only" in refused.json()["versions"][0]
    found = api.request("GET", f"{path}&common_only=true").json()
    assert (found["tasks"], found["left_out"]) == (2, 4)
    for wrong in ("1", "1,x", "", f"{first.id},99999"):
        answer = api.request("GET", f"prompts/{prompt.id}/compare?versions={wrong}")
        assert answer.status_code in (400, 404), wrong


@pytest.mark.slow
def test_a_teacher_sees_the_mistakes_and_answers_with_a_prompt(api: Api) -> None:
    prompt, version = api.prompt()
    connection = api.connection()
    api.answered(prompt, version, dict.fromkeys(api.tasks[:6], "a"))
    api.simulator.control(markers=["message 1", "message 0", "Which?"])
    about = {
        "project_id": api.project,
        "teacher_model_name": "teacher",
        "teacher_model_provider_connection_id": connection.id,
    }
    versions = api.client.prompts.versions
    done = versions.refine_prompt(prompt.id, version.id, **about)
    assert (done.refinement_status, done.title) == ("Completed", "Version 2")
    assert done.prompt
    assert done.reasoning
    assert done.previous_version.id == version.id
    assert done.total_cost is None
    found = versions.get_refined_prompt(
        prompt.id, version.id, refinement_job_id=done.refinement_job_id
    )
    assert found == done
    # It becomes a version only when one is made of it.
    assert len(versions.list(prompt.id)) == 1
    job = api.container.store.jobs.get(int(done.refinement_job_id))
    # Three mistakes of six tasks, two of which no teacher sees.
    assert 1 <= job.result["examples"] <= 3
    assert (found.held_out, found.examples) == (2, job.result["examples"])
    assert "+++ refined" in found.diff
    later = versions.refine_prompt(prompt.id, version.id, async_=True, **about)
    assert later.refinement_job_id != done.refinement_job_id
    api.container.jobs.wait(api.container.store.jobs.get(int(later.refinement_job_id)), 20)
    ended = versions.get_refined_prompt(
        prompt.id, version.id, refinement_job_id=later.refinement_job_id
    )
    assert ended.refinement_status == "Completed"
    with pytest.raises(ApiError) as caught:
        versions.get_refined_prompt(prompt.id, version.id, refinement_job_id="99999")
    assert caught.value.status_code == 404


@pytest.mark.slow
def test_a_teacher_that_refuses_is_said_so(api: Api) -> None:
    prompt, version = api.prompt()
    connection = api.connection()
    api.simulator.control({"fault": "auth"})
    with pytest.raises(ApiError) as caught:
        api.client.prompts.versions.refine_prompt(
            prompt.id,
            version.id,
            project_id=api.project,
            teacher_model_name="teacher",
            teacher_model_provider_connection_id=connection.id,
        )
    assert caught.value.status_code == 422
    assert "sk-a-provider-secret" not in str(caught.value.body)
    found = api.client.prompts.versions.get_refined_prompt(prompt.id, version.id)
    assert (found.refinement_status, found.prompt) == ("Failed", "")


@pytest.mark.slow
def test_costs_are_estimated_from_real_tasks_and_never_zero_for_unknown(api: Api) -> None:
    prompt, version = api.prompt()
    estimate = api.client.prompts.versions.cost_estimate
    unknown = estimate(prompt.id, version.id)
    assert (unknown.is_error, unknown.total_cost_usd) == (True, None)
    assert "unknown" in unknown.error_message
    path = f"prompts/{prompt.id}/versions/{version.id}/cost-estimate"
    tokens = api.request("GET", path).json()
    assert (tokens["error_type"], tokens["tasks"]) == ("PriceUnknown", 10)
    assert 0 < tokens["low_tokens"] < tokens["tokens"] < tokens["high_tokens"]
    connection = api.connection()
    api.container.store.connections.update(connection.id, prices={"priced": [1.0, 2.0]})
    priced = api.client.prompts.versions.create(
        prompt.id,
        title="Priced",
        prompt="Which? {text}",
        provider_model_id="priced",
        model_provider_connection=connection.id,
    )
    first = estimate(prompt.id, priced.id)
    assert first.is_error is False
    parts = float(first.prompt_cost_usd) + float(first.completion_cost_usd)
    assert float(first.total_cost_usd) == pytest.approx(parts)
    assert 1e-5 < float(first.total_cost_usd) < 1e-2
    path = f"prompts/{prompt.id}/versions/{priced.id}/cost-estimate"
    some = api.request("GET", f"{path}?project_subset=HasGT&project_id={api.project}").json()
    assert (some["tasks"], some["measured"]) == (6, False)
    assert float(some["total_cost_usd"]) == pytest.approx(0.6 * float(first.total_cost_usd))
    assert api.request("POST", path).json()["tasks"] == 10
    run = api.client.prompts.runs.create(prompt.id, priced.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    measured = api.request("GET", path).json()
    cost = api.request("GET", f"inference-runs/{run.id}/").json()["cost"]
    assert measured["measured"] is True
    assert float(measured["total_cost_usd"]) == pytest.approx(cost, rel=0.01)
    spent = api.client.model_providers.get(connection.id).budget_total_spent
    assert spent == pytest.approx(cost)
    nowhere = api.client.prompts.create(title="No project")
    alone = api.client.prompts.versions.create(
        nowhere.id, title="V", prompt="x", provider_model_id="simulated"
    )
    assert estimate(nowhere.id, alone.id).error_type == "NoProject"


@pytest.mark.slow
def test_a_report_is_json_or_a_page_for_those_who_see_the_project(api: Api) -> None:
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, project_subset="HasGT"
    )
    assert ended_run(api.client, run).status == "Completed"
    path = f"inference-runs/{run.id}/report"
    document = api.request("GET", path).json()
    assert document["run"]["id"] == run.id
    assert document["metrics"]["overall"]["n"] == 6
    wrong = 6 - document["metrics"]["overall"]["correct"]
    assert len({each["task"] for each in document["wrong"]}) == wrong
    assert api.request("GET", f"{path}?format=json").json()["prompt"] == document["prompt"]
    for how in ({"params": {"format": "html"}}, {"headers": {"Accept": "text/html,*/*;q=0.8"}}):
        page = api.request("GET", path, **how)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.text.startswith("<!doctype html>")
        assert "Wrong answers" in page.text
    odd = api.request("GET", f"{path}?format=pdf")
    assert (odd.status_code, list(odd.json())) == (400, ["format"])
    other = api.as_user(hidden=[api.project])
    assert api.request("GET", path, other).status_code == 404
    described = api.request("GET", "schema").json()["paths"]["/api/inference-runs/{id}/report"]
    assert set(described["get"]["responses"]["200"]["content"]) == {"application/json", "text/html"}


@pytest.mark.slow
def test_the_provenance_of_predictions_is_told_to_those_who_see_them(api: Api) -> None:
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    path = f"projects/{api.project}/predictions/provenance"
    first, second = api.request("GET", f"{path}?task_ids={api.tasks[1]},{api.tasks[0]}").json()
    assert [first["task"], second["task"]] == api.tasks[:2]
    assert (first["origin"], first["run"], first["version"]) == ("run", run.id, version.id)
    assert (first["prompt"], first["few_shot"]) == (prompt.id, None)
    missing = api.request("GET", path)
    assert (missing.status_code, list(missing.json())) == (400, ["task_ids"])
    other = api.as_user(hidden=[api.project])
    assert api.request("GET", f"{path}?task_ids=1", other).status_code == 404


@pytest.mark.slow
def test_making_a_prompt_says_what_to_know_of_its_labeling_config(api: Api) -> None:
    config = CONFIG.replace('value="a"', 'value="under $50"')
    project, _ = api.studio.seed(config, [{"data": {"text": "x"}}], title="Prices")
    body = {"title": "Prices", "associated_projects": [project]}
    [note] = api.request("POST", "prompts/", json=body).json()["notes"]
    assert note.startswith('topic: In "under $50" Label Studio\'s editor')
    body = {"title": "Topics", "associated_projects": [api.project]}
    assert "notes" not in api.request("POST", "prompts/", json=body).json()
