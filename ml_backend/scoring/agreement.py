"""How often answers agree with the truth, with 95 % confidence intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

from ml_backend.records import Correctness

_Z95 = 1.959964


class Agreement(Protocol):
    """One control's answer against the truth: exactly right or not, and a score of 0..1."""

    @property
    def correct(self) -> bool: ...

    @property
    def score(self) -> float: ...


def wilson(correct: float, n: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion; (0, 1) when nothing was tried."""
    if n <= 0:
        return 0.0, 1.0
    share, square = correct / n, _Z95 * _Z95
    centre = share + square / (2 * n)
    spread = _Z95 * sqrt(share * (1 - share) / n + square / (4 * n * n))
    low, high = ((centre + sign * spread) / (1 + square / n) for sign in (-1, 1))
    # Exactly, where rounding would leave a low of 1e-18.
    return 0.0 if correct <= 0 else max(0.0, low), 1.0 if correct >= n else min(1.0, high)


@dataclass(slots=True)
class _Count:
    n: int = 0
    correct: int = 0
    failed: int = 0
    score: float = 0.0

    def add(self, agreement: Agreement | None) -> None:
        self.n += 1
        if agreement is None:
            self.failed += 1
        else:
            self.correct += agreement.correct
            self.score += agreement.score

    def result(self) -> Correctness:
        low, high = wilson(self.correct, self.n) if self.n else (None, None)
        return Correctness(
            n=self.n,
            correct=self.correct,
            failed=self.failed,
            accuracy=self.correct / self.n if self.n else None,
            low=low,
            high=high,
            score=self.score / self.n if self.n else None,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """How right the tasks of an evaluation are as a whole, and in each control."""

    overall: Correctness
    controls: Mapping[str, Correctness]


@dataclass(frozen=True, slots=True)
class _Whole:
    """A task as a whole: right when each control is, scored by their mean."""

    correct: bool
    score: float


def summarize(items: Iterable[Mapping[str, Agreement | None] | None]) -> Summary:
    """Add up the tasks of an evaluation.

    An item holds one task's agreement for each control the truth answers, None for a control
    without a prediction; an item that is None is a failed task whose controls are not known, and
    counts in every control. Failures are misses. A task without controls in the truth is left out.
    Intervals are Wilson's.
    """
    overall = _Count()
    controls: dict[str, _Count] = {}
    unknown = 0
    for item in items:
        if item is None:
            unknown += 1
            overall.add(None)
            continue
        for name, agreement in item.items():
            controls.setdefault(name, _Count()).add(agreement)
        if item:
            overall.add(_whole(item))
    for count in controls.values():
        for _ in range(unknown):
            count.add(None)
    return Summary(overall.result(), {name: count.result() for name, count in controls.items()})


def _whole(item: Mapping[str, Agreement | None]) -> Agreement | None:
    """None when nothing of the task was predicted; a single missing control is just a miss."""
    given = [agreement for agreement in item.values() if agreement is not None]
    if not given:
        return None
    correct = len(given) == len(item) and all(agreement.correct for agreement in given)
    return _Whole(correct, sum(agreement.score for agreement in given) / len(item))
