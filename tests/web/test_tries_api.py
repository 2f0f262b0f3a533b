"""A try over the API: what may be changed for it, who may, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api


def attempt(api: Api, on: Any, client: Any = None, **body: Any) -> Any:
    return api.request("POST", f"prompts/{on.id}/try", client, json=body)


@pytest.mark.slow
def test_a_task_is_tried_with_an_unsaved_text(api: Api) -> None:
    prompt, version = api.prompt()
    answer = attempt(
        api,
        prompt,
        task_id=api.tasks[1],
        prompt="Tried? {text}",
        parameters={"temperature": 0.2},
        system_prompt="You label.",
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["task_id"], found["next_task_id"]) == (api.tasks[1], api.tasks[2])
    assert set(found["answer"]) == {"topic"}
    assert found["truth"] == {"topic": "b"}
    assert found["right"] is (found["answer"] == found["truth"])
    assert (found["cost_usd"], found["price_source"]) == (None, None)
    sent = api.simulator.last_request()
    assert sent["messages"][-1]["content"] == "Tried? <text>message 1</text>"
    assert sent["messages"][0]["content"].startswith("You label.")
    assert sent["temperature"] == 0.2
    assert api.container.store.runs.search(prompt_id=prompt.id) == []
    assert not api.studio.state()["predictions"]
    assert api.client.prompts.versions.get(prompt.id, version.id).prompt == "Which? {text}"


@pytest.mark.slow
def test_what_is_wrong_is_refused_and_named(api: Api) -> None:
    prompt, _ = api.prompt()
    for body, field in (
        ({"parameters": {"temprature": 1}}, "parameters"),
        ({"prompt": "{txet}"}, "prompt"),
        ({"promt": "typo"}, "promt"),
        ({"task_id": 99_999}, "detail"),
        ({"project": 99_999}, "detail"),
        ({"model_provider_connection": 99_999}, "model_provider_connection"),
    ):
        answer = attempt(api, prompt, **body)
        assert answer.status_code in (400, 404), answer.text
        assert field in answer.json() or field == "detail", (body, answer.text)
    assert api.simulator.stats()["calls"] == 0


@pytest.mark.slow
def test_a_full_budget_refuses_a_try_with_the_next_step(api: Api) -> None:
    prompt, _ = api.prompt()
    connection = api.connection()
    path = f"model-provider-connections/{connection.id}/"
    api.request("PATCH", path, json={"budget_limit": 0.000001, "prices": {"simulated": [1, 1]}})
    refused = attempt(api, prompt, model_provider_connection=connection.id)
    assert refused.status_code == 422
    assert "may spend $1e-06" in refused.text
    assert "budget_limit" in refused.text
    assert api.simulator.stats()["calls"] == 0


@pytest.mark.slow
def test_only_who_may_use_the_project_and_the_connection_tries(api: Api) -> None:
    prompt, _ = api.prompt()
    mine = api.connection(scope="User")
    other = api.as_user()
    refused = attempt(api, prompt, other, model_provider_connection=mine.id)
    assert refused.status_code == 400
    version = api.client.prompts.versions.create(
        prompt.id, title="Mine", prompt="{text}", provider_model_id="simulated",
        model_provider_connection=mine.id,
    )  # fmt: skip
    assert attempt(api, prompt, other, version=version.id).status_code == 403
    hidden = api.as_user(hidden=[api.project])
    assert attempt(api, prompt, hidden).status_code == 404
    assert api.simulator.stats()["calls"] == 0
