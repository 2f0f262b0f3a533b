"""What a teacher would learn from, and about what asking it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.llm.prices import Price
from ml_backend.records import JsonObject, TruthSource, Usage
from ml_backend.services.inference.token_counts import size_of, tokens_of
from ml_backend.services.refining.mistakes import Mistakes
from ml_backend.services.refining.teacher import SCHEMA, says_nothing

WRITTEN = (200, 500, 2_000)
"""Tokens a teacher writes besides the prompt itself: at least, mostly, at most."""

LONGER = (0.7, 1.5, 3.0)
"""How much longer than the old the new prompt is."""


@dataclass(frozen=True, slots=True)
class RefineEstimate:
    """Counts of tasks, and dollars from and to; dollars are None when the price is unknown."""

    wrong: int
    """Tasks that were got wrong, of those a teacher may see."""
    mistakes: int
    """Of these: shown to the teacher."""
    right: int
    """Shown with their right answers, where no mistake is known."""
    held_out: int
    truth: TruthSource
    """Which annotations are taken for right."""
    drafts: bool
    """Whether there is nothing to improve, so that it writes from the labeling config."""
    price: Price | None
    low: float | None
    middle: float | None
    high: float | None

    @property
    def shown(self) -> int:
        return self.mistakes + self.right


def outlook_of(
    lessons: Mistakes,
    truth: TruthSource,
    messages: Sequence[JsonObject],
    old: str,
    price: Price | None,
) -> RefineEstimate:
    """Return the outlook of asking a teacher that once; two answers, at most, are asked for."""
    asked = size_of(messages, SCHEMA)
    length = tokens_of(old)
    sizes = zip((asked.low, asked.middle, asked.high), WRITTEN, LONGER, strict=True)
    costs = [
        price.cost(Usage(round(read), round(written + longer * length))) if price else None
        for read, written, longer in sizes
    ]
    return RefineEstimate(
        wrong=lessons.wrong,
        mistakes=len(lessons.mistakes),
        right=len(lessons.right),
        held_out=lessons.held_out,
        truth=truth,
        drafts=says_nothing(old),
        price=price,
        low=costs[0],
        middle=costs[1],
        high=costs[2],
    )
