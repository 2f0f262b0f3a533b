"""JSON nested too deep to be read is no JSON: before and after login, and from Label Studio."""

from __future__ import annotations

import base64
import json
import logging

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import failures
from ml_backend.labelstudio.tokens import claims_of
from ml_backend.prompting import parameters
from support.place import Place

DEEP = "[" * 100_000
DEEP_OBJECT = '{"a":' * 100_000


def test_a_token_nested_deep_is_refused_as_any_other(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    for deep in (DEEP[:5_500], DEEP_OBJECT[:5_500]):
        token = f"a.{base64.urlsafe_b64encode(deep.encode()).decode().rstrip('=')}.c"
        assert claims_of(token) is None
        for headers in ({"Authorization": f"Bearer {token}"}, {"X-API-Key": token}):
            assert place.client.get("/api/prompts/", headers=headers).status_code == 401
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_every_route_of_label_studios_refuses_it(place: Place) -> None:
    for name in ("setup", "predict", "webhook", "train"):
        for deep in (DEEP, DEEP_OBJECT, json.dumps({"project": "1.1", "extra_params": DEEP})):
            answer = place.client.post(f"/{name}", data=deep, content_type="application/json")
            assert answer.status_code < 500, (name, answer.text)


def test_parameters_of_a_version_are_text_then_or_refused() -> None:
    with pytest.raises(InvalidInput, match="no JSON"):
        parameters.parse(DEEP_OBJECT)
    assert parameters.assignment(f"stop={DEEP}") == ("stop", DEEP)
    assert DEEP in parameters.written({"stop": DEEP})


def test_label_studios_answer_is_none_then() -> None:
    assert failures.parse(DEEP.encode()) is None
