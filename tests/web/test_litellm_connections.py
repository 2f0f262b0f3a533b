"""Connections of LiteLLM through the SDK: who may make them, and a run by one."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from ml_backend.records import Person, Scope
from support import fake_litellm
from support.api import Api
from support.sdk import ended_run

MEMBER = Person(2, "other", "other@example.com")
GIVEN: dict[str, Any] = {"provider": "LiteLLM", "api_key": "sk-of-openrouter-0001"}
MODEL = "openrouter/simulated"


def run_of(api: Api, client: Any, prompt: Any, connection: Any, title: str, model: str) -> Any:
    version = client.prompts.versions.create(
        prompt.id,
        title=title,
        prompt="Which? {text}",
        provider="LiteLLM",
        provider_model_id=model,
        model_provider_connection=connection.id,
    )
    run = client.prompts.runs.create(
        prompt.id, version.id, project=api.project, project_subset="HasGT"
    )
    return ended_run(client, run)


@pytest.mark.slow
def test_the_owner_makes_one_and_members_ask_its_vendor_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = fake_litellm.install(monkeypatch)
    choices = api.client.model_providers.list_model_provider_choices().provider_choices
    assert "LiteLLM" in (choices or [])
    connection = api.client.model_providers.create(
        **GIVEN, endpoint=api.simulator.url, deployment_name="openrouter"
    )
    assert connection.provider == "LiteLLM"
    prompt = api.client.prompts.create(title="Through", associated_projects=[api.project])
    done = run_of(api, api.client, prompt, connection, "V1", MODEL)
    assert (done.status, done.total_predictions) == ("Completed", 6)
    totals = api.container.store.outcomes.totals(done.id)
    assert totals.usage.prompt_tokens > 0
    assert totals.usage.uncounted == 0
    member = api.as_user()
    for title, model in (("V2", "groq/x"), ("V3", "vertex_ai/gemini"), ("V4", "ollama/llama3")):
        run_of(api, member, prompt, connection, title, model)
    assert {each["model"].partition("/")[0] for each in library.calls} == {"openrouter"}
    assert run_of(api, member, prompt, connection, "V5", MODEL).status == "Completed"


@pytest.mark.slow
def test_one_of_before_there_were_vendors_keeps_to_the_first_that_answered(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = fake_litellm.install(monkeypatch)
    connection = api.container.store.connections.create(
        title="Kept", organization=1, **GIVEN, endpoint=api.simulator.url
    )
    prompt = api.client.prompts.create(title="Through", associated_projects=[api.project])
    assert run_of(api, api.client, prompt, connection, "V1", MODEL).status == "Completed"
    member, before = api.as_user(), len(library.calls)
    for title, model in (("V2", "groq/x"), ("V3", "vertex_ai/gemini"), ("V4", "ollama/llama3")):
        stopped = run_of(api, member, prompt, connection, title, model)
        assert stopped.status == "Failed", model
    assert len(library.calls) == before, "the key went to nobody else"
    renamed = api.client.model_providers.update(connection.id, budget_alert_threshold=5)
    assert not renamed.deployment_name, "what was kept stays"


@pytest.mark.slow
def test_a_key_of_the_whole_organization_names_its_vendor(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever may use it says by a version's model where it goes."""
    fake_litellm.install(monkeypatch)
    providers = api.client.model_providers

    def refused(act: Any) -> None:
        with pytest.raises(ApiError) as caught:
            act()
        assert caught.value.status_code == 400
        said = str(caught.value.body)
        assert "Send it as deployment_name. For example openrouter." in said
        assert "which vendor that is of" in said

    refused(lambda: providers.create(**GIVEN))
    own = providers.create(**GIVEN, scope="User")
    refused(lambda: providers.update(own.id, scope="Organization"))
    shared = providers.update(own.id, scope="Organization", deployment_name="openrouter")
    assert shared.scope == "Organization"
    refused(lambda: providers.update(own.id, deployment_name=""))
    without = providers.create(provider="LiteLLM", endpoint="https://gateway.example")
    refused(lambda: providers.update(without.id, api_key="sk-later"))


@pytest.mark.slow
def test_a_member_makes_none_unless_everybody_may_lead_anywhere(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = fake_litellm.install(monkeypatch)
    member = api.as_user()
    with pytest.raises(ApiError) as caught:
        member.model_providers.create(**GIVEN, scope="User")
    assert caught.value.status_code == 403
    assert "labeler@example.com" in str(caught.value.body)
    custom = member.model_providers.create(
        provider="Custom", endpoint="https://models.example/v1", api_key="k", scope="User"
    )
    with pytest.raises(ApiError) as caught:
        member.model_providers.update(custom.id, provider="LiteLLM", api_key="k")
    assert caught.value.status_code == 403
    # One kept by whatever wrote it asks nobody.
    kept = api.container.store.connections.create(
        title="Theirs", provider="LiteLLM", api_key="k", scope=Scope.USER.value, created_by=MEMBER
    )
    prompt = member.prompts.create(title="Theirs", associated_projects=[api.project])
    with pytest.raises(ApiError) as caught:
        run_of(api, member, prompt, kept, "V1", MODEL)
    assert "chooses addresses by itself" in str(caught.value.body)
    assert library.calls == []
    api.let_inside()
    made = member.model_providers.create(**GIVEN, endpoint=api.simulator.url, scope="User")
    assert run_of(api, member, prompt, made, "V2", MODEL).status == "Completed"
    # What the environment holds is for nobody but the operator and the owner.
    reach = api.container.private_endpoints.reach_of
    assert not reach(api.container.store.connections.get(made.id)).environment


@pytest.mark.slow
def test_where_it_is_not_installed_one_is_told_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_litellm.uninstall(monkeypatch)
    choices = api.client.model_providers.list_model_provider_choices().provider_choices
    assert "LiteLLM" not in (choices or [])
    with pytest.raises(ApiError) as caught:
        api.client.model_providers.create(**GIVEN)
    assert caught.value.status_code == 400
    assert "prompts-for-label-studio[litellm]" in str(caught.value.body)


def test_the_operator_says_whether_the_environment_opens_owners_connections(place: Any) -> None:
    container = place.container
    connection = container.models.default
    assert not container.private_endpoints.reach_of(connection).environment
    settings = container.settings.model_copy(update={"litellm_environment": True})
    from ml_backend.parts.prompts import PromptParts

    class Parts(PromptParts):
        def __init__(self) -> None:
            self.settings = settings

    assert Parts().private_endpoints.reach_of(connection).environment
