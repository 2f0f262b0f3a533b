"""What a version may set of a model call, and what a person typed of it."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.llm.model import Request
from ml_backend.llm.structured_output import build_body
from ml_backend.prompting.parameters import KNOWN, check, listed, parse, written
from support.tables import each_row

SENT = {"model": "m", "messages": []}


@each_row(
    ("given", "said"),
    [
        ({"temprature": 0.2}, "There is no parameter 'temprature'."),
        ({"model": "other"}, "The parameter model is set by the server."),
        ({"n": 3}, "The parameter n is set by the server."),
        ({"temperature": "hot"}, 'The parameter temperature is "hot".'),
        ({"temperature": 2.5}, "The parameter temperature is 2.5."),
        ({"temperature": True}, "The parameter temperature is true."),
        ({"temperature": float("nan")}, "The parameter temperature is NaN."),
        ({"max_tokens": 1.5}, "The parameter max_tokens is 1.5."),
        ({"max_tokens": 0}, "The parameter max_tokens is 0."),
        ({"seed": 2**80}, "The parameter seed is"),
        ({"stop": ["a"] * 5}, "The parameter stop is"),
        ({"reasoning_effort": "huge"}, 'The parameter reasoning_effort is "huge".'),
        ({"extra_body": {"stream": True}}, "stream in extra_body is set by the server."),
        ({"extra_body": {"max_tokens": 9}}, "max_tokens in extra_body is a parameter of its own."),
        ({"user": "a\0"}, "The parameters hold bytes that are not text."),
        ({"user": "a" * 30_000}, "The parameters have 30,"),
    ],
)
def test_what_no_model_takes_is_refused_in_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(given)
    assert refused.value.message.startswith(said)
    assert refused.value.field == "parameters"


def test_an_unknown_name_is_told_all_that_there_are() -> None:
    with pytest.raises(InvalidInput) as refused:
        check({"top": 1})
    assert all(name in str(refused.value.fix) for name in KNOWN)


@each_row(
    ("text", "parameters"),
    [
        ("", {}),
        ("temperature = 0.2", {"temperature": 0.2}),
        ("temperature: 0.2\n\n seed=7 ", {"temperature": 0.2, "seed": 7}),
        ("reasoning_effort = low", {"reasoning_effort": "low"}),
        ('stop = ["a", "b"]', {"stop": ["a", "b"]}),
        ("stop = a = b", {"stop": "a = b"}),
        ('{"temperature": 0, "seed": null}', {"temperature": 0}),
        ('extra_body = {"guided": {"a": 1}}', {"extra_body": {"guided": {"a": 1}}}),
        ('user = "7"', {"user": "7"}),
    ],
)
def test_what_is_typed_is_read_and_written_again(text: str, parameters: dict[str, Any]) -> None:
    assert parse(text) == parameters
    assert parse(written(parameters)) == parameters


@pytest.mark.parametrize(
    "text", ["temperature", "= 3", "temperature =", "temperature = 1\ntemperature = 0", "{broken"]
)
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


def test_fields_of_ones_own_server_are_sent_beside_the_others() -> None:
    parameters = {"temperature": 0, "extra_body": {"guided": 1, "model": "other"}}
    body = build_body("text", Request("m", [], {}, parameters), "m", {})
    assert (body["temperature"], body["guided"], body["model"]) == (0, 1, "m")
    assert "extra_body" not in body
    assert listed(parameters).startswith("temperature = 0, extra_body = {")
