"""Two versions on the same tasks: the counts, and McNemar's exact p."""

from __future__ import annotations

import random
from itertools import combinations
from math import sqrt

import pytest

from ml_backend.scoring.paired import compare, difference_interval, holm, mcnemar
from support.tables import each_row


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 0.0625),
        (0, 6, 0.03125),
        (10, 2, 0.03857421875),
        (7, 7, 1.0),
        (1, 9, 0.021484375),
    ],
)
def test_the_exact_p_is_that_of_a_coin(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == pytest.approx(p)
    assert mcnemar(c, b) == mcnemar(b, c)


def test_many_pairs_neither_overflow_nor_underflow() -> None:
    assert 0 < mcnemar(5_000, 5_300) < 0.01
    assert mcnemar(20_000, 20_000) == 1.0
    assert mcnemar(0, 10_000) == pytest.approx(0.0, abs=1e-300)


def test_only_tasks_of_both_are_compared() -> None:
    first = {1: True, 2: True, 3: False, 4: False, 5: True}
    second = {1: True, 2: False, 3: True, 4: False, 6: True}
    found = compare(first, second)
    assert (found.n, found.both, found.neither) == (4, 1, 1)
    assert (found.only_first, found.only_second, found.p) == (1, 1, 1.0)


# What a difference proves


@pytest.mark.parametrize(
    ("values", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9, 0.4], [1.0, 1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
    ],
)
def test_holm_corrects_for_several(values: list[float], corrected: list[float]) -> None:
    assert holm(values) == pytest.approx(corrected)


def test_the_difference_is_the_seconds_less_the_firsts() -> None:
    first = {task: task < 6 for task in range(10)}
    second = {task: task < 9 for task in range(10)}
    found = compare(first, second)
    assert found.difference == pytest.approx(0.3)
    assert found.low is not None
    assert found.low < 0.3 < found.high
    assert compare(second, first).low == pytest.approx(-found.high)
    nothing = compare({}, {})
    assert (nothing.difference, nothing.low, nothing.high) == (None, None, None)


# Newcombe 1998, Statistics in Medicine 17, page 2641, Table III, the rows of method 10: tasks that
# both got right, only the second, only the first, neither; the interval of the difference.
PUBLISHED = [
    ((36, 12, 2, 0), (0.0569, 0.3404)),
    ((20, 12, 2, 16), (0.0562, 0.3292)),
    ((18, 12, 2, 18), (0.0562, 0.3290)),
    ((36, 14, 0, 0), (0.1528, 0.4167)),
    ((35, 14, 0, 1), (0.1461, 0.4175)),
    ((18, 14, 0, 18), (0.1441, 0.3963)),
    ((2, 97, 1, 0), (0.8721, 0.9854)),
    ((1, 97, 1, 1), (0.8736, 0.9850)),
    ((0, 29, 1, 0), (0.6666, 0.9882)),
    ((2, 98, 0, 0), (0.9178, 0.9945)),
    ((1, 98, 0, 1), (0.9171, 0.9916)),
    ((0, 30, 0, 0), (0.8395, 1.0)),
    ((54, 0, 0, 0), (-0.0664, 0.0664)),
    ((53, 0, 0, 1), (-0.0729, 0.0729)),
    ((30, 0, 0, 24), (-0.0358, 0.0358)),
    ((29, 0, 0, 25), (-0.0354, 0.0354)),
    ((28, 0, 0, 26), (-0.0352, 0.0352)),
    ((27, 0, 0, 27), (-0.0351, 0.0351)),
]


@each_row(("cells", "published"), PUBLISHED)
def test_the_interval_is_newcombes_published_one(
    cells: tuple[int, int, int, int], published: tuple[float, float]
) -> None:
    both, only_second, only_first, _ = cells
    n = sum(cells)
    # He rounds to four digits, and takes 1.96 for the normal's quantile.
    assert difference_interval(both, only_first, only_second, n) == pytest.approx(
        published, abs=0.00011
    )
    low, high = difference_interval(both, only_second, only_first, n)
    assert (-high, -low) == pytest.approx(published, abs=0.00011)


def by_definition(both: int, only_first: int, only_second: int, n: int) -> tuple[float, float]:
    """Method 10 once more, from what defines it: score limits found by bisection, then joined."""

    def limit(x: int, sign: int) -> float:
        inside, outside = x / n, (1.0 if sign > 0 else 0.0)
        for _ in range(200):
            middle = (inside + outside) / 2
            if (middle - x / n) ** 2 <= 1.959963985**2 * middle * (1 - middle) / n:
                inside = middle
            else:
                outside = middle
        return inside

    neither = n - both - only_first - only_second
    x, y = both + only_second, both + only_first
    product = both * neither - only_first * only_second
    numerator = product - n / 2 if product > n / 2 else min(product, 0)
    margins = x * (n - x) * y * (n - y)
    phi = numerator / sqrt(margins) if margins else 0.0

    def reach(one: float, other: float) -> float:
        return sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))

    p, q = x / n, y / n
    below = reach(p - limit(x, -1), limit(y, 1) - q)
    above = reach(limit(x, 1) - p, q - limit(y, -1))
    return max(-1.0, p - q - below), min(1.0, p - q + above)


def test_the_interval_is_as_its_definition_has_it_for_every_table_of_nine_tasks() -> None:
    n = 9
    for both in range(n + 1):
        for first in range(n + 1 - both):
            for second in range(n + 1 - both - first):
                found = difference_interval(both, first, second, n)
                wanted = by_definition(both, first, second, n)
                assert found == pytest.approx(wanted, abs=1e-7), (both, first, second)


@pytest.mark.slow
def test_the_interval_holds_the_true_difference() -> None:
    draw = random.Random(9)
    held = 0
    for _ in range(1000):
        first: dict[int, bool] = {}
        second: dict[int, bool] = {}
        for task in range(60):  # correlated, as answers to one task are
            easy = draw.random() < 0.5
            first[task] = draw.random() < (0.9 if easy else 0.4)
            second[task] = draw.random() < (0.95 if easy else 0.6)
        found = compare(first, second)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.125 <= found.high
    assert held >= 930


def equal_versions(draw: random.Random, n: int, count: int) -> list[dict[int, bool]]:
    """Versions that are equally good, on tasks that are more or less easy."""
    ease = [draw.random() for _ in range(n)]
    return [{task: draw.random() < ease[task] for task in range(n)} for _ in range(count)]


@pytest.mark.parametrize("n", [20, 60, 300])
@pytest.mark.slow
def test_equal_versions_are_rarely_called_different(n: int) -> None:
    draw = random.Random(6)
    pairs = [equal_versions(draw, n, 2) for _ in range(1000)]
    called = sum(compare(first, second).p < 0.05 for first, second in pairs)
    assert called <= 65


@pytest.mark.slow
def test_of_several_equal_versions_rarely_any_is_called_different() -> None:
    draw = random.Random(6)
    called = alone = 0
    for _ in range(1000):
        several = equal_versions(draw, 100, 4)
        values = [compare(one, other).p for one, other in combinations(several, 2)]
        called += min(holm(values)) < 0.05
        alone += min(values) < 0.05
    assert called <= 65
    assert alone > 65  # without the correction they would be
