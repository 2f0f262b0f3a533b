"""The chance that a right answer outranks a wrong one, with its interval."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from ml_backend.scoring.confidence.auroc import auroc


def test_worked_by_hand() -> None:
    """Of 3 × 2 pairs: .9 beats both, .5 beats .2 and ties, .1 beats none."""
    found = auroc([0.9, 0.5, 0.1, 0.5, 0.2], [True, True, True, False, False])
    assert found is not None
    assert found.value == pytest.approx(3.5 / 6)
    assert (found.right, found.wrong) == (3, 2)
    assert 0 < found.low < found.value < found.high < 1


@pytest.mark.slow
@pytest.mark.parametrize("digits", [1, 6])
def test_it_is_scikit_learns_and_the_variance_is_delongs(digits: int) -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(digits)
    right = rng.random(300) < 0.8
    scores = np.round(right * 0.4 + rng.standard_normal(300) * 0.4, digits)
    found = auroc(scores, right)
    assert found.value == pytest.approx(roc_auc_score(right, scores))
    # DeLong's variance by its definition: each pair, without a rank.
    good, bad = scores[right], scores[~right]
    pairs = (good[:, None] > bad) + 0.5 * (good[:, None] == bad)
    variance = pairs.mean(1).var(ddof=1) / len(good) + pairs.mean(0).var(ddof=1) / len(bad)
    value = pairs.mean()
    reach = 1.959964 * np.sqrt(variance) / (value * (1 - value))
    odds = np.log(value / (1 - value))
    assert found.low == pytest.approx(1 / (1 + np.exp(reach - odds)), rel=1e-6)
    assert found.high == pytest.approx(1 / (1 + np.exp(-reach - odds)), rel=1e-6)


def test_scores_that_tell_all_are_not_certain_to_for_ever() -> None:
    found = auroc([0.9] * 50 + [0.1] * 5, [True] * 50 + [False] * 5)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.5655, abs=1e-3)
    equal = auroc([0.5] * 10, [True] * 5 + [False] * 5)
    assert equal.value == 0.5
    assert equal.low < 0.3
    one = auroc([0.5, 0.4, 0.6], [True, False, True])
    assert one.low < 0.5


def test_without_both_kinds_there_is_none() -> None:
    assert auroc([], []) is None
    assert auroc([0.5, 0.6], [True, True]) is None
    assert auroc([0.5, None, nan], [True, False, False]) is None
    with pytest.raises(ValueError, match="argument"):
        auroc([0.5], [])


@pytest.mark.slow
def test_the_interval_covers() -> None:
    """Two normal distributions apart by 1.5: the truth is .8556."""
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(300):
        right = np.arange(200) < 160
        found = auroc(rng.standard_normal(200) + 1.5 * right, right)
        covered += found.low <= 0.8556 <= found.high
    assert covered >= 275
