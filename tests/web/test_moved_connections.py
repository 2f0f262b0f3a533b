"""A stored key goes to the place it was given for; another one, or a way in the open, needs it."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api

KEY = "sk-canary-of-this-place"


def made(api: Api, **fields: Any) -> int:
    body = {"provider": "Custom", "api_key": KEY, **fields}
    answer = api.request("POST", "model-provider-connections/", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("https://models.example/v1", {"endpoint": "http://models.example/v1"}),
        ("https://models.example/v1", {"endpoint": "https://models.example:8443/v1"}),
        ("https://models.example/v1", {"endpoint": "https://models.example.evil.example/v1"}),
        ("https://models.example/v1", {"provider": "Gemini", "endpoint": ""}),
        ("https://models.example/v1", {"provider": "Anthropic", "endpoint": "https://b.example"}),
    ],
)
def test_a_key_is_sent_nowhere_else_without_being_given_again(
    api: Api, before: str, change: dict[str, Any]
) -> None:
    number = made(api, endpoint=before)
    path = f"model-provider-connections/{number}/"
    refused = api.request("PATCH", path, json=change)
    assert refused.status_code == 400, refused.text
    assert "given again" in refused.text
    assert api.container.store.connections.get(number).endpoint == before
    # Without the key, and with another, it goes; the old one does not.
    for key in ("", "sk-new"):
        assert api.request("PATCH", path, json={**change, "api_key": key}).status_code in (200, 400)
        kept = api.container.store.connections.get(number)
        assert kept.endpoint == before or kept.api_key == key


@pytest.mark.slow
def test_the_same_host_in_other_words_keeps_its_key(api: Api) -> None:
    number = made(api, endpoint="http://models.example/v1")
    path = f"model-provider-connections/{number}/"
    for endpoint in ("http://models.example/v2", "https://models.example/v2"):
        assert api.request("PATCH", path, json={"endpoint": endpoint}).status_code == 200
    assert api.container.store.connections.get(number).api_key == KEY
