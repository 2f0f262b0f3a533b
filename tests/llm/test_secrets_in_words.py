"""Whatever words come back, no part of what opens a connection is among them."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote, quote_plus

from ml_backend.llm.explanations import without_secrets
from support.models import connection

PERSON = {
    "type": "authorized_user",
    "client_id": "1.apps",
    "client_secret": "canary-client/secret",
    "refresh_token": "1//canary+refresh",
}


def test_parts_of_credentials_are_blotted_as_they_are_and_as_addresses_have_them() -> None:
    on = connection("https://x.example/v1")
    kept = {"google_application_credentials": json.dumps(PERSON), "auth_token": "canary token/1"}
    secrets = [PERSON["client_secret"], PERSON["refresh_token"], "canary token/1", "canary=key"]
    for each in secrets:
        for written in (each, quote(each, safe=""), quote_plus(each)):
            told = without_secrets(
                f"HTTP 400 for https://x.example/token?a={written}&b=1",
                replace(on, api_key="canary=key", secrets=kept),
            )
            assert told == "HTTP 400 for https://x.example/token?a=[secret]&b=1", written
    for odd in ("{", "{}", '{"private_key": 5}', "{" * 100_000):
        assert without_secrets("a word", replace(on, api_key=odd)) == "a word"
