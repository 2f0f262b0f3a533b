"""Two versions on the same tasks: the counts, and McNemar's exact p."""

from __future__ import annotations

import pytest

from ml_backend.scoring.paired import compare, mcnemar


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
