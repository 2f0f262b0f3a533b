"""What a provider says a call took is money, and from outside: what cannot be true is unknown."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from ml_backend.llm import Gate, Opening
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.reading.usage import UNKNOWN, read_usage
from ml_backend.llm.wire import Place, Received, Wire
from ml_backend.records import Usage
from support.models import FAST, connection, question, run

MESSAGES = [{"role": "user", "content": "What is this about?"}]
PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
SHOWN = [{"role": "user", "content": PICTURE}]


def read(usage: Any, *, messages: Any = MESSAGES, text: str = "{}") -> Usage:
    choices = [{"index": 0, "message": {"role": "assistant", "content": text}}]
    return read_usage({"choices": choices, "usage": usage}, messages, {"type": "object"})


def test_usage_that_cannot_be_is_unknown() -> None:
    wrong: list[Any] = [
        None, [], "12", 7, True, {}, {"total_tokens": 12}, {"prompt_tokens": 12},
        {"prompt_tokens": None, "completion_tokens": None},
    ]  # fmt: skip
    values: list[Any] = [
        -1, -(10**30), 10**30, 2**63, 3e9, 12.0, float("nan"), float("inf"), float("-inf"),
        "12", "1e3", True, [12], {"n": 12}, 5_000_000, None,
    ]  # fmt: skip
    wrong += [{"prompt_tokens": each, "completion_tokens": 4} for each in values]
    wrong += [{"prompt_tokens": 12, "completion_tokens": each} for each in values]
    wrong += [{"prompt_tokens": 0, "completion_tokens": 4}]  # no question takes nothing
    assert [each for each in wrong if read(each) != UNKNOWN] == []


def test_usage_that_can_be_is_taken_as_it_is() -> None:
    told = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 999}
    assert read(told) == Usage(12, 4)
    details = {"prompt_tokens_details": {"cached_tokens": -5}, "completion_tokens_details": "x"}
    assert read({**told, **details}) == Usage(12, 4)  # nothing is read of these
    assert read({"prompt_tokens": 12, "completion_tokens": 0}) == Usage(12, 0)
    thoughts = {"prompt_tokens": 12, "completion_tokens": 120_000}
    assert read(thoughts) == Usage(12, 120_000)  # models have thought so long
    long = [{"role": "user", "content": "a" * 200_000}]
    assert read({"prompt_tokens": 50_000, "completion_tokens": 1}, messages=long).uncounted == 0
    assert read({"prompt_tokens": 50_000, "completion_tokens": 1}, messages=SHOWN).uncounted == 0
    assert read({"prompt_tokens": 50_000, "completion_tokens": 1}) == UNKNOWN


def test_kinds_of_tokens_are_read_where_they_can_be() -> None:
    """Whoever answers names them in its own way; none of them is more than its whole."""
    wrong = [
        -1, 13, 12.0, "5", True, None, [5], {"n": 5}, float("nan"), float("inf"), 10**30,
    ]  # fmt: skip
    table: list[tuple[Any, tuple[int, int, int]]] = [
        ({}, (0, 0, 0)),
        ({"prompt_tokens_details": {"cached_tokens": 8}}, (8, 0, 0)),
        ({"prompt_tokens_details": {"cached_tokens": 12}}, (12, 0, 0)),
        ({"prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 5}}, (3, 5, 0)),
        ({"prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 5}}, (0, 0, 0)),
        ({"prompt_cache_hit_tokens": 7, "prompt_cache_miss_tokens": 5}, (7, 0, 0)),
        ({"prompt_cache_hit_tokens": 7, "prompt_tokens_details": {"cached_tokens": 7}}, (7, 0, 0)),
        ({"prompt_tokens_details": {"cached_tokens": 0}, "prompt_cache_hit_tokens": 6}, (6, 0, 0)),
        ({"cache_read_input_tokens": 4, "cache_creation_input_tokens": 6}, (4, 6, 0)),
        ({"cached_tokens": 2}, (2, 0, 0)),
        ({"completion_tokens_details": {"reasoning_tokens": 4}}, (0, 0, 4)),
        ({"completion_tokens_details": {"reasoning_tokens": 5}}, (0, 0, 0)),
        ({"reasoning_tokens": 3}, (0, 0, 3)),
        ({"prompt_tokens_details": [], "completion_tokens_details": "x"}, (0, 0, 0)),
    ]
    for part, name in (
        ("prompt_tokens_details", "cached_tokens"),
        ("prompt_tokens_details", "cache_write_tokens"),
        ("completion_tokens_details", "reasoning_tokens"),
    ):
        table += [({part: {name: each}}, (0, 0, 0)) for each in wrong]
    told = {"prompt_tokens": 12, "completion_tokens": 4}
    found = [
        (more, kinds) for more, kinds in table if read({**told, **more}) != Usage(12, 4, 0, *kinds)
    ]
    assert found == []


@cache
class ToldWire(Wire):
    """A wire at whose other end is a body, whatever is asked."""

    def __init__(self, body: str, status: int = 200) -> None:
        super().__init__(Place("http://model.invalid/v1/"), Gate(1))
        self._told = Received(status, {"content-type": "application/json"}, body.encode())

    async def _send(self, method: str, url: str, content: bytes | None = None) -> Received:
        return self._told


def usage_of(body: str, status: int = 200) -> Usage:
    wire = ToldWire(body, status)
    on = connection("http://model.invalid/v1")
    model = ChatModel(on, wire, Opening(Gate(1), 5, {}, FAST))
    model._ladder.worked("simulated", "json_schema")
    return run(model.complete(question())).usage


def test_a_call_of_unknown_usage_is_told_as_one_of_that() -> None:
    text = json.dumps(json.dumps({"topic": "other", "spans": None}))
    choice = f'{{"index": 0, "message": {{"role": "assistant", "content": {text}}}}}'
    for said in (
        f"1{'0' * 30}", "-3", "NaN", "Infinity", "1e400", '"7"', "true", "null", "12.5",
    ):  # fmt: skip
        usage = f'{{"prompt_tokens": {said}, "completion_tokens": 2}}'
        assert usage_of(f'{{"choices": [{choice}], "usage": {usage}}}') == Usage(0, 0, 1), said
    assert usage_of(f'{{"choices": [{choice}]}}') == Usage(0, 0, 1)
    told = '{"prompt_tokens": 11, "completion_tokens": 2}'
    assert usage_of(f'{{"choices": [{choice}], "usage": {told}}}') == Usage(11, 2)
