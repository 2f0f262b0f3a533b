"""What a provider says a call took is money, and from outside: what cannot be true is unknown."""

from __future__ import annotations

from typing import Any

from ml_backend.llm.reading.usage import UNKNOWN, read_usage
from ml_backend.records import Usage

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
