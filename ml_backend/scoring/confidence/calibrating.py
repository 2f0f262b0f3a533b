"""From what a model says of its sureness to how often it is right, learned from labels.

Isotonic regression where there are many labels, Platt's line where there are few: both are held by
scikit-learn's in the tests, and neither ever turns an order round. Where a model is the surer the
more often it errs, the honest map says the same of all answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import exp, isnan, log1p

from ml_backend.scoring.confidence.calibration_map import (
    CalibrationMap,
    CalibrationWay,
    log_odds,
    logistic,
)

FEW = 200
"""Labels below which steps would follow chance."""

FEW_OF_A_KIND = 20
"""The same of right ones, and of wrong ones."""

_ROUNDS = 100
_CLOSE = 1e-10
_RIDGE = 1e-10


def fit_map(scores: Iterable[float | None], right: Iterable[bool]) -> CalibrationMap:
    """Return the map of ground truth that no promise is tested on; tasks without a score are out.

    Raises ValueError for lengths that differ and without any score.
    """
    known = sorted(
        (float(score), bool(is_right))
        for score, is_right in zip(list(scores), list(right), strict=True)
        if score is not None and not isnan(score)
    )
    if not known:
        raise ValueError("There is no score to calibrate.")
    confidences = [score for score, _ in known]
    outcomes = [is_right for _, is_right in known]
    wrong = outcomes.count(False)
    if len(known) < FEW or min(wrong, len(known) - wrong) < FEW_OF_A_KIND:
        slope, intercept = platt([log_odds(each) for each in confidences], outcomes)
        return CalibrationMap(
            CalibrationWay.PLATT, len(known), wrong, slope=slope, intercept=intercept
        )
    points = isotonic(confidences, outcomes)
    return CalibrationMap(CalibrationWay.ISOTONIC, len(known), wrong, points=points)


def isotonic(scores: Sequence[float], right: Sequence[bool]) -> tuple[tuple[float, float], ...]:
    """Return the points of the rising steps nearest to what was seen, by pooling violators.

    ``scores`` rise. No probability is nearer to 0 or 1 than that of one answer more of either kind:
    who was right 50 times is not sure to be right for ever.
    """
    blocks: list[tuple[float, int, float, float]] = []  # mean, labels, first and last score
    pairs = zip(scores, right, strict=True)
    for score, same in groupby(pairs, key=lambda pair: pair[0]):
        outcomes = [is_right for _, is_right in same]
        mean, weight, first = sum(outcomes) / len(outcomes), len(outcomes), score
        while blocks and blocks[-1][0] >= mean:
            before, more, first, _ = blocks.pop()
            mean = (before * more + mean * weight) / (more + weight)
            weight += more
        blocks.append((mean, weight, first, score))
    edge = 1 / (len(scores) + 2)
    return tuple(
        (score, min(1 - edge, max(edge, mean)))
        for mean, _, first, last in blocks
        for score in dict.fromkeys((first, last))
    )


def platt(values: Sequence[float], right: Sequence[bool]) -> tuple[float, float]:
    """Return slope and intercept of the log-odds of being right, likeliest for smoothed labels.

    Platt's labels are not 0 and 1 but what one answer more of each kind would make of them. A slope
    that would fall is 0. By Newton's steps, halved where they lead nowhere (Lin, Lin and Weng,
    Machine Learning 68, 2007, 267-276).
    """
    good = sum(right)
    high, low = (good + 1) / (good + 2), 1 / (len(right) - good + 2)
    wanted = [high if each else low for each in right]
    slope, intercept = 0.0, _flat(wanted)
    loss = _loss(values, wanted, slope, intercept)
    for _ in range(_ROUNDS):
        by_slope, by_intercept = _newton(values, wanted, slope, intercept)
        size = 1.0
        while size > _CLOSE:
            next_slope, next_intercept = slope + size * by_slope, intercept + size * by_intercept
            found = _loss(values, wanted, next_slope, next_intercept)
            if found <= loss:
                break
            size /= 2
        if found > loss:
            break
        gained, slope, intercept, loss = loss - found, next_slope, next_intercept, found
        if gained <= _CLOSE * loss:
            break
    return (slope, intercept) if slope > 0 else (0.0, _flat(wanted))


def _newton(
    values: Sequence[float], wanted: Sequence[float], slope: float, intercept: float
) -> tuple[float, float]:
    """Return the step to where the curve of the loss has its bottom."""
    g_slope = g_intercept = h_mixed = 0.0
    h_slope = h_intercept = _RIDGE
    for value, target in zip(values, wanted, strict=True):
        said = logistic(slope * value + intercept)
        miss, bend = said - target, said * (1 - said)
        g_slope += miss * value
        g_intercept += miss
        h_slope += bend * value * value
        h_intercept += bend
        h_mixed += bend * value
    spread = h_slope * h_intercept - h_mixed * h_mixed
    return (
        -(h_intercept * g_slope - h_mixed * g_intercept) / spread,
        -(h_slope * g_intercept - h_mixed * g_slope) / spread,
    )


def _loss(
    values: Sequence[float], wanted: Sequence[float], slope: float, intercept: float
) -> float:
    total = 0.0
    for value, target in zip(values, wanted, strict=True):
        odds = slope * value + intercept
        total += max(odds, 0.0) - target * odds + log1p(exp(-abs(odds)))
    return total


def _flat(wanted: Sequence[float]) -> float:
    """The log-odds of their mean."""
    return log_odds(sum(wanted) / len(wanted))
