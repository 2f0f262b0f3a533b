"""The details of one control: what its tasks' evidence adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Protocol

from ml_backend.scoring import classes
from ml_backend.scoring.classes import Pair, rates
from ml_backend.scoring.resampling import f1_intervals


class Evidence(Protocol):
    """What one task says of a control; see ``labeling.evidence``."""

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

    def as_dict(self) -> dict[str, Any]:
        """The parts that concern the control: report, overlap, error, order."""
        found: dict[str, Any] = {}
        if self._by_task:
            found |= self._report()
        if self._overlap:
            found["overlap"] = self._overlaps()
        if self._errors:
            found["error"] = _error(self._errors)
        if self._orders:
            tau = sum(self._orders) / len(self._orders)
            found["order"] = {"n": len(self._orders), "kendall_tau": tau}
        return found

    def _report(self) -> dict[str, Any]:
        total: Counter[Pair] = Counter()
        for pairs in self._by_task:
            total.update(pairs)
        report = classes.report(total)
        for mean, (low, high) in f1_intervals(self._by_task).items():
            report[mean] |= {"f1_low": low, "f1_high": high}
        return report

    def _overlaps(self) -> dict[str, Any]:
        by_class = {
            name: {"characters": theirs, **rates(both, ours, theirs)}
            for name, (both, ours, theirs) in sorted(self._overlap.items())
        }
        both, ours, theirs = (sum(part) for part in zip(*self._overlap.values(), strict=True))
        return {"characters": theirs, **rates(both, ours, theirs), "classes": by_class}


def _error(errors: Sequence[float]) -> dict[str, Any]:
    mean, worst = sum(errors) / len(errors), max(errors)
    # JSON has no infinity: numbers may be that far apart.
    return {
        "n": len(errors),
        "mae": mean if isfinite(mean) else None,
        "worst": worst if isfinite(worst) else None,
    }
