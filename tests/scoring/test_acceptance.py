"""The threshold of a promise: which it is, what it says of itself, and what changes nothing."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb, inf, nan

import numpy as np
import pytest

from ml_backend.scoring.acceptance import (
    Acceptance,
    certainty_of_look,
    choose_by_class,
    choose_threshold,
    error_limit,
    is_accepted,
    labels_needed,
)

ALLOWED = {"max_error": 0.03, "certainty": 0.95}


def tail(wrong: int, drawn: int, share: float) -> Fraction:
    """The chance of at most so many wrong ones, without rounding."""
    part = Fraction(share)
    return sum(
        (comb(drawn, k) * part**k * (1 - part) ** (drawn - k) for k in range(wrong + 1)),
        Fraction(0),
    )


def chosen_slowly(
    scores: list[float | None], right: list[bool], max_error: float, certainty: float
) -> float | None:
    """The rule read aloud: down the groups from n0 labels on, until one is not refuted."""
    known = [score for score in scores if score is not None]
    best = None
    for threshold in sorted(set(known), reverse=True):
        above = [
            is_right
            for score, is_right in zip(scores, right, strict=True)
            if score is not None and score >= threshold
        ]
        if (1 - max_error) ** len(above) > 1 - certainty:
            continue
        if tail(above.count(False), len(above), max_error) > Fraction(1 - certainty):
            break
        best = threshold
    return best


def sample(seed: int, n: int = 150, digits: int = 2) -> tuple[list[float | None], list[bool]]:
    draw = random.Random(seed)
    scores: list[float | None] = [
        None if draw.random() < 0.05 else round(draw.random(), digits) for _ in range(n)
    ]
    right = [draw.random() < 1 - 0.6 * (1 - (score or 0.0)) ** 2 for score in scores]
    return scores, right


@pytest.mark.parametrize(("max_error", "certainty"), [(0.1, 0.9), (0.05, 0.95), (0.2, 0.99)])
@pytest.mark.parametrize("digits", [1, 2, 9])
def test_it_is_the_lowest_threshold_before_the_first_that_is_not_refuted(
    digits: int, max_error: float, certainty: float
) -> None:
    found = set()
    for seed in range(6):
        scores, right = sample(seed, digits=digits)
        threshold = choose_threshold(
            scores, right, max_error=max_error, certainty=certainty
        ).threshold
        assert threshold == chosen_slowly(scores, right, max_error, certainty)
        found.add(threshold)
    assert len(found) > 1


def test_a_worked_example() -> None:
    """99 right above one that is wrong: 100 labels with a mistake promise no 3 %."""
    scores = [0.9] * 99 + [0.8] + [0.7] * 60
    right = [True] * 99 + [False] + [True] * 60
    found = choose_threshold(scores, right, **ALLOWED)
    assert found == Acceptance(
        threshold=0.9,
        accepted=99 / 160,
        error_bound=pytest.approx(1 - 0.05 ** (1 / 99)),
        n=160,
        accepted_n=99,
        wrong_n=0,
        max_error=0.03,
        certainty=0.95,
        needed=99,
    )
    assert found.is_promise
    assert found.error_bound < 0.03


def test_it_stops_at_the_first_that_is_not_refuted_though_lower_ones_would_be() -> None:
    """With the mistake in a group of its own the 160 would do, and are never looked at."""
    scores = [0.9] * 99 + [0.8] + [0.7] * 60
    right = [True] * 99 + [False] + [True] * 60
    assert float(tail(1, 160, 0.03)) < 0.05
    assert choose_threshold(scores, right, **ALLOWED).threshold == 0.9
    together = [0.9] * 99 + [0.7] * 61
    assert choose_threshold(together, right, **ALLOWED).threshold == 0.7


def test_equal_scores_are_accepted_all_or_none() -> None:
    """100 of the highest score, one of them wrong: not the 99 right ones of them."""
    found = choose_threshold([0.9] * 100, [True] * 99 + [False], **ALLOWED)
    assert found.threshold is None
    assert "1 of the 100 surest labelled predictions is wrong" in found.why


@pytest.mark.parametrize("n", [0, 1, 98])
def test_too_few_labels_promise_nothing_and_it_says_how_many_would(n: int) -> None:
    found = choose_threshold([0.9] * n, [True] * n, **ALLOWED)
    assert (found.threshold, found.error_bound, found.accepted, found.accepted_n) == (
        None,
        None,
        0.0,
        0,
    )
    assert (found.n, found.needed) == (n, 99)
    assert "99 without a mistake" in found.why
    assert choose_threshold([0.9] * 99, [True] * 99, **ALLOWED).threshold == 0.9


@pytest.mark.parametrize("unknown", [None, nan, np.nan, np.float32("nan")])
def test_what_has_no_score_is_never_accepted_and_counts_in_the_share(unknown: float) -> None:
    """Not even where all of it is right, and it makes up no number of labels."""
    found = choose_threshold([0.5] * 99 + [unknown] * 101, [True] * 200, **ALLOWED)
    assert (found.threshold, found.accepted, found.accepted_n) == (0.5, 99 / 200, 99)
    assert not found.accepts(unknown)
    few = choose_threshold([0.5] * 98 + [unknown] * 102, [True] * 200, **ALLOWED)
    assert few.threshold is None
    assert "102 without a score" in few.why
    nobody = choose_threshold([unknown] * 200, [True] * 200, **ALLOWED)
    assert nobody.threshold is None
    # What is wrong without a score does no harm either.
    assert choose_threshold([0.5] * 99 + [unknown], [True] * 99 + [False], **ALLOWED).threshold


def test_at_the_threshold_is_accepted_and_nothing_below() -> None:
    found = choose_threshold([0.9] * 99, [True] * 99, **ALLOWED)
    assert found.accepts(0.9)
    assert found.accepts(np.float64(0.9))
    assert not found.accepts(np.nextafter(0.9, 0))
    assert not is_accepted(None, -inf)
    assert not is_accepted(nan, -inf)
    assert not choose_threshold([], [], **ALLOWED).accepts(1.0)


def test_order_and_kind_of_what_comes_in_change_nothing() -> None:
    scores, right = sample(3, n=400)
    allowed = {"max_error": 0.1, "certainty": 0.9}
    first = choose_threshold(scores, right, **allowed)
    assert first.is_promise
    order = list(range(400))
    for seed in range(5):
        random.Random(seed).shuffle(order)
        again = choose_threshold([scores[i] for i in order], [right[i] for i in order], **allowed)
        assert repr(again) == repr(first)
    floats = np.array(scores, dtype=float)
    for kind in (floats, list(floats), tuple(scores), np.array(scores, dtype=object), iter(scores)):
        assert repr(choose_threshold(kind, right, **allowed)) == repr(first)
    for kind in (
        np.array(right),
        list(np.array(right)),
        [int(each) for each in right],
        np.array(right, dtype=float),
        tuple(right),
        (each for each in right),
    ):
        assert repr(choose_threshold(scores, kind, **allowed)) == repr(first)
    assert type(first.threshold) is float
    assert type(first.wrong_n) is int


def test_zeros_of_either_sign_are_one_score() -> None:
    for scores in ([0.0, -0.0] * 60, [-0.0, 0.0] * 60):
        assert repr(choose_threshold(scores, [True] * 120, **ALLOWED).threshold) == "0.0"


def test_scores_may_be_any_numbers() -> None:
    found = choose_threshold([inf] * 50 + [7] * 50 + [-inf] * 3, [True] * 103, **ALLOWED)
    assert found.threshold == -inf
    assert found.accepted == 1.0
    whole = choose_threshold([1] * 99 + [0], [True] * 99 + [False], **ALLOWED)
    assert whole.threshold == 1.0


def test_who_was_never_labelled_counts_as_wrong() -> None:
    """Whoever skips a task of the sample must not make the promise by it."""
    scores = [0.9] * 120
    assert choose_threshold(scores, [True] * 120, **ALLOWED).threshold == 0.9
    for missing in (None, nan):
        found = choose_threshold(scores, [True] * 119 + [missing], **ALLOWED)
        assert found.threshold is None


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1, 1.5, nan, inf])
def test_shares_lie_between_0_and_1(wrong: float) -> None:
    for name in ALLOWED:
        with pytest.raises(ValueError, match=name):
            choose_threshold([0.5], [True], **{**ALLOWED, name: wrong})
        with pytest.raises(ValueError, match=name):
            labels_needed(**{**ALLOWED, name: wrong})


def test_what_is_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="2 scores, but 1"):
        choose_threshold([0.5, 0.6], [True], **ALLOWED)
    with pytest.raises(ValueError, match="true or false"):
        choose_threshold([0.5], [0.5], **ALLOWED)
    with pytest.raises(ValueError, match="number"):
        choose_threshold([[0.5, 0.6]], [True], **ALLOWED)


def test_the_labels_that_a_promise_takes() -> None:
    assert [labels_needed(0.03, 0.95, mistakes) for mistakes in range(3)] == [99, 157, 208]
    assert labels_needed(0.02, 0.95) == 149
    assert labels_needed(0.99, 0.5) == 1
    assert labels_needed(0.5, 0.75) == 2
    assert labels_needed(1e-300, 0.5) > 10**299
    assert labels_needed(5e-324, 0.95) > 10**299, "as many as there are numbers for"
    with pytest.raises(ValueError, match="mistakes"):
        labels_needed(0.03, 0.95, -1)
    for mistakes in range(0, 30, 7):
        n = labels_needed(0.1, 0.9, mistakes)
        assert tail(mistakes, n, 0.1) <= Fraction(1 - 0.9)
        assert tail(mistakes, n - 1, 0.1) > Fraction(1 - 0.9)


def test_the_limit_is_clopper_and_pearsons() -> None:
    """At the limit so few mistakes are as rare as the certainty has it."""
    for wrong, drawn in ((0, 99), (3, 150), (40, 400)):
        limit = error_limit(wrong, drawn, 0.95)
        assert float(tail(wrong, drawn, limit)) == pytest.approx(0.05)
    assert error_limit(5, 5, 0.95) == 1.0
    assert error_limit(0, 0, 0.95) == 1.0


def test_looks_share_one_certainty() -> None:
    assert certainty_of_look(0.95, 1) == pytest.approx(0.975)
    assert certainty_of_look(0.95, 2) == pytest.approx(1 - 0.05 / 6)
    spent = sum(1 - certainty_of_look(0.95, look) for look in range(1, 2000))
    assert 0.0499 < spent <= 0.05
    with pytest.raises(ValueError, match="number 1"):
        certainty_of_look(0.95, 0)
    with pytest.raises(ValueError, match="certainty"):
        certainty_of_look(1.0, 1)


# By class


def test_classes_share_the_certainty_and_are_fixed_before() -> None:
    needed = labels_needed(0.03, 0.975)
    assert needed > 99
    scores = [0.9] * (needed + 99)
    groups = ["spam"] * needed + ["ham"] * 99
    found = choose_by_class(scores, [True] * len(scores), groups, **ALLOWED)
    assert list(found) == ["spam", "ham"]
    assert found["spam"].threshold == 0.9
    assert found["spam"].certainty == pytest.approx(0.975)
    assert found["spam"].accepted == 1.0
    assert found["ham"].threshold is None, "99 would do for a promise of its own alone"
    three = choose_by_class(
        scores, [True] * len(scores), groups, classes=["spam", "ham", "rare"], **ALLOWED
    )
    assert three["spam"].threshold is None, "a class that nobody predicted counts as well"
    assert three["rare"].n == 0


def test_a_class_is_judged_by_its_own_tasks() -> None:
    scores = [0.9] * 260
    groups = ["good"] * 130 + ["bad"] * 130
    right = [True] * 130 + [True, False] * 65
    found = choose_by_class(scores, right, groups, **ALLOWED)
    assert found["good"].threshold == 0.9
    assert found["bad"].threshold is None
    nobody = choose_by_class(scores, right, [None] * 260, classes=["good"], **ALLOWED)
    assert nobody["good"].n == 0
    assert choose_by_class([], [], [], **ALLOWED) == {}


def test_a_class_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'odd' is none"):
        choose_by_class([0.5], [True], ["odd"], classes=["a"], **ALLOWED)
    with pytest.raises(ValueError, match="shorter"):
        choose_by_class([0.5], [True], [], **ALLOWED)


# Of a finite set


def test_a_set_is_promised_only_what_holds_for_it() -> None:
    """With 100 right labels a rate of 3 % is bounded; of 60 more tasks at most one would be."""
    scores, right = [0.9] * 100, [True] * 100
    assert choose_threshold(scores, right, **ALLOWED).threshold == 0.9
    few = choose_threshold(scores, right, population=[0.9] * 160, **ALLOWED)
    assert few.threshold is None
    assert "Too few predictions are left" in few.why
    many = choose_threshold(scores, right, population=[0.9] * 5000, **ALLOWED)
    assert many.threshold == 0.9
    assert many.set_n == 4900
    assert 0.029 < many.error_bound <= 0.03
    assert many.accepted == 1.0


def test_where_nothing_is_left_nothing_is_promised() -> None:
    scores = [0.9] * 100
    found = choose_threshold(scores, [True] * 100, population=scores, **ALLOWED)
    assert found.threshold is None
    # Those that are all labelled are passed over, and lower ones tested.
    lower = [0.9] * 100 + [0.5] * 100
    found = choose_threshold(lower, [True] * 200, population=[0.9] * 100 + [0.5] * 5000, **ALLOWED)
    assert (found.threshold, found.set_n) == (0.5, 4900)


def test_a_population_holds_its_sample() -> None:
    for population in ([], [0.9] * 99, [0.8] * 500, [None] * 500):
        with pytest.raises(ValueError, match="population"):
            choose_threshold([0.9] * 100, [True] * 100, population=population, **ALLOWED)
    with pytest.raises(ValueError, match="population"):
        choose_threshold([0.9, None], [True] * 2, population=[0.9], **ALLOWED)


def test_tasks_of_the_population_without_a_score_are_none_of_the_set() -> None:
    scores = [0.9] * 150
    population = iter([0.9] * 1150 + [None, nan] * 100)
    found = choose_threshold(scores, [True] * 150, population=population, **ALLOWED)
    assert found.set_n == 1000


def test_classes_of_a_finite_set() -> None:
    scores, groups = [0.9] * 260, ["a"] * 130 + ["b"] * 130
    found = choose_by_class(
        scores,
        [True] * 260,
        groups,
        populations={"a": [0.9] * 5000, "b": [0.9] * 150},
        **ALLOWED,
    )
    assert found["a"].set_n == 4870
    assert found["b"].threshold is None
