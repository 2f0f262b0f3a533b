"""The OpenAPI document: true to the SDK, readable, and nothing that fuzzing it can break."""

from __future__ import annotations

import logging
import re
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS
from web.conftest import Api, Place

from support.sdk import calls, in_process

METHODS_OF_THE_SDK = 30
EXAMPLES = 8


@pytest.fixture
def document(place: Place) -> dict[str, Any]:
    answer = place.client.get("/api/schema")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_it_needs_no_token_and_all_it_names_exists(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= document["components"]["schemas"].keys()
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    operations = [each for path in document["paths"].values() for each in path.values()]
    ids = [each["operationId"] for each in operations]
    assert len(ids) == len(set(ids)) > METHODS_OF_THE_SDK
    assert all(each["summary"].endswith(".") for each in operations)


def test_every_path_the_sdk_calls_is_described(document: dict[str, Any]) -> None:
    called: list[tuple[str, str]] = []

    class Listening:
        """An app that notes what is asked and has nothing."""

        def __call__(self, environ: Any, start: Any) -> list[bytes]:
            called.append((environ["REQUEST_METHOD"].lower(), environ["PATH_INFO"]))
            start("404 Not Found", [("Content-Type", "application/json")])
            return [b"{}"]

    names = ("prompt", "version", "run", "project", "connection", "task")
    client = in_process(Listening(), "t")  # type: ignore[arg-type]
    for call in calls(client, dict.fromkeys(names, 7)).values():
        with pytest.raises(Exception, match="404"):
            call()
    assert len(called) == METHODS_OF_THE_SDK
    patterns = {
        (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"))
        for path, methods in document["paths"].items()
        for method in methods
    }
    for method, path in called:
        assert any(method == m and pattern.match(path) for m, pattern in patterns), path


def test_secrets_are_only_taken(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    given, shown = schemas["ConnectionGiven"]["properties"], schemas["ConnectionAnswer"]
    for name in ("api_key", "auth_token", "google_application_credentials"):
        assert "writeOnly" in str(given[name])
        assert name not in shown["properties"]


def test_the_page_is_whole_in_itself(place: Place, document: dict[str, Any]) -> None:
    answer = place.client.get("/api/docs")
    page = answer.get_data(as_text=True)
    assert answer.mimetype == "text/html"
    assert "://" not in page.replace("http://localhost:11434/v1", "")
    assert "<script" not in page
    for path in document["paths"]:
        assert path in page


@pytest.mark.slow
def test_fuzzing_finds_nothing(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    prompt, version = api.prompt()
    api.answered(prompt, version, dict.fromkeys(api.tasks[:6], "a"))
    schema = schemathesis.openapi.from_wsgi("/api/schema", api.app)
    headers = {"Authorization": f"Token {api.studio.token}"}
    # A valid request may still name what does not exist or is taken, which is a 400 by field.
    checks = [each for each in CHECKS.get_all() if each.__name__ != "positive_data_acceptance"]

    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def fuzz(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=checks)

        strategy = operation.as_strategy()
        from hypothesis import given

        given(case=strategy)(fuzz)()
