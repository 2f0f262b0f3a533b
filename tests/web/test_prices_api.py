"""Prices over the API: of connections, and of the one that the environment makes."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api

ENVIRONMENT = "model-provider-connections/environment/prices"


@pytest.mark.slow
def test_prices_of_a_connection_are_set_and_shown(api: Api) -> None:
    given = {"provider": "Custom", "endpoint": api.simulator.url, "prices": {"a": [1, 2]}}
    made = api.request("POST", "model-provider-connections/", json=given).json()
    assert made["prices"] == {"a": [1, 2]}
    path = f"model-provider-connections/{made['id']}/"
    assert api.request("PATCH", path, json={"prices": {"b": [0, 0]}}).json()["prices"] == {
        "b": [0, 0]
    }
    assert api.request("PATCH", path, json={"scope": "User"}).json()["prices"] == {"b": [0, 0]}


@pytest.mark.parametrize("odd", [[1], [1, -2], ["1", 2], [1, 2, 3], "1,2", {"a": 1}])
@pytest.mark.slow
def test_what_is_no_price_is_refused(api: Api, odd: Any) -> None:
    connection = api.connection()
    for path in (ENVIRONMENT, f"model-provider-connections/{connection.id}/"):
        refused = api.request("PATCH", path, json={"prices": {"m": odd}})
        assert (refused.status_code, list(refused.json())) == (400, ["prices"])


@pytest.mark.slow
def test_the_environments_prices_make_an_estimate(api: Api) -> None:
    prompt, version = api.prompt()
    path = f"prompts/{prompt.id}/versions/{version.id}/cost-estimate"
    unknown = api.request("GET", path).json()
    assert unknown["error_type"] == "PriceUnknown"
    assert "environment/prices" in unknown["error_message"]
    given = api.request("PATCH", ENVIRONMENT, json={"prices": {"simulated": [1, 2]}}).json()
    assert given["prices"] == {"simulated": [1, 2]}
    assert given["default_model"] == "simulated"
    told = api.request("GET", path).json()
    assert float(told["total_cost_usd"]) > 0
    assert told["price_source"] == "given for this connection"
    forgotten = api.request("PATCH", ENVIRONMENT, json={"prices": {"simulated": None}}).json()
    assert forgotten["prices"] == {}


def test_only_the_organizations_owner_says_what_the_environments_models_cost(api: Api) -> None:
    other = api.as_user()
    refused = api.request("PATCH", ENVIRONMENT, other, json={"prices": {"simulated": [0, 0]}})
    assert refused.status_code == 403
    told = api.request("GET", ENVIRONMENT, other).json()
    assert (told["prices"], told["budget_limit"]) == ({}, None)
