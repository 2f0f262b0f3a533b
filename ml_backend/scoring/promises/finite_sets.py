"""How many of a finite set are wrong, by a part of it that was drawn and labelled.

A bound of an *expected* rate says too little of a set that is there already: where 60 tasks come
from a model that is wrong in 3 %, more than 5 % of these 60 are wrong in 6 of 100 worlds. So for a
set the number of wrong ones itself is bounded, by the hypergeometric distribution: tasks are drawn
uniformly without replacement, and nothing else is assumed of them.

What is promised is of the tasks that were *not* drawn: those that were have people's labels, so
nothing of a prediction is accepted there, and how many of them were wrong is known.
"""

from __future__ import annotations

from math import exp, floor, lgamma

_SLACK = 1e-9


def tail(wrong: int, drawn: int, size: int, bad: int) -> float:
    """The chance of at most ``wrong`` wrong ones among ``drawn`` out of ``size`` that hold ``bad``.

    Counts of tasks; ``drawn`` and ``bad`` are at most ``size``.
    """
    least, most = max(0, drawn - (size - bad)), min(drawn, bad)
    if wrong < least:
        return 0.0
    if wrong >= most:
        return 1.0
    if wrong * size <= drawn * bad:
        return min(1.0, _sum_down(wrong, least, drawn, size, bad))
    # From above the middle downwards the first chance may be too small for a float, and all 0.
    return max(0.0, 1.0 - _sum_up(wrong + 1, most, drawn, size, bad))


def _sum_down(first: int, least: int, drawn: int, size: int, bad: int) -> float:
    term, total = _chance(first, drawn, size, bad), 0.0
    for each in range(first, least - 1, -1):
        total += term
        term *= each * (size - bad - drawn + each) / ((bad - each + 1) * (drawn - each + 1))
    return total


def _sum_up(first: int, most: int, drawn: int, size: int, bad: int) -> float:
    term, total = _chance(first, drawn, size, bad), 0.0
    for each in range(first, most + 1):
        total += term
        term *= (bad - each) * (drawn - each) / ((each + 1) * (size - bad - drawn + each + 1))
    return total


def _chance(wrong: int, drawn: int, size: int, bad: int) -> float:
    """The chance of exactly so many."""
    return exp(
        _log_choices(bad, wrong)
        + _log_choices(size - bad, drawn - wrong)
        - _log_choices(size, drawn)
    )


def allowed(left: int, max_error: float) -> int:
    """How many of ``left`` tasks may be wrong at a share of ``max_error``."""
    return floor(max_error * left + _SLACK)


def is_kept(wrong: int, drawn: int, size: int, *, max_error: float, certainty: float) -> bool:
    """Whether, of the tasks not drawn, at most a share of ``max_error`` is wrong, so certainly.

    ``wrong`` of ``drawn`` labelled tasks out of ``size`` were. False where none is left.
    """
    left = size - drawn
    if left <= 0:
        return False
    too_many = allowed(left, max_error) + 1 + wrong
    return tail(wrong, drawn, size, too_many) <= (1 - certainty) * (1 + _SLACK)


def wrong_at_most(wrong: int, drawn: int, size: int, *, certainty: float) -> int:
    """The most wrong ones among the tasks that were not drawn, with that certainty."""
    low, high = wrong, size - drawn + wrong
    while low < high:
        middle = (low + high + 1) // 2
        if tail(wrong, drawn, size, middle) > (1 - certainty) * (1 + _SLACK):
            low = middle
        else:
            high = middle - 1
    return low - wrong


def labels_needed_of(
    size: int, *, max_error: float, certainty: float, mistakes: int = 0
) -> int | None:
    """The fewest labels that promise it of the rest of ``size`` tasks, with that many mistakes.

    None where no number does: where so few are left that one wrong one is too many, only labels of
    nearly all of them tell, and what is then left to accept is nothing.
    """
    for drawn in range(max(1, mistakes), size):
        if is_kept(mistakes, drawn, size, max_error=max_error, certainty=certainty):
            return drawn
    return None


def _log_choices(size: int, drawn: int) -> float:
    return lgamma(size + 1) - lgamma(drawn + 1) - lgamma(size - drawn + 1)
