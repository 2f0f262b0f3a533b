"""Quotes found in a text: quote and occurrence -> offsets, and back. Knows nothing of tags.

Offsets are Python's: Unicode code points into the original text, end exclusive, which is what
Label Studio's editor counts in for Text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

Offsets = tuple[int, int]

# Bounds on what a hostile text or answer can cost: a quote repeated inside itself ("aaaa…") takes
# length × occurrences to count, a quote that is not verbatim a pass over the text, and at worst
# (both of one letter) length × length steps.
_MAX_WORK = 20_000_000
_MAX_STEPS = 1_000_000_000
_MAX_LOOSE_QUOTE = 4000

_VARIANTS = ("'‘’‚‛′ʼ`´", '"“”„‟″«»', "-‐‑‒–—−")
_VARIANT_OF = {char: f"[{re.escape(group)}]" for group in _VARIANTS for char in group}
_COMBINING = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u20d0-\u20ff"


class Miss(StrEnum):
    """Why a quote has no place in the text."""

    EMPTY = "empty"
    ABSENT = "absent"
    AMBIGUOUS = "ambiguous"


class Quotable:
    """A text whose parts can be named by quote and occurrence (1 = first; overlaps count)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: dict[str, list[int]] = {}
        self._patience = _MAX_WORK

    def find(self, quote: str, occurrence: int | None) -> Offsets | Miss:
        """Where the quote is: exactly, else off by white space, quote marks, composition or case.

        An occurrence that does not exist is overlooked where the quote occurs only once. A quote
        that is not verbatim counts only when a single place fits.
        """
        if not quote.strip():
            return Miss.EMPTY
        start = self.text.find(quote)
        if start < 0:
            return self._find_loosely(quote)
        if occurrence != 1:
            starts = self._all_starts(quote)
            if occurrence is not None and 1 <= occurrence <= len(starts):
                start = starts[occurrence - 1]
            elif len(starts) > 1:
                return Miss.AMBIGUOUS
        return start, start + len(quote)

    def occurrence(self, start: int, end: int) -> int:
        """Which occurrence of its own words the span is."""
        quote = self.text[start:end]
        if self.text.find(quote, 0, end) == start:
            return 1
        return bisect_left(self._all_starts(quote), start) + 1

    def _all_starts(self, quote: str) -> list[int]:
        starts = self._starts.get(quote)
        if starts is None:
            starts = self._starts[quote] = []
            place = self.text.find(quote)
            while place >= 0 and len(starts) * len(quote) <= _MAX_WORK:
                starts.append(place)
                place = self.text.find(quote, place + 1)
        return starts

    def _find_loosely(self, quote: str) -> Offsets | Miss:
        size = len(self.text)
        if len(quote) > _MAX_LOOSE_QUOTE or len(quote) * size > _MAX_STEPS:
            return Miss.ABSENT
        passes = [(0, r"\s+"), (re.IGNORECASE, r"\s+")]
        if "\n" in quote:
            # In a page there is nothing between two blocks that a person sees apart.
            passes.append((re.IGNORECASE, r"\s*"))
        for flags, gap in passes:
            if self._patience < 0:
                return Miss.ABSENT
            self._patience -= size * (1 + len(quote) // 100)
            pattern = _pattern(quote, flags, gap)
            found = pattern.search(self.text)
            if found:
                again = pattern.search(self.text, found.start() + 1)
                return Miss.AMBIGUOUS if again else found.span()
        return Miss.ABSENT


@lru_cache(maxsize=256)
def _pattern(quote: str, flags: int, gap: str) -> re.Pattern[str]:
    """A pattern rather than a folded copy of the text, so that offsets are of the original."""
    words = unicodedata.normalize("NFC", quote).split()
    parts = ("".join(_char_pattern(char) for char in word) for word in words)
    # A match must not end inside a character: "e" is no quote of "e" + accent.
    return re.compile(gap.join(parts) + f"(?![{_COMBINING}])", flags)


def _char_pattern(char: str) -> str:
    variants = _VARIANT_OF.get(char)
    if variants:
        return variants
    decomposed = unicodedata.normalize("NFD", char)
    if decomposed == char:
        return re.escape(char)
    return f"(?:{re.escape(char)}|{re.escape(decomposed)})"


def overlap(spans: Iterable[Offsets], others: Iterable[Offsets]) -> tuple[int, int, int]:
    """Characters covered by both, by the first, by the second; each character counts once."""
    ours, theirs = _merged(spans), _merged(others)
    shared, index = 0, 0
    for start, end in ours:
        while index < len(theirs) and theirs[index][1] <= start:
            index += 1
        place = index
        while place < len(theirs) and theirs[place][0] < end:
            shared += min(end, theirs[place][1]) - max(start, theirs[place][0])
            place += 1
    return shared, _length(ours), _length(theirs)


def _merged(spans: Iterable[Offsets]) -> list[Offsets]:
    merged: list[Offsets] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _length(spans: Iterable[Offsets]) -> int:
    return sum(end - start for start, end in spans)
