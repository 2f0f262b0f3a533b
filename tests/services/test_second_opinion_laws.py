"""Laws of votes and cascades, on outcomes drawn at random; no model and no store."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ml_backend.errors import RunStopper
from ml_backend.labeling import LabelingConfig
from ml_backend.records import (
    CallRecord,
    ConfidenceSource,
    Failure,
    FailureKind,
    Outcome,
    Prediction,
    Task,
    Usage,
)
from ml_backend.services.inference.model_requests import ModelRequest, asks_the_same, joined
from ml_backend.services.inference.second_opinion import Cascade, Voice, Vote

CONFIG = LabelingConfig.parse("""<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices>
<Labels name="names" toName="text"><Label value="P"/></Labels></View>""")
TASK = Task(1, {"text": "Ann met Bob"})
ROUNDS = 300


class Said:
    """Stands for a version's predictor: it has one outcome for the task."""

    uses_cache = True
    few_shot = None
    guard = None

    def __init__(self, outcome: Outcome | RunStopper, key: str = "k") -> None:
        self._outcome = outcome
        self._key = key
        self.asked = 0

    def prepare(self, task: Task) -> ModelRequest:
        return ModelRequest(task, keys=(self._key,), key=self._key * 64)

    async def ask(self, request: ModelRequest, cached: Any, **options: Any) -> Outcome:
        self.asked += 1
        if isinstance(self._outcome, RunStopper):
            raise self._outcome
        return self._outcome


def drawn(dice: random.Random, *, fails: float = 0.2, scored: float = 0.8) -> Outcome:
    """Return an outcome as one may come: an answer of some quotes, sure or not, or a failure."""
    asked = CallRecord(Usage(10, 2), dice.choice([0.5, 1.0, None]), 0.1, 1)
    if dice.random() < fails:
        return Failure(1, dice.choice(list(FailureKind)), "no", asked=asked)
    answer = {
        "topic": dice.choice(["A", "B", None]),
        "names": [
            {"quote": each, "occurrence": 1, "label": "P"}
            for each in dice.sample(["Ann", "Bob"], dice.randint(0, 2))
        ],
    }
    made = CONFIG.to_conversion(answer, TASK.data)
    score = dice.choice([0.0, 0.3, 0.7, 1.0]) if dice.random() < scored else None
    return Prediction(1, made.answer, made.result, score, asked=asked)


def voices(said: Sequence[Said]) -> list[Voice]:
    return [Voice(at, f"v{at}", each) for at, each in enumerate(said)]  # type: ignore[arg-type]


def ask(asker: Vote | Cascade) -> Outcome:
    return asyncio.run(asker.ask(asker.prepare(TASK), {}, keep=lambda answer: None))


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes say the same, whatever they took and who was asked."""
    bare = [
        replace(each, asked=CallRecord(), opinions=(), raw="")
        if isinstance(each, Failure)
        else replace(each, asked=CallRecord(), opinions=(), raw="", score=None, confidence=None)
        for each in (one, other)
    ]
    return bare[0] == bare[1]


def test_versions_that_say_the_same_are_that_version_and_wholly_sure() -> None:
    dice = random.Random(1)
    for _ in range(ROUNDS):
        one = drawn(dice)
        found = ask(Vote(voices([Said(one) for _ in range(dice.randint(2, 5))]), CONFIG))
        assert alike(found, one)
        if isinstance(found, Prediction):
            assert found.score == 1.0
            assert found.confidence is not None
            assert found.confidence.source is ConfidenceSource.VOTE


def test_a_vote_is_as_sure_as_its_versions_agree_and_its_order_decides_equals_alone() -> None:
    dice = random.Random(2)
    for _ in range(ROUNDS):
        outcomes = [drawn(dice) for _ in range(dice.randint(2, 5))]
        found = ask(Vote(voices([Said(each) for each in outcomes]), CONFIG))
        good = [each for each in outcomes if isinstance(each, Prediction)]
        if not good:
            assert alike(found, outcomes[0])
            continue
        assert isinstance(found, Prediction)
        assert found.score is not None
        assert 0 < found.score <= len(good) / len(outcomes)
        topics = [each.answer["topic"] for each in good]
        assert topics.count(found.answer["topic"]) == max(map(topics.count, topics))


def test_a_cascade_that_is_sure_of_all_is_its_cheap_version_and_of_nothing_its_dear_one() -> None:
    dice = random.Random(3)
    for _ in range(ROUNDS):
        cheap, dear = Said(drawn(dice, fails=0, scored=1)), Said(drawn(dice))
        assert alike(ask(Cascade(voices([cheap, dear]), CONFIG, min_score=0.0)), cheap._outcome)  # type: ignore[arg-type]
        assert dear.asked == 0
        found = ask(Cascade(voices([Said(drawn(dice)), dear]), CONFIG, min_score=math.inf))
        assert alike(found, dear._outcome)  # type: ignore[arg-type]
        assert getattr(found, "score", None) == getattr(dear._outcome, "score", None)


def test_a_cascade_goes_on_exactly_where_the_cheap_version_is_not_sure() -> None:
    dice = random.Random(4)
    for _ in range(ROUNDS):
        first, second = drawn(dice), drawn(dice)
        threshold = dice.choice([0.0, 0.3, 0.5, 0.7, 1.0])
        cheap, dear = Said(first), Said(second)
        found = ask(Cascade(voices([cheap, dear]), CONFIG, min_score=threshold))
        score = first.score if isinstance(first, Prediction) else None
        is_sure = score is not None and score >= threshold
        assert dear.asked == (not is_sure)
        assert [each.stands for each in found.opinions] == ([True] if is_sure else [False, True])
        costs = [first.asked.cost, *([] if is_sure else [second.asked.cost])]
        assert found.asked.cost == (None if None in costs else sum(filter(None, costs)))
        assert found.asked.calls == len(costs)


@pytest.mark.parametrize("kind", [Vote, Cascade])
def test_one_that_stops_tells_what_the_others_took_for_the_task(kind: type) -> None:
    stopper = RunStopper("refused", kind=FailureKind.AUTHENTICATION)
    stopper.usage, stopper.cost = Usage(3, 0), 0.25
    first = Prediction(1, {}, [], 0.1, asked=CallRecord(Usage(10, 2), 0.5, 0.1, 1))
    more: dict[str, Any] = {"min_score": 0.5} if kind is Cascade else {}
    with pytest.raises(RunStopper) as caught:
        ask(kind(voices([Said(first), Said(stopper)]), CONFIG, **more))
    assert (caught.value.usage, caught.value.cost) == (Usage(13, 2), 0.75)


def test_a_request_of_several_names_what_each_of_them_is_asked() -> None:
    parts = [Said(Failure(1, FailureKind.TIMEOUT, ""), key).prepare(TASK) for key in "abc"]
    whole = joined(TASK, parts)
    assert whole.keys == ("a", "b", "c")
    assert len(whole.key) == 64
    other = joined(TASK, [parts[0], parts[1], replace(parts[2], key="d" * 64)])
    assert not asks_the_same(whole.key, other.key)
    examples = joined(TASK, [parts[0], parts[1], replace(parts[2], key="c" * 32 + "d" * 32)])
    assert asks_the_same(whole.key, examples.key), "only the few-shot examples differ"
    assert whole.key != examples.key
    lacking = [replace(each, failure=Failure(1, FailureKind.NO_INPUT, "")) for each in parts]
    assert joined(TASK, lacking).failure is not None
    assert joined(TASK, [lacking[0], *parts[1:]]).failure is None
