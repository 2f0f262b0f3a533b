"""Models of connections over the API: what each can, what it costs, and what a version may set."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from ml_backend.records import ProviderName
from ml_backend.records.abilities import measured
from support.api import Api

CONNECTIONS = "model-provider-connections/"
OPENAI = {"provider": "OpenAI", "api_key": "sk-none"}
VERSION = {"title": "Set", "prompt": "{text}", "provider_model_id": "gpt-6-luna"}


def made(api: Api, **given: Any) -> Any:
    answer = api.request("POST", CONNECTIONS, json=given)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.slow
def test_models_of_a_connection_are_told_with_their_sources(api: Api) -> None:
    kept = made(api, **OPENAI, prices={"gpt-4o-mini": [1, 2], "of-mine": [0, 0]})
    connection = api.container.store.connections.get(kept["id"])
    seen = measured("2026-11-30", images=False, form="tool")
    api.container.store.abilities.keep(connection, "of-mine", seen)
    path = f"{CONNECTIONS}{kept['id']}/models"
    rows = {row["model"]: row for row in api.request("GET", path).json()}
    assert set(rows) == {"gpt-4o-mini", "of-mine"}
    known, own = rows["gpt-4o-mini"], rows["of-mine"]
    assert known["images"]["value"] is True
    assert known["images"]["source"].startswith("https://developers.openai.com/")
    assert known["context"]["value"] == 128_000
    assert known["retires"]["value"] == "2027-01-14"
    assert known["replacement"]["value"] == "gpt-6-luna"
    assert known["price"]["source"] == "given for this connection"
    assert own["images"] == {"value": False, "source": "measured", "date": "2026-11-30"}
    assert own["form"]["value"] == "tool"
    assert (own["context"], own["retires"], own["retirement"]) == (None, None, None)


@pytest.mark.slow
def test_the_provider_is_asked_where_that_is_wanted(api: Api) -> None:
    before = api.request("GET", f"{CONNECTIONS}environment/models").json()
    asked = api.request("GET", f"{CONNECTIONS}environment/models?ask=true").json()
    assert {row["model"] for row in before} == {"simulated"}
    assert {row["model"] for row in asked} > {"simulated"}
    assert all(row["context"] is None for row in asked)  # a server of one's own is nobody's


@pytest.mark.slow
def test_a_connection_says_which_parameters_it_takes(api: Api) -> None:
    for given in ({**OPENAI}, {"provider": "Custom", "endpoint": api.simulator.url}):
        schema = made(api, **given)["model_params"]
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["temperature"] == {
            "type": "number", "minimum": 0, "maximum": 2,
        }  # fmt: skip
        assert ("top_k" in schema["properties"]) == (given["provider"] == "Custom")
    client = api.client.model_providers.list()
    assert all(each.model_params and each.model_params["properties"] for each in client)


@pytest.mark.slow
def test_parameters_are_kept_by_any_of_their_names_and_checked_by_the_provider(api: Api) -> None:
    prompt, _ = api.prompt()
    kept = made(api, **OPENAI)
    path = f"prompts/{prompt.id}/versions"
    named = {**VERSION, "model_provider_connection": kept["id"]}
    for number, name in enumerate(("parameters", "model_parameters", "model_params")):
        sent = {**named, "title": f"V{number}", name: {"temperature": 0.5}}
        answer = api.request("POST", path, json=sent)
        assert (answer.status_code, answer.json()["parameters"]) == (201, {"temperature": 0.5})
    version = api.request("GET", path).json()[-1]
    one = f"{path}/{version['id']}"
    changed = api.request("PATCH", one, json={"model_params": {"seed": 3}}).json()
    assert changed["parameters"] == {"seed": 3}
    assert api.request("PATCH", one, json={"title": "Other"}).json()["parameters"] == {"seed": 3}
    for refused in (
        api.request("POST", path, json={**named, "title": "N", "parameters": {"top_k": 5}}),
        api.request("PATCH", one, json={"parameters": {"top_k": 5}}),
    ):
        assert (refused.status_code, list(refused.json())) == (400, ["parameters"])
        assert "OpenAI takes no parameter top_k" in refused.text
        assert "temperature, top_p" in refused.text


@pytest.mark.slow
def test_another_provider_is_refused_parameters_it_does_not_take(api: Api) -> None:
    """A version that has them may keep them where they are, and take others there."""
    prompt, _ = api.prompt()
    custom = made(api, provider="Custom", endpoint=api.simulator.url)
    path = f"prompts/{prompt.id}/versions"
    given = {**VERSION, "model_provider_connection": custom["id"], "parameters": {"top_k": 5}}
    version = api.request("POST", path, json=given).json()
    one = f"{path}/{version['id']}"
    kept = made(api, **OPENAI)
    moved = {"model_provider_connection": kept["id"]}
    refused = api.request("PATCH", one, json=moved)
    assert (refused.status_code, "takes no parameter top_k" in refused.text) == (400, True)
    done = api.request("PATCH", one, json={**moved, "parameters": {"temperature": 1}})
    assert (done.status_code, done.json()["parameters"]) == (200, {"temperature": 1})
    # One of before there was a check: its title may change, and whatever else is not asked about.
    store = api.container.store
    store.prompts.update_version(version["id"], parameters={"top_k": 5})
    assert api.request("PATCH", one, json={"prompt": "Say: {text}"}).status_code == 200


@pytest.mark.slow
def test_an_estimate_tells_of_a_model_that_is_retired(api: Api) -> None:
    prompt, version = api.prompt()
    path = f"prompts/{prompt.id}/versions/{version.id}/cost-estimate"
    assert api.request("GET", path).json()["model_retirement"] is None
    connection = api.container.models.default
    assert connection.provider is ProviderName.CUSTOM
    told = measured("2026-11-30", retires="2026-01-31", replacement="newer")
    api.container.store.abilities.keep(connection, "simulated", told)
    said = api.request("GET", path).json()["model_retirement"]
    assert said.startswith("The model simulated was retired on 2026-01-31")
    assert said.endswith("names newer instead.")
