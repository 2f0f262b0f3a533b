"""Wrong ones in a finite set: the exact distribution, and what a drawn part tells of the rest."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from ml_backend.scoring.promises.finite_sets import (
    allowed,
    is_kept,
    labels_needed_of,
    tail,
    wrong_at_most,
)


def exact(wrong: int, drawn: int, size: int, bad: int) -> Fraction:
    ways = sum(comb(bad, k) * comb(size - bad, drawn - k) for k in range(min(wrong, drawn) + 1))
    return Fraction(ways, comb(size, drawn))


@pytest.mark.parametrize(("size", "drawn"), [(7, 3), (7, 6), (40, 25), (300, 90)])
def test_the_tail_is_exact(size: int, drawn: int) -> None:
    for bad in range(0, size + 1, max(1, size // 12)):
        for wrong in range(0, drawn + 1, max(1, drawn // 7)):
            assert tail(wrong, drawn, size, bad) == pytest.approx(
                float(exact(wrong, drawn, size, bad)), rel=1e-9, abs=1e-15
            )


def test_of_many_tasks_it_is_still_right() -> None:
    assert tail(2, 200, 1_000_000, 10_000) == pytest.approx(
        float(exact(2, 200, 1_000_000, 10_000)), rel=1e-7
    )


@pytest.mark.parametrize(("wrong", "drawn", "size"), [(600, 1000, 5000), (390, 400, 100_000)])
def test_far_too_many_wrong_ones_are_never_taken_for_a_rare_thing(
    wrong: int, drawn: int, size: int
) -> None:
    """The chance of exactly so many is too small for a float; that of at most so many is 1."""
    bad = wrong + 1 + allowed(size - drawn, 0.02)
    assert tail(wrong, drawn, size, bad) == pytest.approx(1.0)
    assert not is_kept(wrong, drawn, size, max_error=0.02, certainty=0.95)


def test_a_share_that_floats_miss_by_a_hair_is_allowed() -> None:
    assert allowed(100, 0.29) == 29
    assert allowed(60, 0.05) == 3
    assert allowed(33, 0.03) == 0


@pytest.mark.parametrize("size", [30, 90])
def test_the_promise_about_the_rest_is_exact_whatever_is_wrong(size: int) -> None:
    """Over all draws: how often it is promised although too many of the rest are wrong."""
    drawn, max_error, certainty = size // 2, 0.15, 0.9
    for bad in range(size + 1):
        broken = Fraction(0)
        for wrong in range(max(0, drawn - (size - bad)), min(drawn, bad) + 1):
            said = is_kept(wrong, drawn, size, max_error=max_error, certainty=certainty)
            if said and bad - wrong > max_error * (size - drawn):
                ways = comb(bad, wrong) * comb(size - bad, drawn - wrong)
                broken += Fraction(ways, comb(size, drawn))
        assert broken <= Fraction(1, 10)


def test_the_bound_and_the_promise_are_one() -> None:
    for wrong in range(6):
        for drawn in (60, 110, 180):
            most = wrong_at_most(wrong, drawn, 300, certainty=0.9)
            kept = is_kept(wrong, drawn, 300, max_error=0.06, certainty=0.9)
            assert kept == (most <= allowed(300 - drawn, 0.06))
    assert wrong_at_most(0, 10, 10, certainty=0.9) == 0


def test_the_labels_that_a_set_takes() -> None:
    needed = labels_needed_of(1000, max_error=0.03, certainty=0.95)
    assert needed is not None
    assert needed > 99, "more than for an expected rate"
    assert is_kept(0, needed, 1000, max_error=0.03, certainty=0.95)
    assert not is_kept(0, needed - 1, 1000, max_error=0.03, certainty=0.95)
    assert labels_needed_of(10, max_error=0.03, certainty=0.95) is None
    more = labels_needed_of(1000, max_error=0.03, certainty=0.95, mistakes=1)
    assert more is not None
    assert more > needed
