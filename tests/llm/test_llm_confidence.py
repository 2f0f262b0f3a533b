"""Log-probabilities laid over the JSON they come to: what each value of an answer is worth."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest

from ml_backend.llm.confidence import said_answer, tell_logprobs


def tokens(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"token": token, "logprob": logprob} for token, logprob in pairs]


def text_of(said: list[dict[str, Any]]) -> str:
    return "".join(str(each["token"]) for each in said)


def sure(said: list[dict[str, Any]], answer: Any, *path: str | int) -> float | None:
    """The log-probability of the value at a path, None where nothing is told."""
    found = said_answer(said, text_of(said), answer)
    if found is None:
        return None
    part = found.whole
    for step in path:
        part = part.members[step] if isinstance(step, str) else part.items[step]
    share = found.probability(part)
    return None if share is None else math.log(share)


def test_a_class_is_as_probable_as_its_whole_string_with_its_end() -> None:
    said = tokens(
        ('{"', -9),
        ("topic", -9),
        ('":', -9),
        (' "', -0.1),
        ("bill", -0.2),
        ("ing", -0.3),
        ('"', -0.4),
        ("}", -9),
    )
    assert sure(said, {"topic": "billing"}, "topic") == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("said", "answer", "expected"),
    [
        pytest.param(
            tokens(('{"n":', -9), ("1", -0.5), ("2", -0.25), ("}", -0.125)),
            {"n": 12},
            -0.875,
            id="a number ends where something else begins",
        ),
        pytest.param(tokens(('{"n": ', -9), ("null", -1), ("}", -9)), {"n": None}, -1, id="null"),
        pytest.param(tokens(('{"n": ', -9), ("true", -1), ("}", -9)), {"n": True}, -1, id="true"),
        pytest.param(
            tokens(('{\n  "n" :\n  ', -9), ('"', -1), ('a"', -2), ("\n}\n", -9)),
            {"n": "a"},
            -3,
            id="pretty-printed",
        ),
        pytest.param(
            tokens(("Sure!\n```json\n", -9), ('{"n": ', -9), ('"a"', -1), ("}\n```", -9)),
            {"n": "a"},
            -1,
            id="in a fence",
        ),
        pytest.param(
            tokens(('{"n": "', -1), ("\\u00", -1), ("e9\\n", -1), ('"}', -1)),
            {"n": "é\n"},
            -4,
            id="escapes",
        ),
        pytest.param(
            tokens(('{"n": "b"}', -9), (" no: ", -9), ('{"n": ', -9), ('"a"', -1), ("}", -9)),
            {"n": "a"},
            -1,
            id="the last of several objects",
        ),
        pytest.param(
            tokens(
                ('<tool_call>{"name": "answer", "arguments": {"n": ', -9),
                ('"a"', -1),
                ("}}</tool_call>", -9),
            ),
            {"n": "a"},
            -1,
            id="arguments of a call",
        ),
        pytest.param(
            tokens(('{"other": "x", "n": ', -9), ('"a"', -1), ("}", -9)),
            {"other": "x", "n": "a"},
            -1,
            id="beside another key",
        ),
    ],
)
def test_a_value_counts_wherever_it_stands(
    said: list[dict[str, Any]], answer: Any, expected: float
) -> None:
    assert sure(said, answer, "n") == pytest.approx(expected)


def test_characters_that_are_split_over_tokens_are_put_together() -> None:
    word = '{"n": "日本"}'.encode()
    cuts = [0, 7, 9, 12, 14, len(word)]
    pieces = [word[start:end] for start, end in pairwise(cuts)]
    said = [
        {"token": piece.decode("utf-8", "replace"), "bytes": list(piece), "logprob": -1.0}
        for piece in pieces
    ]
    found = said_answer(said, word.decode(), {"n": "日本"})
    assert found is not None
    assert math.log(found.probability(found.whole.members["n"]) or 1) == pytest.approx(-4.0)


def test_a_gap_of_halves_belongs_to_the_tokens_that_stand_there() -> None:
    said = tokens(('{"n": "', -1), ("\ufffd", -0.5), ("\ufffd", -0.25), ("b", -0.125), ('"}', 0))
    found = said_answer(said, '{"n": "éb"}', {"n": "éb"})
    assert found is not None
    assert math.log(found.probability(found.whole.members["n"]) or 1) == pytest.approx(-1.875)


def test_a_list_is_its_items_and_where_it_goes_on_and_ends() -> None:
    said = tokens(
        ('{"n": ', -9), ("[", -0.1), ('"a"', -1), (", ", -0.2), ('"b"', -2), ("]", -0.4), ("}", -9)
    )
    answer = {"n": ["a", "b"]}
    assert sure(said, answer, "n", 0) == pytest.approx(-1)
    assert sure(said, answer, "n", 1) == pytest.approx(-2)
    assert sure(said, answer, "n") == pytest.approx(-3.7)


def test_keys_of_items_tell_nothing() -> None:
    said = tokens(
        ('{"n": [', 0),
        ('{"quote": ', -9),
        ('"Ann"', -1),
        (', "label": ', -9),
        ('"P"', -2),
        ("}", -9),
        ("]", 0),
        ("}", 0),
    )
    answer = {"n": [{"quote": "Ann", "label": "P"}]}
    assert sure(said, answer, "n", 0) == pytest.approx(-3)
    # A list ends where its last item does not go on: the brace of an object is no such place.
    assert sure(said, answer, "n") == pytest.approx(-3)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        pytest.param(tokens(('{"n": "a"}', -1)), {"n": "b"}, id="another answer"),
        pytest.param(tokens(("{'n': 'a'}", -1)), {"n": "a"}, id="mended JSON"),
        pytest.param(tokens(('{"n": "a"', -1)), {"n": "a"}, id="a brace that was forgotten"),
        pytest.param(tokens(('{"n": "a"}', math.nan)), {"n": "a"}, id="no number"),
        pytest.param([{"token": '{"n": "a"}', "logprob": None}], {"n": "a"}, id="null"),
        pytest.param([{"token": None, "logprob": -1}], {"n": "a"}, id="no token"),
        pytest.param([{"bytes": [300], "token": "x", "logprob": -1}], {"n": "a"}, id="no bytes"),
        pytest.param([], {"n": "a"}, id="nothing"),
        pytest.param(tokens(("{" * 5000, -1)), {"n": "a"}, id="braces alone"),
        pytest.param(tokens(('{"n": ' + "[" * 3000, -1)), {"n": "a"}, id="deep"),
    ],
)
def test_nothing_is_told_of_what_is_not_the_answer(said: list[dict[str, Any]], answer: Any) -> None:
    shown = "".join(str(each.get("token") or "") for each in said)
    assert said_answer(said, shown, answer) is None


def test_a_free_text_is_worth_as_much_whatever_its_length() -> None:
    words = [("word ", -0.5)] * 40
    said = tokens(('{"n": "', -0.5), *words, ('"}', -0.5))
    found = said_answer(said, text_of(said), json.loads(text_of(said)))
    assert found is not None
    assert found.per_token(found.whole.members["n"]) == pytest.approx(math.exp(-0.5))


def test_log_probabilities_are_told_when_each_token_has_one() -> None:
    assert tell_logprobs(tokens(("a", -1), ("b", 0)))
    assert not tell_logprobs([*tokens(("a", -1)), {"token": "b"}])
    assert not tell_logprobs([])
