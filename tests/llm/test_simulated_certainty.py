"""The simulated model is right, and sure of it, as it is told to be."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from ml_backend.simulator.certainty import Certainty, logprobs, read_certainty, surely

SCHEMA = {
    "type": "object",
    "properties": {
        "topic": {"type": "string", "enum": ["A", "B b", "C"]},
        "confidence": {"type": "integer"},
    },
    "required": ["topic", "confidence"],
}


def drawn(certainty: Certainty, number: int = 4000) -> list[tuple[bool, float]]:
    """Whether each of many answers is right, and how sure it is."""
    found = []
    for each in range(number):
        text = f'task {each} truth: "B b"'
        answer, sure = surely(SCHEMA, {"topic": "A"}, text, random.Random(each), certainty)
        found.append((answer["topic"] == "B b", sure["topic"]))
    return found


def auroc(found: list[tuple[bool, float]]) -> float:
    right = sorted(sure for is_right, sure in found if is_right)
    wrong = sorted(sure for is_right, sure in found if not is_right)
    above = sum((a > b) + (a == b) / 2 for a in right[::5] for b in wrong[::5])
    return above / (len(right[::5]) * len(wrong[::5]))


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [0.3, 0.5, 0.85, 0.95])
def test_confidence_tells_right_from_wrong_as_well_as_told(wanted: float) -> None:
    found = drawn(Certainty(accuracy=0.7, auroc=wanted))
    assert sum(is_right for is_right, _ in found) / len(found) == pytest.approx(0.7, abs=0.03)
    assert auroc(found) == pytest.approx(wanted, abs=0.04)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("knobs", "low", "high"),
    [({}, -0.03, 0.03), ({"bias": 1.5}, 0.05, 0.3), ({"bias": -1.5}, -0.4, -0.05)],
)
def test_it_says_the_probability_of_being_right_unless_told_otherwise(
    knobs: dict[str, Any], low: float, high: float
) -> None:
    found = drawn(Certainty(accuracy=0.7, auroc=0.85, **knobs))
    excess = sum(sure for _, sure in found) / len(found) - sum(r for r, _ in found) / len(found)
    assert low < excess < high


def test_the_rating_and_the_tokens_say_the_same() -> None:
    answer, sure = surely(SCHEMA, {"topic": "A"}, "truth: C", random.Random(3), Certainty())
    text = json.dumps(answer)
    total = sum(each["logprob"] for each in logprobs(text, sure, random.Random(1)))
    assert math.exp(total) == pytest.approx(sure["topic"])
    assert answer["confidence"] == round(100 * sure["topic"])


def test_steps_make_many_the_same() -> None:
    found = drawn(Certainty(steps=4), 200)
    assert len({round(sure, 3) for _, sure in found}) <= 5


@pytest.mark.parametrize("wrong", [{"auroc": 2}, {"nonsense": 1}, 5, {"accuracy": -1}])
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"accuracy|confidence"):
        read_certainty(wrong)
