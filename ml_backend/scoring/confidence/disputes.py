"""Which labels of people may be wrong: those that sure and calibrated answers dispute, ranked.

An answer that differs from the label, with a calibrated confidence of c, doubts it by c; one that
is the label doubts it by nothing. Several versions doubt it by the mean of what each does: one that
is sure and alone counts less than two that are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan


@dataclass(frozen=True, slots=True)
class Given:
    """What a version answered of a task, in the label's own form."""

    answer: Hashable
    confidence: float | None
    """Calibrated: its probability of being right. Without one nothing is disputed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A task with people's label and the answers of one version or more."""

    task_id: int
    label: Hashable
    given: Sequence[Given]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A label that answers dispute."""

    task_id: int
    label: Hashable
    answer: Hashable
    """What it would be instead: the answer with most confidence behind it."""
    doubt: float
    """How far the answers say that the label is wrong, 0..1."""
    against: int
    """Versions that gave another answer."""
    asked: int
    """Versions with a confidence."""


def disputes(tasks: Iterable[Judged]) -> list[Dispute]:
    """Return the labels that some answer disputes, the most doubtful first; else by id.

    Deterministic. Tasks whose answers all are the label, or have no confidence, are left out.
    """
    found = [dispute for task in tasks if (dispute := _dispute(task)) is not None]
    return sorted(found, key=lambda each: (-each.doubt, each.task_id))


def pairs(found: Iterable[Dispute]) -> list[tuple[Hashable, Hashable, int]]:
    """Return (label, answer, disputes) of class pairs, those that occur most first.

    A pair far ahead of the others is rather a guideline than one slip after another.
    """
    counts = Counter((each.label, each.answer) for each in found)
    return [(label, answer, n) for (label, answer), n in counts.most_common()]


def _dispute(task: Judged) -> Dispute | None:
    said = [
        (given.answer, given.confidence)
        for given in task.given
        if given.confidence is not None and not isnan(given.confidence)
    ]
    against: dict[Hashable, float] = {}
    for answer, confidence in said:
        if answer != task.label:
            against[answer] = against.get(answer, 0.0) + confidence
    if not against:
        return None
    return Dispute(
        task_id=task.task_id,
        label=task.label,
        answer=max(against, key=lambda answer: against[answer]),
        doubt=sum(against.values()) / len(said),
        against=sum(answer != task.label for answer, _ in said),
        asked=len(said),
    )
