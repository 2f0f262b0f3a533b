"""Two versions on the same tasks: who was right where the other was wrong, and what that proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma, log


@dataclass(frozen=True, slots=True)
class Paired:
    """A comparison over ``n`` tasks; ``p`` is that of McNemar's exact test, two-sided."""

    n: int
    only_first: int
    """Tasks the first got right and the second wrong."""
    only_second: int
    both: int
    neither: int
    p: float


def compare(first: Mapping[int, bool], second: Mapping[int, bool]) -> Paired:
    """Compare by task whether each was right; tasks that only one of them has do not count."""
    common = first.keys() & second.keys()
    only_first = sum(first[each] and not second[each] for each in common)
    only_second = sum(second[each] and not first[each] for each in common)
    both = sum(first[each] and second[each] for each in common)
    return Paired(
        n=len(common),
        only_first=only_first,
        only_second=only_second,
        both=both,
        neither=len(common) - only_first - only_second - both,
        p=mcnemar(only_first, only_second),
    )


def mcnemar(b: int, c: int) -> float:
    """The exact two-sided p of McNemar's test for ``b`` and ``c`` discordant pairs.

    Under the hypothesis that both are equally good each discordant pair falls to either side like a
    coin: twice the binomial tail, at most 1.
    """
    n = b + c
    if n == 0:
        return 1.0
    return min(1.0, 2 * sum(exp(_log_coin(n, k)) for k in range(min(b, c) + 1)))


def _log_coin(n: int, k: int) -> float:
    """The logarithm of the probability of ``k`` heads in ``n`` throws.

    By logarithms: of ten thousand pairs the whole numbers have thousands of digits, and a power of
    one half underflows.
    """
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2)
