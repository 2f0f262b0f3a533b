"""The alarm: a break is found soon, quiet is left alone, and what was good before does not help."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.confidence_worlds import alarms, found_after
from ml_backend.scoring.promises.drift import FALSE, QUIET, Sum, alarm_chance, sums_for, watch

FOUND = dict.fromkeys((0.02, 0.03, 0.04, 0.05), 0.95)
"""Limit -> the least chance of finding a break to 16 % within 100 checks."""


@pytest.mark.slow
@pytest.mark.parametrize("limit", FOUND)
def test_a_break_is_found_and_quiet_is_left_alone_by_exact_chances(limit: float) -> None:
    sums = sums_for(limit)
    assert alarm_chance(sums[0], [(0.01, 500), (0.16, 100)]) >= FOUND[limit]
    for each, chance in zip(sums, FALSE, strict=True):
        assert alarm_chance(each, [(limit / 2, QUIET)]) <= chance


@pytest.mark.slow
def test_found_in_checks_that_are_drawn() -> None:
    """The figures of the rule: 100 breaks, and 50 times 1,000 quiet checks."""
    rng = np.random.default_rng(4)
    found = [found_after(rng, 0.03, before=0.01, after=0.16) for _ in range(100)]
    assert sum(each is not None and 0 < each <= 100 for each in found) >= 95
    assert sum(alarms(rng, 0.03, share=0.015) for _ in range(50)) <= 1


def test_the_chance_of_an_alarm_is_what_drawing_has() -> None:
    rng = np.random.default_rng(2)
    small = Sum(step=5, height=12)
    heights = np.zeros(20_000)
    gone = np.zeros(20_000, dtype=bool)
    for _ in range(30):
        heights = np.maximum(0, heights + np.where(rng.random(20_000) < 0.1, 5, -1))
        gone |= heights >= 12
    assert alarm_chance(small, [(0.1, 30)]) == pytest.approx(gone.mean(), abs=0.012)


def test_what_was_good_before_does_not_delay_the_alarm() -> None:
    fresh = watch([False] * 50, max_error=0.03)
    late = watch([True] * 3000 + [False] * 50, max_error=0.03)
    assert late.is_alarm
    assert late.checks == 3000 + fresh.checks
    assert late.good == 3000
    assert fresh.good == 0


def test_the_last_good_check_is_before_what_raised_the_alarm() -> None:
    checks = [True] * 40 + [False] + [True] * 200 + [False] * 30
    found = watch(checks, max_error=0.03)
    assert found.is_alarm
    assert 41 <= found.good <= 241
    assert found.level == 1.0


def test_quiet_checks_say_how_near_an_alarm_is() -> None:
    assert watch([], max_error=0.03).level == 0.0
    found = watch([True] * 50 + [False], max_error=0.03)
    assert (found.checks, found.wrong, found.is_alarm, found.good) == (51, 1, False, 51)
    assert 0 < found.level < 0.5
    with pytest.raises(ValueError, match="max_error"):
        watch([], max_error=0)
