"""Whether checks of accepted predictions still say what was promised: an alarm that forgets.

Each check that finds a wrong prediction lifts a sum, each right one lowers it by 1, never below 0:
what was good long ago does not make up for what is wrong now (CUSUM; Page, Biometrika 41, 1954,
100-115). Two such sums are watched: one that tells a sudden break, one that tells a share of about
twice the limit. How high they must be for an alarm is computed exactly, by the chance of each level
after every check, so that a share of half the limit raises none in 1,000 checks but for ``FALSE``.

What it cannot see: a share between half the limit and a little above it (at the limit itself an
alarm comes some time), a change among tasks that are no part of the checks, one that ended before
enough checks fell into it, and anything that those who check get wrong themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Any

from ml_backend.scoring.acceptance import check_shares

SUDDEN = 0.1
"""What a sudden break comes to, at the least: who looks for this finds 0.16 within 100 checks."""

QUIET = 1000
"""Checks that a share of half the limit must not disturb."""

FALSE = (0.0065, 0.001)
"""The chance of an alarm in these, of the sum for breaks and of that for twice the limit."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum: what a wrong prediction adds, and the height of the alarm."""

    step: int
    height: int


@dataclass(frozen=True, slots=True)
class Drift:
    """What checks have come to, in their order."""

    checks: int
    """Those looked at: none after an alarm."""
    wrong: int
    is_alarm: bool
    good: int
    """Of an alarm: the checks before what raised it; all of them where there is none."""
    level: float
    """How near an alarm is, 0..1."""


def watch(right: Iterable[bool], *, max_error: float) -> Drift:
    """Return what checks of accepted predictions say; ``right`` is each, the oldest first.

    Raises ValueError for a ``max_error`` that is not between 0 and 1.
    """
    sums = sums_for(max_error)
    heights = [0] * len(sums)
    began = [0] * len(sums)
    checks = wrong = 0
    for is_right in right:
        checks += 1
        wrong += not is_right
        for place, each in enumerate(sums):
            heights[place] = max(0, heights[place] + (-1 if is_right else each.step))
            if not heights[place]:
                began[place] = checks
        raised = [place for place, each in enumerate(sums) if heights[place] >= each.height]
        if raised:
            return Drift(checks, wrong, True, min(began[place] for place in raised), 1.0)
    level = max(height / each.height for height, each in zip(heights, sums, strict=True))
    return Drift(checks, wrong, False, checks, level)


@lru_cache(maxsize=64)
def sums_for(max_error: float) -> tuple[Sum, ...]:
    """Return the two sums for a limit."""
    check_shares(max_error=max_error)
    quiet = max_error / 2
    worse = (max(SUDDEN, 2.5 * max_error), 2 * max_error)
    return tuple(
        _sum(quiet, min(0.9, each), chance) for each, chance in zip(worse, FALSE, strict=True)
    )


def alarm_chance(sums: Sum, shares: Sequence[tuple[float, int]]) -> float:
    """Return the chance of an alarm; ``shares`` are wrong ones, and for how many checks, in turn.

    Exact for one sum. Over the last of them alone: what raised an alarm before is left out.
    """
    import numpy as np

    levels = np.zeros(sums.height)
    levels[0] = 1.0
    for share, checks in shares:
        levels /= levels.sum()
        for _ in range(checks):
            levels = _after(levels, sums.step, share)
    return float(1 - levels.sum())


def _sum(quiet: float, worse: float, chance: float) -> Sum:
    """The sum that tells ``worse`` from ``quiet`` soonest, by their likelihoods."""
    step = max(1, round(log(worse / quiet) / log((1 - quiet) / (1 - worse))))
    low, high = step, 2 * step
    while alarm_chance(Sum(step, high), [(quiet, QUIET)]) > chance:
        low, high = high, 2 * high
    while low + 1 < high:
        middle = (low + high) // 2
        if alarm_chance(Sum(step, middle), [(quiet, QUIET)]) > chance:
            low = middle
        else:
            high = middle
    return Sum(step, high)


def _after(levels: Any, step: int, share: float) -> Any:
    """The chances of the levels below the alarm after one more check."""
    import numpy as np

    after = np.zeros_like(levels)
    after[:-1] = (1 - share) * levels[1:]
    after[0] += (1 - share) * levels[0]
    after[step:] += share * levels[: len(levels) - step]
    return after
