"""Evidence that may be looked at after every task: e-values of bets, and limits that always hold.

Who may bet on a claim being wrong, at fair odds, seldom gets rich while it is true: the money of a
gambler who began with 1 reaches 1/alpha with a probability of at most alpha, however often one
looks and whenever one stops (Ville). So a look costs nothing, unlike one at a p value. The bets are
those of Waudby-Smith and Ramdas (JRSS B 86, 2024, 1-27) on differences of scores, each at several
fixed stakes at once; a mean's limits are those of a Beta mixture, which hold for scores between 0
and 1 as they do for right and wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import exp, inf, lgamma, log, log1p

STAKES = (0.2, 0.4, 0.7)
"""Shares of its money that a bet puts at risk: small ones tell small differences, later."""

FINE = 2
"""Digits of a score difference that count: more would make each look cost more."""

_ROUNDS = 40


class Wealth:
    """The money of a gambler whose bets depend on what was seen before."""

    def __init__(self) -> None:
        self._logs = [0.0] * len(STAKES)

    def bet(self, surplus: float) -> None:
        """Take part in a task: ``surplus`` is above -1.3 and at most 0 on average if all is so."""
        self._logs = [
            money + log1p(stake * surplus) for money, stake in zip(self._logs, STAKES, strict=True)
        ]

    @property
    def log(self) -> float:
        """The logarithm of the e-value."""
        return _mean_of(self._logs)


class Differences:
    """By how much one did better than another, task by task, over the tasks both were asked."""

    def __init__(self) -> None:
        self.counts: Counter[float] = Counter()
        self.n = 0
        self._sum = 0.0
        self._squares = 0.0
        self._most: dict[tuple[bool, float], float] = {}

    def add(self, difference: float) -> None:
        self.counts[round(difference, FINE)] += 1
        self.n += 1
        self._sum += difference
        self._squares += difference * difference

    @property
    def mean(self) -> float:
        return self._sum / self.n if self.n else 0.0

    @property
    def variance(self) -> float:
        """The variance of one difference, never quite 0: a few alike prove little."""
        seen = (self._squares + 1.0) / (self.n + 1)
        return max(seen - self.mean**2 * self.n / (self.n + 1), 0.5 / (self.n + 1))

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return float((self.variance / self.n) ** 0.5) if self.n else inf

    def above(self, margin: float) -> float:
        """The largest logarithm so far, by the looks, of the e-value against a mean <= margin."""
        return self._look(False, margin)

    def below(self, margin: float) -> float:
        """The same against a mean >= margin."""
        return self._look(True, margin)

    def most(self, alpha: float) -> float:
        """What the mean is at most, with 1 - alpha, whenever one looks."""
        return self._limit(alpha, flip=True)

    def least(self, alpha: float) -> float:
        """What it is at least."""
        return -self._limit(alpha, flip=False)

    def _look(self, flip: bool, margin: float) -> float:
        now = e_value(self.counts, margin, flip=flip)
        best = max(now, self._most.get((flip, margin), 0.0))
        self._most[flip, margin] = best
        return best

    def _limit(self, alpha: float, *, flip: bool) -> float:
        """The least margin, counted in its direction, that the bets refute."""
        needed = -log(alpha)
        low, high = (self.mean if flip else -self.mean), 1.0
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            found = e_value(self.counts, middle if flip else -middle, flip=flip)
            low, high = (low, middle) if found >= needed else (middle, high)
        return high


def e_value(counts: Mapping[float, int], margin: float, *, flip: bool = False) -> float:
    """The logarithm of the e-value against a mean of at most ``margin``, at least it if flipped."""
    sign = -1.0 if flip else 1.0
    room = 1.0 + sign * margin  # a loss of that much is possible: never bet more than there is
    scale = 1.0 / max(room, 1.0)
    return _mean_of(
        [
            sum(n * log1p(stake * scale * sign * (each - margin)) for each, n in counts.items())
            for stake in STAKES
        ]
    )


def p_of(log_e: float, directions: int = 2) -> float:
    """The p value that an e-value amounts to, at any time."""
    return min(1.0, directions * exp(-max(log_e, 0.0)))


def interval(total: float, n: int, alpha: float) -> tuple[float, float]:
    """The limits of a mean of ``n`` scores that add up to ``total``: they hold at every n."""
    if not n:
        return 0.0, 1.0
    mean = min(1.0, max(0.0, total / n))
    evidence = _log_beta(0.5 + total, 0.5 + n - total) - _log_beta(0.5, 0.5)

    def refuted(value: float) -> bool:
        said = total * _log(value) + (n - total) * _log(1 - value)
        return evidence - said >= -log(alpha)

    return _edge(mean, 0.0, refuted), _edge(mean, 1.0, refuted)


def tasks_needed(variance: float, distance: float, alpha: float) -> float:
    """About how many tasks tell a mean from one so far away."""
    return 2 * (1 - log(alpha)) * (variance + distance**2) / distance**2 if distance else inf


def round_up(number: float) -> int:
    """Return a number of two digits: nobody knows more of it."""
    step = 10 if number < 1000 else 100 if number < 10_000 else 1000
    return int(-(-number // step) * step)


def _edge(inside: float, outside: float, refuted: Callable[[float], bool]) -> float:
    if not refuted(outside):
        return outside
    for _ in range(_ROUNDS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if refuted(middle) else (middle, outside)
    return outside


def _mean_of(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + log(sum(exp(each - most) for each in logs) / len(logs))


def _log(value: float) -> float:
    return log(value) if value > 0 else -745.0


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
