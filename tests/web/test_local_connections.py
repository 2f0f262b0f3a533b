"""Connections to a model file: seen by all who may use them, changed by nobody who calls."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.records import Connection, ProviderName, Scope
from support.api import Api

PATH = "model-provider-connections/"
FILE = "file:///srv/models/secret-place.gguf"


def local(api: Api) -> Connection:
    return api.container.store.connections.create(
        title="Mine",
        provider="Local",
        api_key="",
        endpoint=FILE,
        default_model="secret-model",
        details={"threads": 1, "slots": 1, "context": 4096},
        scope=Scope.ORGANIZATION.value,
    )


@pytest.mark.slow
def test_the_api_makes_none_and_says_why(api: Api) -> None:
    for given in ({"endpoint": FILE}, {"endpoint": "http://127.0.0.1:1/v1"}, {}):
        refused = api.request("POST", PATH, json={"provider": "Local", **given})
        assert refused.status_code == 403
        assert "file of the machine that the server runs on" in refused.text
        assert "by command" in refused.text
    assert api.container.store.connections.all() == []
    assert "Local" not in api.request("GET", f"{PATH}provider-choices").json()["provider_choices"]


def test_no_other_connection_becomes_one(api: Api) -> None:
    other = api.connection()
    for change in ({"provider": "Local"}, {"provider": "Local", "endpoint": FILE}):
        assert api.request("PATCH", f"{PATH}{other.id}/", json=change).status_code == 403
    refused = api.request("PATCH", f"{PATH}{other.id}/", json={"endpoint": FILE})
    assert refused.status_code == 400
    assert api.container.store.connections.get(other.id).provider is ProviderName.CUSTOM


def test_it_is_listed_without_its_place_and_stays_as_it_is(api: Api) -> None:
    kept = local(api)
    [shown] = api.request("GET", PATH).json()
    assert (shown["provider"], shown["endpoint"]) == ("Local", None)
    assert "secret-place" not in str(shown)
    changes: list[dict[str, Any]] = [
        {"endpoint": "file:///etc/passwd"},
        {"provider": "Custom", "endpoint": "http://127.0.0.1:1/v1"},
        {"scope": "User"},
        {"prices": {"m": [1, 1]}},
        {"budget_limit": 3},
    ]
    for change in changes:
        assert api.request("PATCH", f"{PATH}{kept.id}/", json=change).status_code == 403, change
    assert api.request("DELETE", f"{PATH}{kept.id}/").status_code == 403
    assert api.container.store.connections.get(kept.id or 0) == kept


@pytest.mark.slow
def test_a_version_may_use_it_by_id_or_by_its_provider(api: Api) -> None:
    prompt, _ = api.prompt()
    path = f"prompts/{prompt.id}/versions"
    asked = {"prompt": "{text}", "provider": "Local", "provider_model_id": "m"}
    missing = api.request("POST", path, json={"title": "a", **asked})
    assert missing.status_code == 400
    assert "by command" in missing.text
    kept = local(api)
    ways = ({"model_provider_connection": kept.id}, {"provider": "Local"})
    for number, given in enumerate(ways):
        body = {"title": f"v{number}", "prompt": "{text}", "provider_model_id": "m", **given}
        made = api.request("POST", path, json=body)
        assert made.status_code == 201, made.text
        version = api.container.store.prompts.get_version(made.json()["id"])
        assert version.connection_id == kept.id
