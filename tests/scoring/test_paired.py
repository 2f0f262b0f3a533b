"""Two versions on the same tasks: the counts, and McNemar's exact p."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from ml_backend.scoring.paired import compare, holm, mcnemar


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
def test_equal_versions_are_rarely_called_different(n: int) -> None:
    draw = random.Random(6)
    pairs = [equal_versions(draw, n, 2) for _ in range(1000)]
    called = sum(compare(first, second).p < 0.05 for first, second in pairs)
    assert called <= 65


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
