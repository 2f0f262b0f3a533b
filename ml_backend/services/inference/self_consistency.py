"""Several answers for one task: the majority is taken, and how far they agree is its score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.bases.region_control import RegionControl
from ml_backend.records import (
    CallRecord,
    Confidence,
    ConfidenceSource,
    Outcome,
    Prediction,
    Task,
)
from ml_backend.records.confidence import of_all, share

SETTLES_THE_ANSWER = ("temperature", "top_p", "seed")
"""Parameters left out, so that a provider samples as it does by itself."""


def sampled(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters a version is asked with when several answers are wanted."""
    return {name: each for name, each in parameters.items() if name not in SETTLES_THE_ANSWER}


def combine(
    outcomes: Sequence[Outcome],
    config: LabelingConfig,
    task: Task,
    key: str,
    *,
    by_logprobs: bool = False,
) -> Outcome:
    """Return one outcome of several: each control's most frequent value.

    Its confidence is how far the answers agree with it; one that failed agrees in nothing. It is
    None with a single answer. ``by_logprobs`` it is how probable those are that say the same of a
    control, where that is known of all: what their agreement estimates from a few draws.
    """
    asked = summed([outcome.asked for outcome in outcomes], key)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Prediction)]
    if not answers:
        return replace(outcomes[0], asked=asked)
    best = _majority(answers, config, task)
    sure = None
    if len(outcomes) > 1:
        sure = _probable(answers, best, config) if by_logprobs else None
        sure = sure or _agreed(answers, best, config, task, len(outcomes))
    return replace(best, score=sure.task if sure else None, confidence=sure, asked=asked)


def _agreed(
    answers: Sequence[Prediction],
    best: Prediction,
    config: LabelingConfig,
    task: Task,
    asked: int,
) -> Confidence:
    """How far so many answers, the failed ones included, agree with the best."""
    shares = [_agreements(each, best, config, task) for each in answers]
    controls = {name: share(sum(each[name] for each in shares) / asked) for name in config.controls}
    regions: dict[str, float] = {}
    for control in config.controls.values():
        if isinstance(control, RegionControl):
            regions |= _regions(answers, best, control, task, asked)
    # One that failed is wrong once, and not once for each control.
    task_share = of_all(controls.values()) * (asked / len(answers)) ** (len(controls) - 1)
    return Confidence(ConfidenceSource.SAMPLES, share(task_share), controls, regions)


def _regions(
    answers: Sequence[Prediction],
    best: Prediction,
    control: RegionControl,
    task: Task,
    asked: int,
) -> dict[str, float]:
    """In which share of the answers each region of the best stands, by its id."""
    items = control.items(best.result, task.data)
    found = dict.fromkeys((region_id for region_id, _ in items), 0)
    truth = [item for _, item in items]
    places = {id(item): region_id for region_id, item in items}
    for each in answers:
        for right, left in control.matched(each.answer.get(control.name), truth):
            if right is None or left is None:
                continue
            found[places[id(right)]] += control.class_of(left) == control.class_of(right)
    return {region_id: share(count / asked) for region_id, count in found.items()}


def _probable(
    answers: Sequence[Prediction], best: Prediction, config: LabelingConfig
) -> Confidence | None:
    """How probable each control's value is, on average over the answers that say it."""
    controls: dict[str, float] = {}
    regions: dict[str, list[float]] = {}
    for name in config.controls:
        said = _said(best.answer.get(name))
        same = [each.confidence for each in answers if _said(each.answer.get(name)) == said]
        known = [each for each in same if each and each.source is ConfidenceSource.LOGPROBS]
        values = [each.controls[name] for each in known if name in each.controls]
        if not same or len(values) < len(same):
            return None
        controls[name] = sum(values) / len(values)
        for each in known:
            for region_id, value in each.regions.items():
                regions.setdefault(region_id, []).append(value)
    standing = {str(each.get("id")) for each in best.result}
    return Confidence(
        ConfidenceSource.LOGPROBS,
        of_all(controls.values()),
        controls,
        {each: sum(all_) / len(all_) for each, all_ in regions.items() if each in standing},
    )


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
    scores = _agreements(each, best, config, task).values()
    return sum(scores) / len(scores) if scores else 1.0


def _agreements(
    each: Prediction, best: Prediction, config: LabelingConfig, task: Task
) -> dict[str, float]:
    """Return by control how far an answer agrees with another, 0 to 1."""
    compared = config.compare(each.answer, best.answer, task.data)
    scores = {}
    for name in config.controls:
        theirs, ours = each.answer.get(name), best.answer.get(name)
        if _said(theirs) == _said(ours):
            scores[name] = 1.0
        else:
            scores[name] = compared[name].score if name in compared else 0.0
    return scores


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
