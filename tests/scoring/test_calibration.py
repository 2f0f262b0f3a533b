from __future__ import annotations

import random

import numpy as np
import pytest

from ml_backend.scoring.calibration import calibrate


def test_a_worked_table():
    found = calibrate([(0.95, True), (0.95, False), (1.0, True), (0.3, False)])
    low, high = found.bins
    assert (low.start, low.n, low.accuracy) == (0.3, 1, 0.0)
    assert (high.start, high.n) == (0.9, 3)
    assert high.score == pytest.approx(2.9 / 3)
    assert found.ece == pytest.approx((0.3 + abs(2.9 - 2)) / 4)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 0 + 0.09) / 4)


@pytest.mark.slow
def test_it_is_as_numpy_and_scikit_learn_have_it():
    from sklearn.calibration import calibration_curve  # a second to load, for this test alone
    from sklearn.metrics import brier_score_loss, roc_auc_score

    draw = random.Random(3)
    scored = [(draw.random(), draw.random() < 0.7) for _ in range(500)]
    found = calibrate(scored)
    scores, right = np.array([s for s, _ in scored]), np.array([r for _, r in scored])
    places = np.clip(np.digitize(scores, np.arange(1, 10) / 10), 0, 9)
    ece = sum(
        (places == place).mean()
        * abs(scores[places == place].mean() - right[places == place].mean())
        for place in np.unique(places)
    )
    assert found.ece == pytest.approx(ece)
    assert found.brier == pytest.approx(brier_score_loss(right, scores))
    assert found.ranking.auroc == pytest.approx(roc_auc_score(right, scores))
    shares, means = calibration_curve(right, scores, n_bins=10)
    assert [row.accuracy for row in found.bins] == pytest.approx(list(shares))
    assert [row.score for row in found.bins] == pytest.approx(list(means))


@pytest.mark.parametrize(("score", "edge"), [(0.7, 0.7), (0.3, 0.3), (0.0, 0.0), (1.0, 0.9)])
def test_a_bin_holds_its_lower_edge(score, edge):
    assert calibrate([(score, True)]).bins[0].start == edge


def test_without_scores_there_is_no_table_and_odd_scores_are_cut():
    assert calibrate([]) is None
    assert calibrate([(7.0, True), (-2.0, False)]).ece == 0.0
