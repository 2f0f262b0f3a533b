"""How often the simulated model is right, and how well its confidence tells: both as told.

What is right stands in the task, after a marker. Right and wrong answers draw their confidence from
two normal distributions whose distance is the AUROC asked for; it says the probability of being
right, unless it is told to be too sure or not sure enough.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any

RATING = re.compile(r"confidence(?:_\d+)?")
TOKEN = 4
"""Characters of a token, as the simulator makes them."""
LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Certainty:
    """What is told of it by ``confidence`` of ``POST /control``.

    ``accuracy`` is the share of right answers of each control, ``auroc`` how well confidence tells
    them from wrong ones: .5 not at all, below .5 the wrong way round. ``sharpness`` multiplies the
    logit of the probability it says, ``bias`` is added to it: above 1 and 0 it is too sure of
    itself. ``marker`` is what stands before the right class in a task; one with spaces stands in
    quotes. ``steps`` rounds confidence to so many values, so that many are the same; 0 does not.
    """

    accuracy: float = 0.85
    auroc: float = 0.85
    sharpness: float = 1.0
    bias: float = 0.0
    marker: str = "truth:"
    steps: int = 0

    def answer(
        self, schema: Mapping[str, Any], answer: Any, text: str, dice: random.Random
    ) -> tuple[Any, dict[str, float]]:
        """Return an answer that is as often right as told, and how sure it is of each control."""
        if not isinstance(answer, dict):
            return answer, {}
        truth = self._truth(text)
        answer, sure = dict(answer), {}
        for name, part in schema.get("properties", {}).items():
            if RATING.fullmatch(name) and "enum" not in part:
                continue
            is_right = dice.random() < self.accuracy
            sure[name] = self._said(is_right, dice)
            others = [each for each in part.get("enum", ()) if each not in (None, truth)]
            if truth is not None and truth in part.get("enum", ()):
                answer[name] = truth if is_right or not others else dice.choice(others)
        return answer, sure

    def _truth(self, text: str) -> str | None:
        found = re.search(rf'{re.escape(self.marker)}\s*(?:"([^"]*)"|([^\s"<>()\[\],;]+))', text)
        return None if found is None else found[1] if found[1] is not None else found[2]

    def _said(self, is_right: bool, dice: random.Random) -> float:
        apart = math.sqrt(2) * NormalDist().inv_cdf(min(1 - LEAST, max(LEAST, self.auroc)))
        drawn = dice.gauss(apart if is_right else 0.0, 1.0)
        share = min(1 - LEAST, max(LEAST, self.accuracy))
        logit = math.log(share / (1 - share))
        # Of a model that is surer of what is wrong, what it says is turned round with it.
        logit += abs(apart) * (drawn if apart >= 0 else drawn - apart) - apart * apart / 2
        told = 1 / (1 + math.exp(-max(-30.0, min(30.0, self.sharpness * logit + self.bias))))
        if self.steps:
            told = round(told * self.steps) / self.steps
        return min(1 - LEAST, max(LEAST, told))


def read_certainty(data: Any) -> Certainty | None:
    """Return what ``confidence`` says, None for nothing; raises ValueError for what it is not."""
    if data is None or isinstance(data, Certainty):
        return data
    known = {each.name for each in fields(Certainty)}
    unknown = sorted(set(data) - known) if isinstance(data, Mapping) else ["no object"]
    if unknown:
        raise ValueError(f"confidence: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    found = Certainty(**data)
    if not (0 <= found.accuracy <= 1 and 0 <= found.auroc <= 1):
        raise ValueError("accuracy and auroc are from 0 to 1")
    return found


def surely(
    schema: Mapping[str, Any],
    answer: Any,
    text: str,
    dice: random.Random,
    certainty: Certainty | None,
) -> tuple[Any, dict[str, float]]:
    """Return an answer to a task, rated where that is asked for, and how sure of each control."""
    if certainty is None:
        return _rated(schema, answer, dice.uniform(0.5, 1.0)), {}
    answer, sure = certainty.answer(schema, answer, text, dice)
    return _rated(schema, answer, math.prod(sure.values())), sure


def _rated(schema: Mapping[str, Any], answer: Any, sure: float) -> Any:
    asked = schema.get("properties", {})
    name = next(reversed(asked), "")
    if isinstance(answer, dict) and RATING.fullmatch(name) and asked[name] == {"type": "integer"}:
        return {**answer, name: round(100 * sure)}
    return answer


def logprobs(text: str, sure: Mapping[str, float], dice: random.Random) -> list[dict[str, Any]]:
    """Return the tokens of an answer, in which each control's value is as probable as said.

    Where nothing is said any token is somewhat unsure.
    """
    tokens = [text[start : start + TOKEN] for start in range(0, len(text), TOKEN)]
    values = [0.0 if sure else -dice.random() / 4 for _ in tokens]
    for name, share in sure.items():
        key = f"{json.dumps(name, ensure_ascii=False)}: "
        start = text.find(key)
        if start >= 0:
            # The second character of a value: a token that begins before it may be its key's.
            place = min(start + len(key) + 1, len(text) - 1) // TOKEN
            values[place] += math.log(share)
    return [{"token": token, "logprob": value} for token, value in zip(tokens, values, strict=True)]
