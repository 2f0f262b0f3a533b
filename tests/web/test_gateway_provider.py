"""A script that says provider="OpenAI", where OPENAI_BASE_URL names a gateway in front of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.llm.prices import find_price
from ml_backend.records import PromptVersion, ProviderName
from support.api import Api
from support.sdk import ended_run

OPENAI, CUSTOM = ProviderName.OPENAI, ProviderName.CUSTOM


def version_of(api: Api, prompt: Any, provider: str = "OpenAI", **more: Any) -> Any:
    values = {"title": f"By {provider} {more}", "prompt": "Which? {text}", **more}
    return api.client.prompts.versions.create(
        prompt.id, provider=provider, provider_model_id="simulated", **values
    )


@pytest.mark.slow
def test_it_is_answered_by_the_connection_of_the_environment(api: Api) -> None:
    models = api.container.models
    prompt = api.client.prompts.create(title="Gateway", associated_projects=[api.project])
    made = version_of(api, prompt)
    assert (made.provider, made.model_provider_connection) == ("OpenAI", None)
    run = api.client.prompts.runs.create(
        prompt.id, made.id, project=api.project, project_subset="HasGT"
    )
    assert ended_run(api.client, run).status == "Completed"

    stored = api.container.store.prompts.get_version(made.id)
    answering = models.of_version(stored)
    assert answering == models.of_version(replace(stored, provider=CUSTOM))
    connection = answering[0]
    assert (connection.provider, connection.endpoint) == (CUSTOM, api.simulator.url)
    # One budget, and one price, by whatever name a version calls it.
    assert models.purse(connection) is models.purse(models.connection(CUSTOM, None))
    api.container.given_prices.give(models.default, "simulated", (1.0, 2.0))
    price = find_price(models.connection(OPENAI, None), "simulated")
    assert price is not None
    assert price.prompt == 1.0
    assert api.container.given_prices.without(stored) is None


@pytest.mark.slow
def test_a_connection_of_that_provider_goes_before_it_and_takes_over_nothing(api: Api) -> None:
    prompt = api.client.prompts.create(title="Gateway", associated_projects=[api.project])
    before = version_of(api, prompt)
    own = api.connection(provider="OpenAI", scope="User")
    after = version_of(api, prompt, title="After")
    assert after.model_provider_connection == own.id
    # What is changed of the version before stays with what answers it.
    versions = api.client.prompts.versions
    changed = versions.update(prompt.id, before.id, prompt="Which one? {text}", provider="OpenAI")
    assert (changed.provider, changed.model_provider_connection) == ("OpenAI", None)
    reply = api.request(
        "PATCH",
        f"prompts/{prompt.id}/versions/{before.id}?keep_if_run=true",
        json={"prompt": "Which of them? {text}"},
    )
    assert reply.json()["model_provider_connection"] is None
    # Nobody else gets to that connection by its provider's name.
    member = api.as_user()
    theirs = member.prompts.create(title="Member's", associated_projects=[api.project])
    made = member.prompts.versions.create(
        theirs.id, title="V", prompt="{text}", provider="OpenAI", provider_model_id="simulated"
    )
    assert made.model_provider_connection is None


@pytest.mark.slow
def test_a_prompt_file_may_say_so_too(api: Api) -> None:
    prompt = api.client.prompts.create(title="Gateway", associated_projects=[api.project])
    version_of(api, prompt)
    text = api.request("GET", f"prompts/{prompt.id}/export").json()["file"]
    assert "provider: OpenAI" in text
    body = {"file": text, "project": api.project, "title": "Again"}
    reply = api.request("POST", "prompts/import", json=body)
    assert reply.status_code < 300, reply.text
    found = next(each for each in api.container.store.prompts.all() if each.title == "Again")
    [stands] = api.container.store.prompts.versions(found.id)
    assert (stands.provider, stands.connection_id) == (OPENAI, None)


@pytest.mark.slow
def test_what_names_another_server_is_refused_as_before(api: Api) -> None:
    models = api.container.models
    version = api.container.store.prompts.get_version(api.prompt()[1].id)
    assert version.provider is CUSTOM
    default = models.default
    for provider, others in (
        (OPENAI, (CUSTOM,)),
        (ProviderName.BASELINE, (CUSTOM,)),
        (ProviderName.LOCAL, (CUSTOM,)),
    ):
        models.default = replace(default, provider=provider, endpoint="")
        for other in others:
            with pytest.raises(InvalidInput, match="OPENAI_BASE_URL"):
                models.of_version(replace(version, provider=other))
        assert not models.answers_to(ProviderName.ANTHROPIC)
    models.default = default
    assert not any(map(models.answers_to, (ProviderName.GEMINI, ProviderName.BASELINE)))
    assert isinstance(version, PromptVersion)
