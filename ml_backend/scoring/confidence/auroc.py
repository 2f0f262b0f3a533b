"""Whether higher scores are right more often: the chance that a right answer outranks a wrong one.

Its variance is that of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988, 837-845), by ranks;
the interval is laid on the log-odds, so that it ends before 0 and 1. Where all right answers
outrank all wrong ones that variance is 0: there the fewer of the two say, as Wilson has it, how
much it is worth.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, log, sqrt
from statistics import variance

from ml_backend.scoring.agreement import wilson
from ml_backend.scoring.confidence.calibration_map import logistic

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Auroc:
    """0.5 is chance, 1 tells all wrong answers; ``low`` and ``high`` are the 95 % interval."""

    value: float
    low: float
    high: float
    right: int
    wrong: int


def auroc(scores: Iterable[float | None], right: Iterable[bool]) -> Auroc | None:
    """Return how well scores tell right from wrong; None where all scored answers are one of them.

    Equal scores count half. Raises ValueError for lengths that differ.
    """
    good: list[float] = []
    bad: list[float] = []
    for score, is_right in zip(list(scores), list(right), strict=True):
        if score is not None and not isnan(score):
            (good if is_right else bad).append(float(score))
    if not good or not bad:
        return None
    above_bad = _outranked(good, bad)
    above_good = [1 - share for share in _outranked(bad, good)]
    value = sum(above_bad) / len(good)
    low, high = _limits(value, above_bad, above_good)
    return Auroc(value, low, high, len(good), len(bad))


def _outranked(these: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return the share of others that each of these outranks, equal ones by half."""
    up = sorted(others)
    return [(bisect_left(up, each) + bisect_right(up, each)) / (2 * len(up)) for each in these]


def _limits(
    value: float, above_bad: Sequence[float], above_good: Sequence[float]
) -> tuple[float, float]:
    spread = sum(
        variance(shares) / len(shares) for shares in (above_bad, above_good) if len(shares) > 1
    )
    fewer = min(len(above_bad), len(above_good))
    if not 0 < value < 1 or spread == 0 or fewer == 1:
        # Too little to tell a spread: as if only the fewer of the two had been asked.
        return wilson(value * fewer, fewer)
    odds = log(value / (1 - value))
    reach = _Z * sqrt(spread) / (value * (1 - value))
    return logistic(odds - reach), logistic(odds + reach)
