"""Drawing again: intervals that hold, p values that do not cry wolf, always the same."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from ml_backend.scoring.resampling import FLIPS, compare_scores, f1_intervals


def scores(draw, n, mean):
    return {task: min(1.0, max(0.0, draw.gauss(mean, 0.3))) for task in range(n)}


@pytest.mark.slow
def test_it_is_as_scipy_has_it():
    from scipy.stats import bootstrap, permutation_test  # a second to load, for this test alone

    draw = random.Random(5)
    first, second = scores(draw, 80, 0.5), scores(draw, 80, 0.6)
    found = compare_scores(first, second)
    differences = np.array([second[task] - first[task] for task in first])
    assert found.difference == pytest.approx(differences.mean())
    theirs = bootstrap(
        (differences,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
    p = permutation_test(
        (np.array(list(second.values())), np.array(list(first.values()))),
        lambda a, b: np.mean(a - b),
        permutation_type="samples",
        n_resamples=5000,
        rng=np.random.default_rng(1),
    ).pvalue
    assert found.p == pytest.approx(p, abs=0.02)
    assert compare_scores(first, second) == found


def test_equal_scores_and_no_tasks_differ_by_nothing():
    same = compare_scores({1: 0.5, 2: 1.0}, {1: 0.5, 2: 1.0, 3: 0.0})
    assert (same.n, same.difference, same.p) == (2, 0.0, 1.0)
    assert (same.low, same.high) == (None, None)
    none = compare_scores({1: 0.5}, {2: 0.5})
    assert (none.n, none.difference, none.low, none.p) == (0, None, None, 1.0)


@pytest.mark.slow
def test_scores_of_equal_versions_are_rarely_called_different():
    draw = random.Random(11)
    pairs = ((scores(draw, 15, 0.6), scores(draw, 15, 0.6)) for _ in range(1000))
    called = sum(compare_scores(first, second).p < 0.05 for first, second in pairs)
    assert called <= 65


@pytest.mark.slow
def test_the_interval_of_f1_holds_the_true_one():
    draw = random.Random(2)
    held = 0
    for _ in range(100):
        tasks = [
            Counter({("a", "a") if draw.random() < 0.8 else ("a", None): 1}) for _ in range(100)
        ]
        low, high = f1_intervals(tasks)["micro"]
        held += low <= 2 * 0.8 / 1.8 <= high
    assert held >= 88


def test_tasks_that_are_all_alike_have_no_interval():
    assert f1_intervals([Counter({("a", "a"): 1})] * 5)["micro"] == (None, None)
    assert f1_intervals([Counter({("a", "a"): 1})]) == {
        "macro": (None, None),
        "micro": (None, None),
    }
    assert f1_intervals([])["macro"] == (None, None)


def test_p_is_never_zero_however_far_apart_the_scores_are():
    found = compare_scores(dict.fromkeys(range(500), 0.0), dict.fromkeys(range(500), 1.0))
    assert found.difference == 1.0
    # None of the draws is as extreme; the scores as they are count as one of them.
    assert found.p == 1 / (1 + FLIPS)
