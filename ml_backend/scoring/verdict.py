"""What a race comes to: who is to be taken, who was dropped and why, and what is told apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Out(StrEnum):
    """Why one is asked no further."""

    WORSE = "worse"
    """It is worse than another by more than the tolerance."""
    DEARER = "dearer"
    """Another costs no more and is better, or is shown to be good enough and costs less."""
    HOPELESS = "hopeless"
    """The tasks that are left cannot bring it back."""
    FAILED = "failed"
    """It could not be asked."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Who was asked no further: after how many tasks, and because of whom."""

    why: Out
    after: int
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two that were asked the same tasks; ``better`` is None where that is not told."""

    first: int
    second: int
    n: int
    difference: float
    """Mean score of the first less that of the second."""
    low: float
    high: float
    p_holm: float
    better: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a race has come to; ``winner`` is None where nobody can be named."""

    winner: int | None
    best: int | None
    """The best as measured, among those who were asked to the end."""
    is_shown: bool = False
    """Whether evidence says that the winner is no more than the tolerance below anybody."""
    shortfall: float = 0.0
    """Of the winner below the best, as measured."""
    shortfall_most: float = 0.0
    """What it is at most, whenever one looked."""
    undecided: tuple[int, ...] = ()
    """Whom the winner, or else the best, is not told apart from."""
    more_tasks: int | None = None
    """About how many more tasks to race would tell them apart."""
    pairs: tuple[Pair, ...] = ()
