from __future__ import annotations

import random

import pytest

from ml_backend.scoring.forecast import _quantile, from_measured, from_sizes


@pytest.mark.parametrize(
    ("degrees", "t"),  # of Student's table, two-sided 95%
    [(4, 2.776), (9, 2.262), (39, 2.023), (1000, 1.962)],
)
def test_the_quantile_is_students(degrees: int, t: float) -> None:
    assert _quantile(degrees) == pytest.approx(t, rel=0.02)


def test_all_tasks_measured_before_give_their_very_sum() -> None:
    measured = [(10.0, 12.0), (20.0, 24.0), (30.0, 36.0)]
    total = from_measured([10.0, 20.0, 30.0], 3, measured)
    assert total.mean == pytest.approx(72.0)
    assert total.low == pytest.approx(72.0 * 0.95)


def test_a_sample_of_everything_adds_no_uncertainty_of_its_own() -> None:
    total = from_sizes([1.0, 2.0], [2.0, 4.0], [4.0, 8.0], 2)
    assert (total.low, total.mean, total.high) == (3.0, 6.0, 12.0)
    more = from_sizes([1.0, 2.0], [2.0, 4.0], [4.0, 8.0], 4)
    assert more.low < 6.0 < 12.0 < 24.0 < more.high


def test_the_interval_holds_what_it_promises() -> None:
    inside = 0
    for seed in range(400):
        dice = random.Random(seed)
        sizes = [dice.lognormvariate(5, 0.6) for _ in range(500)]
        ratio = dice.uniform(0.7, 1.4)
        amounts = [size * ratio * dice.lognormvariate(0, 0.15) for size in sizes]
        seen = dice.sample(range(500), 40)
        before = [(sizes[n], sizes[n] * ratio * dice.lognormvariate(0, 0.15)) for n in seen]
        total = from_measured([sizes[n] for n in dice.sample(range(500), 40)], 500, before)
        inside += total.low <= sum(amounts) <= total.high
    assert inside >= 0.92 * 400
