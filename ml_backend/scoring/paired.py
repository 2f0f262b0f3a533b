"""Two versions on the same tasks: who was right where the other was wrong, and what that proves.

The interval of the difference is Newcombe's for paired proportions (Statistics in Medicine 17,
1998, 2635-2650, method 10): Wilson's of each, joined by their correlation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

from ml_backend.scoring.agreement import wilson

ALPHA = 0.05


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
    difference: float | None = None
    """Accuracy of the second less that of the first; None over no task."""
    low: float | None = None
    high: float | None = None


def compare(first: Mapping[int, bool], second: Mapping[int, bool]) -> Paired:
    """Compare by task whether each was right; tasks that only one of them has do not count."""
    common = first.keys() & second.keys()
    only_first = sum(first[each] and not second[each] for each in common)
    only_second = sum(second[each] and not first[each] for each in common)
    both = sum(first[each] and second[each] for each in common)
    n = len(common)
    low, high = difference_interval(both, only_first, only_second, n) if n else (None, None)
    return Paired(
        n=n,
        only_first=only_first,
        only_second=only_second,
        both=both,
        neither=n - only_first - only_second - both,
        p=mcnemar(only_first, only_second),
        difference=(only_second - only_first) / n if n else None,
        low=low,
        high=high,
    )


def difference_interval(
    both: int, only_first: int, only_second: int, n: int
) -> tuple[float, float]:
    """The 95 % interval of the second's accuracy less the first's."""
    neither = n - both - only_first - only_second
    ours, theirs = both + only_second, both + only_first
    (low, high), (other_low, other_high) = wilson(ours, n), wilson(theirs, n)
    p, q = ours / n, theirs / n
    spread = sqrt(ours * (n - ours)) * sqrt(theirs * (n - theirs))
    product = float(both * neither - only_first * only_second)
    if product > 0:
        product = max(product - n / 2, 0.0)
    phi = product / spread if spread else 0.0
    below = (p - low) ** 2 - 2 * phi * (p - low) * (other_high - q) + (other_high - q) ** 2
    above = (high - p) ** 2 - 2 * phi * (high - p) * (q - other_low) + (q - other_low) ** 2
    return max(-1.0, p - q - sqrt(max(0.0, below))), min(1.0, p - q + sqrt(max(0.0, above)))


def holm(values: Sequence[float]) -> list[float]:
    """The p values corrected for being several, by Holm's method, in their order."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    corrected = [1.0] * len(values)
    most = 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = most
    return corrected


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
