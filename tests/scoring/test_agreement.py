from __future__ import annotations

from dataclasses import dataclass

import pytest

from ml_backend.records import Correctness
from ml_backend.scoring import summarize, wilson


@dataclass(frozen=True)
class Agreed:
    correct: bool
    score: float


YES, NO, HALF = Agreed(True, 1.0), Agreed(False, 0.0), Agreed(False, 0.5)


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson_intervals_match_published_values(correct, n, low, high):
    assert wilson(correct, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_an_interval_ends_exactly_where_nothing_or_everything_is_right():
    for n in (1, 7, 150, 9_999):
        assert (wilson(0, n)[0], wilson(n, n)[1]) == (0.0, 1.0)


def test_counts_are_kept_per_control_and_overall():
    summary = summarize(
        [{"c": YES, "ner": HALF}, {"c": YES}, {"c": NO, "ner": YES}, {"c": None, "ner": None}, {}]
    )
    controls = summary.controls
    low, high = wilson(2, 4)
    assert controls["c"] == Correctness(4, 2, 1, accuracy=0.5, low=low, high=high, score=0.5)
    assert (controls["ner"].n, controls["ner"].correct) == (3, 1)
    assert controls["ner"].score == pytest.approx(0.5)
    overall = summary.overall
    assert (overall.n, overall.correct, overall.failed) == (4, 1, 1)
    assert overall.score == pytest.approx((0.75 + 1 + 0.5 + 0) / 4)


def test_a_failed_task_misses_in_every_control():
    summary = summarize([None, {"c": YES, "r": YES}, None])
    for counts in (summary.overall, *summary.controls.values()):
        assert (counts.n, counts.correct, counts.failed) == (3, 1, 2)
        assert counts.accuracy == pytest.approx(1 / 3)


def test_one_missing_control_is_a_miss_of_the_task_but_no_failure():
    overall = summarize([{"c": YES, "r": None}]).overall
    assert (overall.n, overall.correct, overall.failed) == (1, 0, 0)


def test_nothing_evaluated_has_no_accuracy():
    overall = summarize([]).overall
    assert overall == Correctness(0, 0, 0, accuracy=None, low=None, high=None, score=None)
