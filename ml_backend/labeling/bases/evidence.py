"""What one answer adds to the metrics of its control; sums of it are all that scoring needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Pair = tuple[str | None, str | None]
"""(class of the truth, class given): None where one names nothing that the other does."""


@dataclass(slots=True)
class Evidence:
    """What is counted of an answer; a part that does not concern its control stays empty."""

    pairs: list[Pair] = field(default_factory=list)
    overlap: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Class -> characters labelled by both, by the answer, by the truth."""
    errors: list[float] = field(default_factory=list)
    """How far numbers are off."""
    orders: list[float] = field(default_factory=list)
    """Kendall's tau of rankings."""

    def add(self, other: Evidence) -> None:
        """Add what another part of the same control's answer says."""
        self.pairs += other.pairs
        self.errors += other.errors
        self.orders += other.orders
        for name, counts in other.overlap.items():
            old = self.overlap.get(name, (0, 0, 0))
            both, ours, theirs = (a + b for a, b in zip(old, counts, strict=True))
            self.overlap[name] = (both, ours, theirs)


def of_classes(given: Iterable[str], true: Iterable[str]) -> Evidence:
    """Evidence of the classes an answer names; one missed for one too many is a confusion."""
    ours, theirs = dict.fromkeys(given), dict.fromkeys(true)
    missed = [name for name in theirs if name not in ours]
    extra = [name for name in ours if name not in theirs]
    pairs: list[Pair] = [(name, name) for name in theirs if name in ours]
    if len(missed) == len(extra) == 1:
        return Evidence([*pairs, (missed[0], extra[0])])
    return Evidence([*pairs, *((name, None) for name in missed), *((None, name) for name in extra)])


Matched = list[tuple[int | None, int | None]]
"""(place among the truth's items, place among the answer's): None for one without a partner."""


def match(
    likeness: Iterable[tuple[float, int, int]], given: Sequence[str], true: Sequence[str]
) -> Matched:
    """Pair items off, each once: those of one class first, then the most alike.

    ``likeness`` has (how alike, place in ``given``, place in ``true``) of items that may be the
    same; ``given`` and ``true`` are the items' classes.
    """
    ordered = sorted((given[m] != true[n], -alike, m, n) for alike, m, n in likeness)
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, m, n in ordered:
        if m not in taken and n not in partner:
            partner[n] = m
            taken.add(m)
    found: Matched = [(n, partner.get(n)) for n in range(len(true))]
    return found + [(None, m) for m in range(len(given)) if m not in taken]
