"""Budgets of connections by the SDK's fields, over the API."""

from __future__ import annotations

import pytest

from ml_backend.records.run_json import pool_of
from support.api import Api
from support.sdk import ended_run


@pytest.mark.slow
def test_a_budget_is_set_shown_and_kept(api: Api) -> None:
    connection = api.connection()
    api.container.store.connections.update(connection.id, prices={"priced": [1.0, 2.0]})
    path = f"model-provider-connections/{connection.id}/"
    body = {"budget_limit": 2.5, "budget_reset_period": "Monthly", "budget_alert_threshold": 2}
    changed = api.request("PATCH", path, json=body)
    assert changed.status_code == 200, changed.text
    shown = api.client.model_providers.get(connection.id)
    assert (shown.budget_limit, shown.budget_reset_period) == (2.5, "Monthly")
    assert shown.budget_alert_threshold == 2
    assert shown.budget_last_reset_date is not None
    assert shown.budget_last_reset_date.day == 1
    assert shown.budget_total_spent is None
    prompt, _ = api.prompt()
    priced = api.client.prompts.versions.create(
        prompt.id,
        title="Priced",
        prompt="{text}",
        provider_model_id="priced",
        model_provider_connection=connection.id,
    )
    assert api.request("PATCH", path, json={"budget_limit": 0.000001}).status_code == 200
    run = api.client.prompts.runs.create(prompt.id, priced.id, project=api.project)
    ended = ended_run(api.client, run)
    assert (ended.status, ended.total_predictions) == ("Failed", 0)
    message = api.request("GET", f"inference-runs/{run.id}/").json()["message"]
    assert "may spend $1e-06" in message
    assert api.request("PATCH", path, json={"budget_limit": None}).json()["budget_limit"] is None
    run = api.client.prompts.runs.create(prompt.id, priced.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    assert api.client.model_providers.get(connection.id).budget_total_spent > 0


@pytest.mark.parametrize("odd", [{"budget_limit": -1}, {"budget_reset_period": "Weekly"}])
def test_an_odd_budget_is_refused_by_its_name(api: Api, odd: dict[str, object]) -> None:
    connection = api.connection()
    refused = api.request("PATCH", f"model-provider-connections/{connection.id}/", json=odd)
    assert (refused.status_code, list(refused.json())) == (400, list(odd))


@pytest.mark.slow
def test_few_shot_examples_and_samples_by_the_api(api: Api) -> None:
    prompt, _ = api.prompt()
    version = api.client.prompts.versions.create(
        prompt.id,
        title="Shown",
        prompt="{text}",
        provider_model_id="simulated",
        max_few_shot_examples=2,
    )
    body = {"project": api.project, "project_subset": "HasGT", "samples": 2}
    path = f"prompts/{prompt.id}/versions/{version.id}/inference-runs"
    made = api.request("POST", path, json=body)
    assert made.status_code == 201, made.text
    run = api.container.store.runs.get(made.json()["id"])
    ended_run(api.client, api.client.prompts.runs.list(prompt.id, version.id)[0])
    run = api.container.store.runs.get(run.id)
    assert run.options.samples == 2
    assert run.snapshot.few_shot.most == 2
    shown = api.request("GET", f"inference-runs/{run.id}/").json()
    assert (shown["samples"], shown["held_out"], shown["caution"]) == (2, False, None)
    assert pool_of(shown["few_shot"]) == run.snapshot.few_shot
