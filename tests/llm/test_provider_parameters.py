"""A version's parameters are those its provider takes; others are refused, in words."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from ml_backend.errors import InvalidInput
from ml_backend.llm import ProviderFacts, facts_of, provider_modules
from ml_backend.llm.models import parameters
from ml_backend.llm.models.parameters import check_anywhere, check_at, kinds_of
from ml_backend.prompting.parameters import KNOWN, check, schema_of
from ml_backend.records import Connection, ProviderName
from support.models import connection

VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "temperature": ([0, 0.5, 2], [-0.1, 2.1, "hot", True]),
    "max_tokens": ([1, 1_000_000], [0, 1.5, "9"]),
    "seed": ([-5, 3], [0.5, "3"]),
    "reasoning_effort": (["none", "high"], ["huge", "", 3]),
    "logprobs": ([True, False], [1, "yes"]),
    "stop": (["a", ["a", "b"]], ["", [], ["a"] * 5, [1], 3]),
    "user": (["me"], [3]),
    "extra_body": ([{}, {"a": 1}], [[], "a"]),
}


def test_the_schema_says_what_the_check_does() -> None:
    schema = schema_of(KNOWN)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = []
    for name, (good, bad) in VALUES.items():
        for value, fits in [*((each, True) for each in good), *((each, False) for each in bad)]:
            try:
                check({name: value})
                taken = True
            except InvalidInput:
                taken = False
            if (taken, validator.is_valid({name: value})) != (fits, fits):
                wrong.append((name, value))
    assert wrong == []
    assert not validator.is_valid({"temprature": 1})


def test_each_provider_takes_what_its_facts_say() -> None:
    for name in ProviderName:
        if name.lower() not in provider_modules() or name is ProviderName.BASELINE:
            continue
        at = Connection(None, "", name, endpoint="" if name is ProviderName.OPENAI else "http://m")
        takes = kinds_of(at)
        assert set(takes) == facts_of(name).parameters, name
        assert list(takes) == [each for each in KNOWN if each in takes], name
        for other in KNOWN.keys() - takes.keys():
            with pytest.raises(InvalidInput) as refused:
                check_at(at, {other: 1})
            assert refused.value.message == f"{facts_of(name).title} takes no parameter {other}."
            assert refused.value.field == "parameters"
            assert "It takes: temperature, " in refused.value.fix


def test_a_gateway_in_openais_place_takes_what_servers_take() -> None:
    assert check_at(connection("http://gateway/v1", provider=ProviderName.OPENAI), {"top_k": 5})
    assert check_anywhere(ProviderName.OPENAI, {"top_k": 5}) == {"top_k": 5}
    with pytest.raises(InvalidInput, match="OpenAI takes no parameter top_k"):
        check_at(connection("", provider=ProviderName.OPENAI), {"top_k": 5})


def test_the_baseline_minds_no_parameters() -> None:
    assert check_at(connection("", provider=ProviderName.BASELINE), {"top_k": 5}) == {"top_k": 5}


def test_narrower_bounds_are_a_providers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = ProviderFacts(
        ProviderName.ANTHROPIC, "Anthropic", parameters=frozenset({"temperature", "top_k"})
    )
    monkeypatch.setattr(parameters, "facts_of", lambda _: facts)
    at = Connection(None, "", ProviderName.ANTHROPIC)
    assert check_at(at, {"temperature": 1, "top_k": 5}) == {"temperature": 1, "top_k": 5}
    assert schema_of(kinds_of(at))["properties"]["temperature"]["maximum"] == 1
    for given, said in (
        ({"temperature": 1.5}, "Of Anthropic it takes a number from 0 to 1."),
        ({"top_k": -1}, "Of Anthropic it takes a whole number from 0 to 1e+06."),
        ({"seed": 3}, "It takes: temperature, top_k."),
        ({"temprature": 3}, "There are: temperature"),
    ):
        with pytest.raises(InvalidInput) as refused:
            check_at(at, given)
        assert refused.value.fix.startswith(said)
