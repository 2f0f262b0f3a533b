"""An endpoint is shown to whoever may use its connection, so it holds no key."""

from __future__ import annotations

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.records import ProviderName
from ml_backend.services.callers.connection_fields import check_needs
from ml_backend.services.callers.connection_rules import check_endpoint


@pytest.mark.parametrize(
    "query",
    [
        "key=AIza-canary", "x=1&api_key=canary", "API-Key=canary", "access_token=canary",
        "sv=1&sig=canary", "subscription-key=canary", "a=b;token=canary", "code=canary",
    ],
)  # fmt: skip
def test_an_endpoint_with_a_key_in_it_is_refused_without_repeating_it(query: str) -> None:
    with pytest.raises(InvalidInput, match="holds a key") as caught:
        check_endpoint(ProviderName.GEMINI, f"https://models.example/v1beta?{query}")
    assert caught.value.field == "endpoint"
    assert "canary" not in f"{caught.value.message} {caught.value.fix}"


def test_a_query_that_opens_nothing_may_stand_there() -> None:
    for url in ("https://a.example/openai?api-version=2024-10-21", "https://a.example/key=/v1"):
        check_endpoint(ProviderName.AZURE_OPENAI, url)


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-a\r\nX-Evil: 1", "sk-a\0b", "sk-\x7f"])
def test_a_key_that_no_header_can_hold_is_refused_by_its_field(key: str) -> None:
    for field, name in (("api_key", "API key"), ("auth_token", "Auth token")):
        with pytest.raises(InvalidInput, match=f"{name} has a line break") as caught:
            check_needs(ProviderName.ANTHROPIC, {field: key})
        assert caught.value.field == field
        assert "sk-" not in f"{caught.value.message} {caught.value.fix}"
    # What was kept may stay while something else is changed.
    check_needs(ProviderName.ANTHROPIC, {"api_key": key}, {"endpoint"})
    check_needs(ProviderName.VERTEX_AI, {"api_key": '{\n "type": "service_account"\n}'})
