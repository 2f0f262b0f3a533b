"""What a name of Anthropic's says of its model, where the API differs from one to the next.

Only of models that are out for long: one that is not listed is taken for a new one, which thinks
as much as its effort allows. A name may be a cloud's: ``us.anthropic.claude-opus-4-1@20250805``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

USUAL = 64_000
"""Tokens of an answer where nothing bounds it: each model takes that from 3.7 on, but Opus 4."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What models of a time have in common."""

    most: int | None = None
    """The most tokens of an answer, where it is known to be no more."""
    thinks: bool = True
    by_budget: bool = False
    """Whether its thoughts are bounded by a number of tokens and not by an effort."""
    hardest: str = "xhigh"
    """Its name for the effort "xhigh"."""

    @property
    def usual(self) -> int:
        """Tokens of an answer where nobody says how many."""
        return self.most or USUAL


NEW = Generation()
"""Opus 4.7 and all that came since."""

_V = r"[.-]"
OLD: tuple[tuple[re.Pattern[str], Generation], ...] = tuple(
    (re.compile(pattern), generation)
    for pattern, generation in (
        (
            r"claude-(?:instant|v?[12](?!\d)|3-(?:opus|sonnet|haiku))",
            Generation(4_096, thinks=False),
        ),
        (rf"claude-3{_V}5", Generation(8_192, thinks=False)),
        (
            rf"claude-(?:opus-4(?:{_V}[01](?!\d)|-20\d\d|[@:]|$)|4(?:{_V}1)?-opus)",
            Generation(32_000, by_budget=True),
        ),
        (
            rf"claude-(?:3{_V}7|(?:sonnet|haiku|opus)-4(?:{_V}[05](?!\d)|-20\d\d|[@:]|$)"
            rf"|4(?:{_V}5)?-(?:sonnet|haiku|opus))",
            Generation(64_000, by_budget=True),
        ),
        (rf"claude-(?:[a-z]{{3,12}}-4{_V}6(?!\d)|4{_V}6-)", Generation(hardest="max")),
    )
)


@lru_cache(maxsize=256)
def generation_of(model: str) -> Generation:
    """Return what is known of a model by its name."""
    name = model.casefold()
    return next((found for pattern, found in OLD if pattern.search(name)), NEW)
