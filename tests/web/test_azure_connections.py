"""Azure by a token of Entra, through the SDK: run with it, told when it ends, given anew."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from support.api import Api
from support.sdk import ended_run

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJl"
LATER = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjJ9.c2lnbmF0dXJl"


def run_of(api: Api, prompt: Any, version: Any) -> Any:
    run = api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, project_subset="HasGT"
    )
    return ended_run(api.client, run)


def stored(api: Api, connection: Any) -> Any:
    return api.container.store.connections.get(connection.id)


@pytest.mark.slow
def test_runs_go_by_a_token_until_it_ends_and_on_with_another(api: Api) -> None:
    for provider in ("AzureOpenAI", "AzureAIFoundry"):
        connection = api.client.model_providers.create(
            provider=provider,
            endpoint=f"{api.simulator.root}{'/azure' if provider == 'AzureOpenAI' else ''}",
            auth_token=TOKEN,
            deployment_name="gpt-4o",
        )
        prompt = api.client.prompts.create(title=provider, associated_projects=[api.project])
        version = api.client.prompts.versions.create(
            prompt.id,
            title="V1",
            prompt="Which? {text}",
            provider=provider,
            provider_model_id="gpt-4o",
            model_provider_connection=connection.id,
        )
        api.simulator.reset()
        done = run_of(api, prompt, version)
        assert (done.status, done.total_predictions) == ("Completed", 6), provider
        # The price of Azure's own table, on what the provider counted.
        totals = api.container.store.outcomes.totals(done.id)
        assert (totals.cost or 0) > 0, provider
        assert totals.usage.uncounted == 0

        api.simulator.control({"fault": "auth"})
        versions = api.client.prompts.versions
        versions.update(prompt.id, version.id, prompt="Which one? {text}")
        stopped = run_of(api, prompt, version)
        assert stopped.status == "Failed"
        said = api.request("GET", f"inference-runs/{stopped.id}/").text
        assert "refused the token of connection" in said, provider
        assert f"new auth_token to PATCH /api/model-provider-connections/{connection.id}/" in said
        assert TOKEN not in said
        api.simulator.reset()
        api.client.model_providers.update(connection.id, auth_token=LATER)
        kept = stored(api, connection)
        assert (kept.api_key, kept.secrets) == (LATER, {"auth_token": LATER})
        assert run_of(api, prompt, version).status == "Completed"


@pytest.mark.slow
def test_what_opens_a_connection_is_what_was_given_last(api: Api) -> None:
    providers = api.client.model_providers
    made = api.connection(
        provider="AzureOpenAI",
        endpoint="https://one.openai.azure.com",
        api_key="k1",
        auth_token=TOKEN,
        google_application_credentials="{}",
    )
    providers.update(made.id, api_key="k2")
    kept = stored(api, made)
    assert (kept.api_key, dict(kept.secrets)) == ("k2", {"google_application_credentials": "{}"})
    providers.update(made.id, auth_token=LATER)
    assert stored(api, made).secrets["auth_token"] == LATER


@pytest.mark.slow
def test_no_secret_goes_along_to_another_host_or_vendor(api: Api) -> None:
    providers = api.client.model_providers
    one, two = "https://one.openai.azure.com", "https://two.openai.azure.com"
    secrets = ({"api_key": "k1"}, {"auth_token": TOKEN}, {"google_application_credentials": "{}"})
    for given in secrets:
        for change in ({"endpoint": two}, {"provider": "OpenAI", "endpoint": ""}):
            made = providers.create(provider="AzureOpenAI", endpoint=one, **given)
            with pytest.raises(ApiError) as caught:
                providers.update(made.id, **change)
            assert caught.value.status_code == 400, (given, change)
            # Given anew, those that were not are forgotten.
            providers.update(made.id, auth_token=LATER, **change)
            kept = stored(api, made)
            assert (kept.api_key, dict(kept.secrets)) == (LATER, {"auth_token": LATER}), given
            providers.update(made.id, endpoint=kept.endpoint, title="Same host")
    made = providers.create(provider="OpenAI", api_key="k1")
    with pytest.raises(ApiError):
        providers.update(made.id, provider="AzureOpenAI", endpoint=one)
    same = providers.create(provider="Custom", endpoint=one, api_key="k1")
    assert providers.update(same.id, provider="AzureOpenAI").provider == "AzureOpenAI"
