"""The details of one control: what its tasks' evidence adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Protocol

from ml_backend.records import (
    CharacterOverlap,
    ClassReport,
    ControlMetrics,
    Correctness,
    NumberError,
    RankCorrelation,
    SpanOverlap,
)
from ml_backend.scoring import classes
from ml_backend.scoring.classes import Pair, rates
from ml_backend.scoring.resampling import f1_intervals


class Evidence(Protocol):
    """What one task says of a control; see ``labeling.bases.evidence``."""

    @property
    def pairs(self) -> Sequence[Pair]: ...

    @property
    def overlap(self) -> Mapping[str, tuple[int, int, int]]: ...

    @property
    def errors(self) -> Sequence[float]: ...

    @property
    def orders(self) -> Sequence[float]: ...


class Tally:
    """Adds evidence up."""

    def __init__(self) -> None:
        self._by_task: list[Counter[Pair]] = []
        self._overlap: dict[str, tuple[int, int, int]] = {}
        self._errors: list[float] = []
        self._orders: list[float] = []

    def add(self, evidence: Evidence) -> None:
        """Add the evidence of one task, or of one region."""
        if evidence.pairs:
            self._by_task.append(Counter(evidence.pairs))
        self._errors += evidence.errors
        self._orders += evidence.orders
        for name, counts in evidence.overlap.items():
            old = self._overlap.get(name, (0, 0, 0))
            both, ours, theirs = (a + b for a, b in zip(old, counts, strict=True))
            self._overlap[name] = (both, ours, theirs)

    def metrics(self, counts: Correctness) -> ControlMetrics:
        """The control's metrics: how right it is, and the details its evidence gives."""
        return ControlMetrics(
            n=counts.n,
            correct=counts.correct,
            failed=counts.failed,
            accuracy=counts.accuracy,
            low=counts.low,
            high=counts.high,
            score=counts.score,
            report=self._report() if self._by_task else None,
            overlap=self._overlaps() if self._overlap else None,
            error=_error(self._errors) if self._errors else None,
            order=_order(self._orders) if self._orders else None,
        )

    def _report(self) -> ClassReport:
        total: Counter[Pair] = Counter()
        for pairs in self._by_task:
            total.update(pairs)
        return classes.report(total, f1_intervals(self._by_task))

    def _overlaps(self) -> SpanOverlap:
        by_class = {
            name: CharacterOverlap(theirs, **rates(both, ours, theirs))
            for name, (both, ours, theirs) in sorted(self._overlap.items())
        }
        both, ours, theirs = (sum(part) for part in zip(*self._overlap.values(), strict=True))
        return SpanOverlap(theirs, **rates(both, ours, theirs), classes=by_class)


def _error(errors: Sequence[float]) -> NumberError:
    mean, worst = sum(errors) / len(errors), max(errors)
    # JSON has no infinity: numbers may be that far apart.
    return NumberError(
        n=len(errors),
        mae=mean if isfinite(mean) else None,
        worst=worst if isfinite(worst) else None,
    )


def _order(orders: Sequence[float]) -> RankCorrelation:
    return RankCorrelation(n=len(orders), kendall_tau=sum(orders) / len(orders))
