"""A run that an outside worker answers: what it hands in is checked, kept and published."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from support.api import Api
from support.sdk import ended_run
from support.wire import region


@pytest.fixture
def run(api: Api) -> Any:
    prompt, version = api.prompt()
    return api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, job_id="worker-1"
    )


def refused(call: Any) -> tuple[int, Any]:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.status_code, caught.value.body


@pytest.mark.slow
def test_answers_become_predictions_once_all_are_in(api: Api, run: Any) -> None:
    asked = api.simulator.stats()["calls"]
    assert (run.status, run.job_id, run.total_tasks) == ("InProgress", "worker-1", 10)
    hand_in = api.client.prompts.batch_predictions
    forms = [
        {"output": {"topic": "a"}},
        {"output": "b"},
        {"topic": "a"},
        {"result": [region("b")]},
        {"output": {"topic": "a"}, "score": 0.25, "prompt_tokens": 9, "completion_tokens": 2},
    ]
    first = [{"task_id": task, **form} for task, form in zip(api.tasks, forms, strict=False)]
    taken = hand_in(modelrun_id=run.id, results=first, job_id="worker-1", num_predictions=5)
    assert (taken.job_id, len(taken.results)) == ("worker-1", 5)
    assert api.studio.state()["predictions"] == []
    half = api.client.prompts.runs.list(run.parent_model, run.model_version)[0]
    assert (half.status, half.total_predictions) == ("InProgress", 5)
    hand_in(modelrun_id=run.id, results=[{"task_id": t, "output": "a"} for t in api.tasks[5:]])
    done = ended_run(api.client, run)
    assert (done.status, done.total_predictions) == ("Completed", 10)
    rows = {row["task"]: row for row in api.studio.state()["predictions"]}
    assert {row["model_version"] for row in rows.values()} == {"Topics__Version 1"}
    said = [rows[task]["result"][0]["value"]["choices"] for task in api.tasks[:5]]
    assert said == [["a"], ["b"], ["a"], ["b"], ["a"]]
    assert rows[api.tasks[4]]["score"] == 0.25
    assert api.simulator.stats()["calls"] == asked


@pytest.mark.slow
def test_failures_and_misfits_are_listed(api: Api, run: Any) -> None:
    prompts = api.client.prompts
    good = [{"task_id": task, "output": "a"} for task in api.tasks[:7]]
    odd = [
        {"task_id": api.tasks[7], "output": "no such class"},
        {"task_id": api.tasks[8], "result": [{**region("b"), "from_name": "gone"}]},
    ]
    prompts.batch_predictions(modelrun_id=run.id, results=[*good, *odd])
    failure = {"task_id": api.tasks[9], "error_type": "RateLimitError", "error_message": "slow"}
    taken = prompts.batch_failed_predictions(
        modelrun_id=run.id, failed_predictions=[failure], num_failed_predictions=1
    )
    assert taken.failed_predictions == [failure]
    done = ended_run(api.client, run)
    assert (done.status, done.total_predictions) == ("Completed", 7)
    listed = api.request("GET", f"inference-runs/{run.id}/failures").json()
    assert listed["count"] == 3
    kinds = {each["task"]: (each["kind"], each["message"]) for each in listed["results"]}
    assert kinds[api.tasks[9]] == ("rate_limit", "slow")
    assert kinds[api.tasks[7]][0] == "invalid_answer"
    # Regions that say nothing here are no answer that there is nothing to tell.
    assert kinds[api.tasks[8]][0] == "invalid_answer"
    some = api.request("GET", f"inference-runs/{run.id}/failures?kind=rate_limit").json()
    assert some["count"] == 1


@pytest.mark.slow
def test_canceling_publishes_what_is_there(api: Api, run: Any) -> None:
    api.client.prompts.batch_predictions(
        modelrun_id=run.id, results=[{"task_id": api.tasks[0], "output": "a"}]
    )
    api.client.prompts.runs.cancel(run.parent_model, run.model_version, run.id)
    assert ended_run(api.client, run).status == "Canceled"
    assert [row["task"] for row in api.studio.state()["predictions"]] == [api.tasks[0]]


@pytest.mark.slow
def test_what_cannot_be_taken_is_refused_as_a_whole(api: Api, run: Any) -> None:
    prompts = api.client.prompts
    for results in (
        [{"task_id": api.tasks[0], "output": "a"}, {"task_id": 99_999, "output": "a"}],
        [{"output": "a"}],
        [{"task_id": "1", "output": "a"}],
        [{"task_id": api.tasks[0], "result": "a"}],
        [],
    ):
        status, body = refused(
            lambda results=results: prompts.batch_predictions(  # type: ignore[misc]
                modelrun_id=run.id, results=results
            )
        )
        assert (status, list(body)) == (400, ["results"]), results
    status, body = refused(
        lambda: prompts.batch_predictions(
            modelrun_id=run.id, results=[{"task_id": api.tasks[0], "output": "a"}], job_id="other"
        )
    )
    assert (status, list(body)) == (400, ["job_id"])
    assert (
        api.client.prompts.runs.list(run.parent_model, run.model_version)[0].total_predictions == 0
    )


@pytest.mark.slow
def test_a_run_of_ours_takes_nothing_from_outside(api: Api) -> None:
    prompt, version = api.prompt("Ours")
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project)
    ended_run(api.client, run)
    status, body = refused(
        lambda: api.client.prompts.batch_predictions(
            modelrun_id=run.id, results=[{"task_id": api.tasks[0], "output": "a"}]
        )
    )
    assert (status, list(body)) == (400, ["modelrun_id"])


@pytest.mark.slow
def test_a_prompt_goes_while_an_outside_worker_is_at_it(api: Api, run: Any) -> None:
    api.client.prompts.batch_predictions(
        modelrun_id=run.id, results=[{"task_id": api.tasks[0], "output": "a"}]
    )
    api.client.prompts.delete(run.parent_model)
    status, _ = refused(lambda: api.client.prompts.get(run.parent_model))
    assert status == 404
    assert api.studio.state()["predictions"] == []
