"""A race: which is the cheapest that is not worse than the best by more than a tolerance.

All are asked the same tasks in one random order; who cannot win any more is asked no further. What
is dropped, and what is called better, is told by evidence that may be looked at after every task:
see ``anytime``. docs/which-model.md has the rules in words, and how they were tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import inf, log, sqrt

from ml_backend.scoring.anytime import Differences, Wealth, interval, p_of, round_up, tasks_needed
from ml_backend.scoring.paired import holm
from ml_backend.scoring.verdict import Dropped, Out, Pair, Verdict

ALPHA = 0.05
LENIENT = 0.7
"""Standard errors that a measured shortfall may pass the tolerance by, for who may be taken."""

HOPELESS = 1.645
"""Standard errors by which what is left to ask cannot bring one back: a chance of 5 %."""

FIRST = 16
"""Tasks before anybody is dropped for having no chance."""

SAME_PRICE = 0.02
"""Costs that differ by no more than this part are one price: answers differ in length."""


@dataclass(slots=True)
class _Entrant:
    n: int = 0
    total: float = 0.0
    cost: float = 0.0
    priced: int = 0
    wealth: Wealth = field(default_factory=Wealth)

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else 0.0

    @property
    def price(self) -> float | None:
        return self.cost / self.priced if self.priced else None


class Race:
    """Takes the scores of tasks as they come, and says who is left and who would win."""

    def __init__(
        self, entrants: int, tolerance: float, tasks: int, *, alpha: float = ALPHA
    ) -> None:
        """``tasks`` is how many may be raced; scores lie between 0 and 1."""
        self.tolerance = tolerance
        self.tasks = tasks
        self.asked = 0
        self.left = list(range(entrants))
        self.dropped: dict[int, Dropped] = {}
        self._alpha = alpha
        self._all = [_Entrant() for _ in range(entrants)]
        self._pairs = {pair: Differences() for pair in combinations(range(entrants), 2)}

    # What comes in

    def add(self, scores: Mapping[int, float], costs: Mapping[int, float | None]) -> None:
        """Add a task: the score of each who is left, and what it cost where that is known."""
        if self.asked:
            for each in self.left:
                self._bet(each, scores)
        for each in self.left:
            entrant, cost = self._all[each], costs.get(each)
            entrant.n += 1
            entrant.total += scores[each]
            if cost is not None:
                entrant.cost += cost
                entrant.priced += 1
        for first, second in combinations(self.left, 2):
            self._pairs[first, second].add(scores[first] - scores[second])
        self.asked += 1

    def fail(self, entrant: int) -> None:
        """Ask one no further that cannot be asked."""
        self._drop(entrant, Out.FAILED, None)

    def look(self) -> list[int]:
        """Drop who cannot win any more; return them. A look costs nothing."""
        before = list(self.left)
        self._note()
        for each in sorted(self.left, key=lambda each: self._all[each].mean):
            if len(self.left) > 1:
                self._judge(each)
        good = next((each for each in self._by_price() if self._is_shown(each)), None)
        if good is not None:
            for each in list(self.left):
                if self._is_cheaper(good, each):
                    self._drop(each, Out.DEARER, good)
        return [each for each in before if each not in self.left]

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to find out."""
        if self.asked >= self.tasks or len(self.left) < 2:
            return True
        return self._is_shown(self._by_price()[0])

    def mean(self, entrant: int) -> float:
        return self._all[entrant].mean

    def price(self, entrant: int) -> float | None:
        """What a task cost on average, None where that is unknown."""
        return self._all[entrant].price

    def interval(self, entrant: int) -> tuple[float, float]:
        """The limits of its score, which hold although it was asked until it was dropped."""
        found = self._all[entrant]
        return interval(found.total, found.n, self._alpha)

    # Who is dropped

    def _bet(self, entrant: int, scores: Mapping[int, float]) -> None:
        """Bet that it is not the one to take, against whom that is likeliest by what was seen.

        If it is the one to take, nobody is better by more than the tolerance, and nobody who costs
        no more is better at all: whichever of these the bet is on, it is a fair one.
        """
        others = [each for each in self.left if each != entrant]
        if not others:
            return
        mine = self._all[entrant].mean
        cheap = [each for each in others if not self._is_cheaper(entrant, each, unknown=True)]
        worse = self._all[max(others, key=self.mean)].mean - mine - self.tolerance
        dearer = self._all[max(cheap, key=self.mean)].mean - mine if cheap else -inf
        if max(worse, dearer) <= 0:
            return
        pool, margin = (others, self.tolerance) if worse >= dearer else (cheap, 0.0)
        top = max(self.mean(each) for each in pool) - self.tolerance / 2
        ahead = [scores[each] for each in pool if self.mean(each) >= top]
        surplus = sum(ahead) / len(ahead) - scores[entrant] - margin
        self._all[entrant].wealth.bet(surplus)

    def _judge(self, entrant: int) -> None:
        others = [each for each in self.left if each != entrant]
        best = max(others, key=self.mean)
        short = self._below(entrant, best)
        if self._all[entrant].wealth.log >= -log(self._alpha):
            is_worse = short.mean > self.tolerance
            self._drop(entrant, Out.WORSE if is_worse else Out.DEARER, best)
        elif self.asked >= FIRST and self._is_hopeless(short):
            self._drop(entrant, Out.HOPELESS, best)

    def _is_hopeless(self, short: _Shortfall) -> bool:
        """Whether one that from now on is just within the tolerance would still end beyond it.

        Not where so little is known that more truths than there are could tell otherwise.
        """
        if _is_vague(short, self.tolerance):
            return False
        left = self.tasks - self.asked
        spread = sqrt(short.variance)
        at_end = (self.asked * short.mean + left * self.tolerance) / self.tasks
        enough = self.tolerance + LENIENT * spread / sqrt(self.tasks)
        return at_end - HOPELESS * spread * sqrt(left) / self.tasks > enough

    def _drop(self, entrant: int, why: Out, by: int | None) -> None:
        if entrant in self.left:
            self.left.remove(entrant)
            self.dropped[entrant] = Dropped(why, self.asked, by)

    # What it comes to

    def verdict(self) -> Verdict:
        """Say who is to be taken, or how many more tasks would tell."""
        if not self.left or not self.asked:
            return Verdict(None, None)
        best = max(self.left, key=lambda each: (self.mean(each), -self._price(each)))
        pairs = self._told()
        taken = next(each for each in self._by_price() if self._may_win(each, best))
        open_ones = self._open(taken, best)
        vague = [each for each in open_ones if self._is_vague(taken, best, each)]
        more = self._more(taken, best, open_ones)
        if vague:
            return Verdict(None, best, undecided=tuple(open_ones), more_tasks=more, pairs=pairs)
        short = self._below(taken, best)
        return Verdict(
            taken,
            best,
            is_shown=not open_ones,
            shortfall=short.mean if taken != best else 0.0,
            shortfall_most=short.most(self._alpha) if taken != best else 0.0,
            undecided=tuple(open_ones),
            more_tasks=more,
            pairs=pairs,
        )

    def _may_win(self, entrant: int, best: int) -> bool:
        if entrant == best:
            return True
        short = self._below(entrant, best)
        return short.mean <= self.tolerance + LENIENT * short.error

    def _open(self, taken: int, best: int) -> list[int]:
        """Return who might yet turn out to be the one to take instead, as far as is shown."""
        found = []
        for each in self._doubtful:
            if each == taken:
                continue
            if self._is_cheaper(each, taken):
                is_told = each != best and self._below(each, best).above(self.tolerance)
            else:
                is_told = self._below(taken, each).below(self.tolerance)
            if is_told < self._enough:
                found.append(each)
        return found

    def _is_vague(self, taken: int, best: int, other: int) -> bool:
        """Whether so little is known that naming one would be a guess."""
        gap = self._below(taken, other)
        if gap.error > self.tolerance and gap.mean + 2 * gap.error > self.tolerance:
            return True
        if not self._is_cheaper(other, taken) or other == best:
            return False
        return _is_vague(self._below(other, best), self.tolerance)

    def _more(self, taken: int, best: int, open_ones: Sequence[int]) -> int | None:
        """Return about how many more tasks to race; None where there is nothing to tell."""
        if not open_ones:
            return None
        most = 0.0
        for each in open_ones:
            one, other = (each, best) if self._is_cheaper(each, taken) else (taken, each)
            short = self._below(one, other) if one != other else self._below(taken, each)
            # Where they seem to differ by just the tolerance: as many as for half of it.
            distance = max(abs(self.tolerance - short.mean), self.tolerance / 2)
            most = max(most, tasks_needed(short.variance, distance, self._alpha / self._others))
        return round_up(max(most - self.asked, 1.0, self.asked / 10))

    def _told(self) -> tuple[Pair, ...]:
        """Return each two with what is told of them, by Holm over all of them."""
        asked = {pair: found for pair, found in self._pairs.items() if found.n}
        found = list(asked.values())
        p = holm([p_of(max(each.above(0.0), each.below(0.0))) for each in found])
        alpha = self._alpha / max(1, len(found))
        return tuple(
            Pair(
                *pair,
                each.n,
                each.mean,
                each.least(alpha),
                each.most(alpha),
                value,
                (pair[0] if each.mean > 0 else pair[1]) if value <= self._alpha else None,
            )
            for (pair, each), value in zip(asked.items(), p, strict=True)
        )

    def _note(self) -> None:
        """Keep what the evidence is now: at its highest it counts, whenever that was."""
        for pair in combinations(self.left, 2):
            found = self._pairs[pair]
            for margin in (-self.tolerance, 0.0, self.tolerance):
                found.above(margin)
                found.below(margin)

    # Two of them

    @property
    def _doubtful(self) -> list[int]:
        """Return those of whom it is not told that they cannot be the one to take."""
        gone = [each for each, found in self.dropped.items() if found.why is Out.HOPELESS]
        return [*self.left, *gone]

    @property
    def _others(self) -> int:
        return max(1, len(self._all) - 1)

    @property
    def _enough(self) -> float:
        """The logarithm of the e-value that shows one of several to be good enough."""
        return log(self._others / self._alpha)

    def _is_shown(self, entrant: int) -> bool:
        """Whether nobody is better than one by more than the tolerance, by evidence."""
        return all(
            self._below(entrant, each).below(self.tolerance) >= self._enough
            for each in self._doubtful
            if each != entrant
        )

    def _below(self, entrant: int, other: int) -> _Shortfall:
        if entrant < other:
            return _Shortfall(self._pairs[entrant, other], -1)
        if entrant > other:
            return _Shortfall(self._pairs[other, entrant], 1)
        return _Shortfall(Differences(), 1)

    # Prices

    def _price(self, entrant: int) -> float:
        price = self.price(entrant)
        return inf if price is None else price

    def _is_cheaper(self, one: int, other: int, *, unknown: bool = False) -> bool:
        """Whether one costs less than another; ``unknown`` is said where nobody knows."""
        first, second = self.price(one), self.price(other)
        if first is None or second is None:
            return unknown
        return first < second * (1 - SAME_PRICE)

    def _is_as_dear(self, least: int, other: int) -> bool:
        known = self.price(least) is None, self.price(other) is None
        return known[0] == known[1] and not self._is_cheaper(least, other)

    def _by_price(self) -> list[int]:
        """Return who is left, the cheapest first; of one price the best."""
        steps: list[int] = []
        waiting = sorted(self.left, key=self._price)
        while waiting:
            least = waiting[0]
            same = [each for each in waiting if self._is_as_dear(least, each)]
            steps += sorted(same, key=lambda each: -self.mean(each))
            waiting = [each for each in waiting if each not in same]
        return steps


class _Shortfall:
    """How far one is below another, by the differences of the two in either direction."""

    def __init__(self, found: Differences, sign: int) -> None:
        self._found = found
        self._sign = sign

    @property
    def mean(self) -> float:
        """The other's mean score less its own."""
        return self._found.mean * self._sign

    @property
    def variance(self) -> float:
        return self._found.variance

    @property
    def error(self) -> float:
        return self._found.error

    def below(self, margin: float) -> float:
        """The logarithm of the evidence that it is less than so far below."""
        return self._found.below(margin) if self._sign > 0 else self._found.above(-margin)

    def above(self, margin: float) -> float:
        """The logarithm of the evidence that it is more than so far below."""
        return self._found.above(margin) if self._sign > 0 else self._found.below(-margin)

    def most(self, alpha: float) -> float:
        return self._found.most(alpha) if self._sign > 0 else -self._found.least(alpha)


def _is_vague(short: _Shortfall, tolerance: float) -> bool:
    """Whether a shortfall that seems to be beyond the tolerance may as well be within."""
    return short.error > tolerance and short.mean - 2 * short.error <= tolerance
