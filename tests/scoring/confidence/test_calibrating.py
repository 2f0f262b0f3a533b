"""Maps from confidence to probability: scikit-learn's, rising, kept as JSON, and worth having."""

from __future__ import annotations

import json
import random
from math import nan

import numpy as np
import pytest

from benchmarks.confidence_worlds import ece_change
from ml_backend.scoring.confidence.calibrating import fit_map, isotonic, platt
from ml_backend.scoring.confidence.calibration_map import (
    CalibrationMap,
    CalibrationWay,
    log_odds,
    logistic,
)


def labels(n: int, seed: int = 1, digits: int = 3) -> tuple[list[float], list[bool]]:
    draw = random.Random(seed)
    scores = sorted(round(draw.random(), digits) for _ in range(n))
    return scores, [draw.random() < 0.3 + 0.6 * score for score in scores]


def test_steps_pool_what_falls() -> None:
    """Worked by hand: .2 and .3 fall, so they are one step of 1/3 with the right one before."""
    points = isotonic([0.1, 0.2, 0.3, 0.3, 0.9], [False, True, False, False, True])
    assert points == ((0.1, pytest.approx(1 / 7)), (0.2, pytest.approx(1 / 3)),
                      (0.3, pytest.approx(1 / 3)), (0.9, pytest.approx(6 / 7)))  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("digits", [1, 3, 12])
def test_steps_are_those_of_scikit_learn(digits: int) -> None:
    from sklearn.isotonic import IsotonicRegression

    scores, right = labels(500, digits=digits)
    found = fit_map(scores, right)
    assert found.way is CalibrationWay.ISOTONIC
    edge = 1 / 502
    other = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
    other.fit(scores, right)
    asked = np.linspace(-0.2, 1.2, 301)
    assert [found.of(each) for each in asked] == pytest.approx(list(other.predict(asked)))


@pytest.mark.slow
def test_the_line_is_that_of_scikit_learn() -> None:
    from sklearn.calibration import _SigmoidCalibration

    scores, right = labels(60)
    odds = [log_odds(score) for score in scores]
    slope, intercept = platt(odds, right)
    other = _SigmoidCalibration().fit(np.array(odds), np.array(right, dtype=int))
    assert (slope, intercept) == (
        pytest.approx(-other.a_, rel=1e-3),
        pytest.approx(-other.b_, rel=1e-3),
    )


def test_the_line_is_likeliest() -> None:
    """Where it is, the labels' misses cancel out, alone and times the value: no step helps."""
    values = [-2.0, -1.0, 0.0, 0.5, 1.0, 3.0]
    right = [False, True, False, True, True, True]
    slope, intercept = platt(values, right)
    wanted = [5 / 6 if each else 1 / 4 for each in right]
    misses = [
        logistic(slope * value + intercept) - target
        for value, target in zip(values, wanted, strict=True)
    ]
    assert slope > 0
    assert sum(misses) == pytest.approx(0, abs=1e-5)
    assert sum(m * v for m, v in zip(misses, values, strict=True)) == pytest.approx(0, abs=1e-5)


def test_few_labels_or_few_mistakes_make_a_line() -> None:
    scores, right = labels(199)
    assert fit_map(scores, right).way is CalibrationWay.PLATT
    scores, _ = labels(1000)
    assert fit_map(scores, [score > 0.015 for score in scores]).way is CalibrationWay.PLATT
    scores, right = labels(200)
    assert fit_map(scores, right).way is CalibrationWay.ISOTONIC


@pytest.mark.parametrize("n", [3, 50, 400])
def test_no_order_is_ever_turned_round(n: int) -> None:
    """Not even where the surer answers are the wrong ones."""
    scores, right = labels(n)
    for outcomes in (right, [not each for each in right], [True] * n, [False] * n):
        found = fit_map(scores, outcomes)
        said = [found.of(each / 100) for each in range(-5, 106)]
        assert said == sorted(said)
        assert all(0 < each < 1 for each in said)


def test_order_and_kind_of_labels_change_nothing() -> None:
    for n in (100, 400):
        scores, right = labels(n, digits=1)
        order = list(range(n))
        random.Random(3).shuffle(order)
        again = fit_map(np.array(scores)[order], np.array(right)[order])
        assert again == fit_map(scores, right)


def test_what_has_no_score_is_left_out_and_gets_none() -> None:
    found = fit_map([0.5, None, nan, 0.9], [False, True, True, True])
    assert (found.n, found.wrong) == (2, 1)
    assert found.of(None) is None
    assert found.of(nan) is None
    with pytest.raises(ValueError, match="no score"):
        fit_map([None], [True])
    with pytest.raises(ValueError, match="argument"):
        fit_map([0.5], [])


@pytest.mark.parametrize("n", [50, 400])
def test_a_map_is_kept_as_json(n: int) -> None:
    found = fit_map(*labels(n))
    assert CalibrationMap.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_one_score_for_all_is_their_share_of_right_ones() -> None:
    found = fit_map([0.99] * 100, [True] * 60 + [False] * 40)
    assert found.of(0.99) == pytest.approx(0.6, abs=0.01)
    assert fit_map([1.0, 0.0] * 20, [True, False] * 20).of(1.0) > 0.9


@pytest.mark.slow
def test_held_out_truth_is_nearer_and_never_farther() -> None:
    rng = np.random.default_rng(6)
    for sharpness in (0.4, 2.0):
        assert np.mean([ece_change(rng, sharpness=sharpness) for _ in range(20)]) < -0.02
    assert np.mean([ece_change(rng, sharpness=1.0) for _ in range(20)]) < 0.01
    assert np.mean([ece_change(rng, sharpness=1.0, fitted=100) for _ in range(20)]) < 0.03
