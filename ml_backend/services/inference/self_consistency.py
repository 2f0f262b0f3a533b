"""Several answers for one task: the majority is taken, and how far they agree is its score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ml_backend.labeling import LabelingConfig
from ml_backend.records import CallRecord, Outcome, Prediction, Task

SETTLES_THE_ANSWER = ("temperature", "top_p", "seed")
"""Parameters left out, so that a provider samples as it does by itself."""


def sampled(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters a version is asked with when several answers are wanted."""
    return {name: each for name, each in parameters.items() if name not in SETTLES_THE_ANSWER}


def combine(outcomes: Sequence[Outcome], config: LabelingConfig, task: Task, key: str) -> Outcome:
    """Return one outcome of several: each control's most frequent value.

    The score is how far the answers agree with it, on average over controls; one that failed
    agrees in nothing. It is None with a single answer.
    """
    asked = summed([outcome.asked for outcome in outcomes], key)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Prediction)]
    if not answers:
        return replace(outcomes[0], asked=asked)
    best = _majority(answers, config, task)
    score = None
    if len(outcomes) > 1:
        score = sum(agreement(each, best, config, task) for each in answers) / len(outcomes)
    return replace(best, score=score, asked=asked)


def _majority(answers: Sequence[Prediction], config: LabelingConfig, task: Task) -> Prediction:
    """Return the answer made of each control's most frequent value, the first of equals.

    Where such an answer does not hold together, as when relations name items of another, the one
    that agrees best with all others stands as it is.
    """
    elected = {name: _most_frequent(answers, name) for name in config.controls}
    for each in answers:
        if all(_said(each.answer.get(name)) == _said(elected[name]) for name in elected):
            return each
    made = config.to_conversion(elected, task.data)
    fewest = min(len(each.problems) for each in answers)
    holds = not made.errors and len(made.problems) <= fewest and not config.check(made.result)
    if holds and not _names_others(elected):
        raw = json.dumps(elected, ensure_ascii=False)
        return replace(
            answers[0], answer=made.answer, result=made.result, problems=made.problems, raw=raw
        )
    return max(answers, key=lambda one: sum(agreement(each, one, config, task) for each in answers))


def _most_frequent(answers: Sequence[Prediction], name: str) -> Any:
    votes: dict[str, int] = {}
    values: dict[str, Any] = {}
    for each in answers:
        value = each.answer.get(name)
        said = _said(value)
        votes[said] = votes.get(said, 0) + 1
        values.setdefault(said, value)
    return values[max(votes, key=lambda said: votes[said])]


def agreement(each: Prediction, best: Prediction, config: LabelingConfig, task: Task) -> float:
    """Return how far an answer agrees with another, 0 to 1, on average over controls."""
    compared = config.compare(each.answer, best.answer, task.data)
    scores = []
    for name in config.controls:
        theirs, ours = each.answer.get(name), best.answer.get(name)
        if _said(theirs) == _said(ours):
            scores.append(1.0)
        elif name in compared:
            scores.append(compared[name].score)
        else:
            scores.append(0.0)
    return sum(scores) / len(scores) if scores else 1.0


def _said(value: Any) -> str:
    """Return a value as text, the same whatever the order of a list's items."""
    if isinstance(value, list):
        return json.dumps(sorted(json.dumps(each, sort_keys=True) for each in value))
    return json.dumps(value, sort_keys=True)


def _names_others(answer: Mapping[str, Any]) -> bool:
    """Return whether items of the answer name each other by number."""
    lists = (value for value in answer.values() if isinstance(value, list))
    return any(isinstance(item, dict) and "from" in item for items in lists for item in items)


def summed(asked: Sequence[CallRecord], key: str) -> CallRecord:
    """Return what several askings took together, under the key of what asks them all."""
    costs = [each.cost for each in asked]
    total = CallRecord(request_key=key)
    for each in asked:
        total = replace(
            total,
            usage=total.usage + each.usage,
            latency=total.latency + each.latency,
            calls=total.calls + each.calls,
        )
    cost = None if None in costs else sum(each for each in costs if each is not None)
    return replace(total, cost=cost, cached=all(each.cached for each in asked))
