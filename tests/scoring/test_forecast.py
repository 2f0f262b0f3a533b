from __future__ import annotations

import random
from math import sqrt
from statistics import variance

import pytest

from ml_backend.scoring.forecast import _quantile, from_measured, from_sizes
from support.tables import each_row

# Student's table, two-sided 95 %, as textbooks print it: degrees of freedom 1 to 30.
T_TABLE = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@each_row(("degrees", "t"), [*enumerate(T_TABLE, 1), (40, 2.021), (60, 2.000), (120, 1.980)])
def test_the_quantile_is_students(degrees: int, t: float) -> None:
    assert _quantile(degrees) == pytest.approx(t, abs=0.0005)


@pytest.mark.parametrize("number", [2, 3, 4, 30])
def test_few_tasks_reach_as_far_as_students_table_says(number: int) -> None:
    sizes = [100.0 + (-1) ** n for n in range(number)]
    population = 1000
    seen = population**2 * variance(sizes) / number * (1 - number / population)
    reach = T_TABLE[number - 2] * sqrt(seen)
    total = from_sizes(sizes, sizes, sizes, population)
    assert total.high - total.mean == pytest.approx(reach, rel=0.001)
    assert total.mean - total.low == pytest.approx(reach, rel=0.001)


def test_two_measured_tasks_promise_as_little_as_they_know() -> None:
    measured = [(10.0, 12.0), (10.0, 8.0)]  # a ratio of 1, which errs by 2 to either side
    total = from_measured([10.0] * 100, 100, measured)
    spread = 2.0**2 + 2.0**2
    deviation = sqrt(spread / 2 * 100**2 + 100 * spread)
    assert total.mean == pytest.approx(1000.0)
    assert total.high == pytest.approx(1000.0 + 12.706 * deviation, rel=0.001)


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


@pytest.mark.slow
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
