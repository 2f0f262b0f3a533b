"""The OpenAPI document: true to the SDK, readable, and nothing that fuzzing it can break."""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from support.api import Api
from support.place import Place
from support.sdk import calls, in_process

METHODS_OF_THE_SDK = 30
EXAMPLES = 5


@pytest.fixture
def document(place: Place) -> dict[str, Any]:
    answer = place.client.get("/api/schema")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


@pytest.mark.slow
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
    item = document["components"]["schemas"]["TaskItem"]["properties"]
    assert item["score"]["description"].startswith("Agreement with the ground truth")


@pytest.mark.slow
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


@pytest.mark.slow
def test_secrets_are_only_taken(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    given, shown = schemas["ConnectionGiven"]["properties"], schemas["ConnectionAnswer"]
    for name in ("api_key", "auth_token", "google_application_credentials"):
        assert "writeOnly" in str(given[name])
        assert name not in shown["properties"]


@pytest.mark.slow
def test_the_page_is_whole_in_itself(place: Place, document: dict[str, Any]) -> None:
    answer = place.client.get("/api/docs")
    page = answer.get_data(as_text=True)
    assert answer.mimetype == "text/html"
    assert "://" not in page.replace("http://localhost:11434/v1", "")
    assert "<script" not in page
    for path in document["paths"]:
        assert path in page


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_fuzzing_finds_nothing(api: Api, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    import schemathesis  # half a second to load: not for every process that collects
    from schemathesis import GenerationMode
    from schemathesis.checks import CHECKS

    mode = GenerationMode(kind)
    assert {each.value for each in GenerationMode} == {"positive", "negative"}
    caplog.set_level(logging.CRITICAL)
    prompt, version = api.prompt()
    api.answered(prompt, version, dict.fromkeys(api.tasks[:6], "a"))
    api.connection()
    schema = schemathesis.openapi.from_wsgi("/api/schema", api.app)
    if mode is GenerationMode.NEGATIVE:
        # Else a token left out counts as what is wrong with a request; that has its own test.
        del schema.raw_schema["security"]
    headers = {"Authorization": f"Token {api.studio.token}"}
    # A valid request may still name what does not exist or is taken, which is a 400 by field.
    checks = [each for each in CHECKS.get_all() if each.__name__ != "positive_data_acceptance"]
    answered: Counter[int] = Counter()
    bounded = settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for result in schema.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
            continue

        @bounded
        @given(case=operation.as_strategy(generation_mode=mode))
        def fuzz(case: Any) -> None:
            if mode is GenerationMode.POSITIVE:
                _aim(case, api, prompt, version)
            response = case.call(headers=headers)
            answered[response.status_code] += 1
            case.validate_response(response, checks=checks, headers=headers)

        fuzz()
    assert sum(answered.values()) > 100
    assert not any(status >= 500 for status in answered), answered
    assert 200 in answered or mode is GenerationMode.NEGATIVE, answered


def _can_be_wrong(operation: Any) -> bool:
    """Return whether there is anything to get wrong, and schemathesis is quick to.

    It takes ten seconds a request to get several query parameters wrong: see the test below.
    """
    return bool(operation.body or operation.path_parameters) and len(operation.query) <= 1


def _aim(case: Any, api: Api, prompt: Any, version: Any) -> None:
    """Have half of the requests meet what exists; of ids at random hardly any would."""
    names = {"prompt_id": prompt.id, "version_id": version.id, "project_id": api.project, "id": 1}
    for name, value in names.items():
        given_value = (case.path_parameters or {}).get(name)
        if isinstance(given_value, int) and given_value % 2:
            case.path_parameters[name] = value


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("prompts/", ["page=0", "page=x", "page=", "page_size=0", "page_size=9999", "page=1.5"]),
        ("prompts/", ["search=%00", "page=99999999999999999999"]),
        ("prompts/compatible-projects", ["ids=a", "ids=1,,2", "ids=", "archived=maybe"]),
        ("prompts/compatible-projects", ["project_type=x", "workspaces=-1", "workspaces=x"]),
        ("prompts/compatible-projects", ["source_interface_id=x"]),
        ("projects/{project}/subset-tasks", ["project_subset=Some", "model_run=0", "model_run=x"]),
        ("projects/{project}/subset-tasks", ["alignment_outcome=x", "ordering=data"]),
        ("projects/{project}/subset-tasks", ["include_total=2", "prediction_version_ids=x"]),
        ("prompts/{prompt}/versions/{version}/inference-runs", ["project=x", "project_subset=x"]),
        ("prompts/{prompt}/versions/{version}/cost-estimate", ["project_subset=x"]),
        ("prompts/{prompt}/versions/{version}/refine", ["refinement_job_id=x"]),
        ("prompts/{prompt}/compare", ["versions=x", "versions=", "x=1", "versions=1"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
@pytest.mark.slow
def test_what_a_query_cannot_say_is_refused_by_field(api: Api, path: str, wrong: list[str]) -> None:
    prompt, version = api.prompt()
    named = path.replace("{prompt}", str(prompt.id)).replace("{version}", str(version.id))
    named = named.replace("{project}", str(api.project))
    for query in wrong:
        answer = api.request("GET", f"{named}?{query}")
        assert answer.status_code == 400, query
        assert next(iter(answer.json().values()))[0], query
