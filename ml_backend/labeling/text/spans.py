"""Quotes found in a text: quote and occurrence -> offsets, and back. Knows nothing of tags.

Offsets are Python's: Unicode code points into the original text, end exclusive, which is what
Label Studio's editor counts in for Text.

Who quotes means words: "Iran" is not the beginning of "Iranian". So places within longer words
(``word_edges``) are no places, and occurrences are counted among the others. A person may have
marked a part of a word nevertheless: its occurrence lies below ``INSIDE``, where no model goes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property

from ml_backend.labeling.text.abbreviations import is_lowered
from ml_backend.labeling.text.entity_edges import has_entities, is_cut_by_entity
from ml_backend.labeling.text.lookalikes import ZERO_WIDTH_SPACE, Folded
from ml_backend.labeling.text.note_marks import NONE, NoteMarks
from ml_backend.labeling.text.weak_edges import is_weak
from ml_backend.labeling.text.word_edges import is_cut, stands_in_compound, word_around

Offsets = tuple[int, int]

INSIDE = -1000
"""Occurrences of a quote within longer words are counted down from here: -1001 is the first."""

# Bounds on what a hostile text or answer can cost: a quote that is there a million times takes a
# look at each place, one that is not verbatim a few passes over the text.
_MAX_WORK = 20_000_000
_OF_A_PLACE, _OF_A_FOLDED_PLACE = 20, 400
_CHARACTERS_A_STEP = 64
_MAX_LOOSE_QUOTE = 4000

_CLOSING = r"[\s'\"“”‘’«»„‹›)\]}>.,;:!?…、。，；：！？」』）】]"
_OUTER = re.compile(r"^(?:[\s'\"“”‘’«»„‹›(\[{<;:!?¡¿、。，；：！？「『（【]|[.,…](?!\d))+"
                    rf"|(?<!{_CLOSING}){_CLOSING}+$")  # fmt: skip
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": " ", '\\"': '"', "\\'": "'", "\\/": "/"}
_ESCAPE = re.compile("|".join(map(re.escape, _ESCAPES)))
_ABBREVIATION = 4
"""Letters up to which capitals tell a name from a word: "US" is not "us"."""


class Miss(StrEnum):
    """Why a quote has no place in the text."""

    EMPTY = "empty"
    ABSENT = "absent"
    INSIDE = "inside"
    """Its letters stand within longer words only."""
    AMBIGUOUS = "ambiguous"
    COSTLY = "costly"
    """Too much was searched already."""


class Quotable:
    """A text whose parts can be named by quote and occurrence (1 = first; overlaps count).

    At ``breaks``, blocks of a page, a word ends although the next begins without a blank, and at
    ``marks`` of notes the word that has one.
    """

    def __init__(self, text: str, breaks: Sequence[int] = (), marks: NoteMarks = NONE) -> None:
        self.text = text
        self._breaks = breaks
        self._begin_at = marks.begins.union(breaks)
        self._end_at = marks.ends.union(breaks)
        self._has_entities = has_entities(text)
        self._starts: dict[str, tuple[list[int], list[int]]] = {}
        self._alike: dict[tuple[int, str], list[Offsets]] = {}
        self._patience = _MAX_WORK

    def find(self, quote: str, occurrence: int | None) -> Offsets | Miss:
        """Where the quote is as a word: exactly, else as it looks, else in another case.

        An occurrence that does not exist is overlooked where the quote occurs only once. Places
        that only look like the quote are counted in the same way, in text order.
        """
        if not quote.strip():
            return Miss.EMPTY
        start = self.text.find(quote)
        if start >= 0:
            if occurrence == 1 and self._stands_alone(start, start + len(quote)):
                return start, start + len(quote)
            if self._patience < 0:
                return Miss.COSTLY
            found = self._choose(quote, occurrence)
            if found is not None:
                return found
        found = self._find_loosely(quote, occurrence)
        return Miss.INSIDE if start >= 0 and found is Miss.ABSENT else found

    def occurrence(self, start: int, end: int) -> int:
        """Which occurrence of its own words the span is."""
        quote = self.text[start:end]
        if self.text.find(quote, 0, end) == start and self._stands_alone(start, end):
            return 1
        words, inside = self._split(quote)
        number = bisect_left(words, start)
        if number < len(words) and words[number] == start:
            return number + 1
        return INSIDE - 1 - bisect_left(inside, start)

    def word_around(self, quote: str) -> str:
        """The longer word that a quote is first found in."""
        start = self.text.find(quote)
        return word_around(self.text, start, start + len(quote))

    def _choose(self, quote: str, occurrence: int | None) -> Offsets | Miss | None:
        """The verbatim place that is meant; None where it stands nowhere as a word."""
        words, inside = self._split(quote)
        number = 0 if occurrence is None else occurrence
        if number < INSIDE and INSIDE - number <= len(inside):
            start = inside[INSIDE - number - 1]
        elif not words:
            return None
        elif 1 <= number <= len(words):
            start = words[number - 1]
        elif len(words) > 1:
            return Miss.AMBIGUOUS
        else:
            return self._beside_lookalikes(quote, words[0], number)
        return start, start + len(quote)

    def _beside_lookalikes(self, quote: str, start: int, number: int) -> Offsets | Miss:
        """The only verbatim place; or the one that is meant if others look the same."""
        alone = (start, start + len(quote))
        if number < 1 or len(quote) > _MAX_LOOSE_QUOTE:
            return alone
        alike = self._places_in(self._as_seen, self._as_seen.fold(quote))
        if self._patience < 0:
            return Miss.COSTLY
        if len(alike) < 2:
            return alone
        return alike[number - 1] if number <= len(alike) else Miss.AMBIGUOUS

    def _split(self, quote: str) -> tuple[list[int], list[int]]:
        """Where the quote stands as words, and where within longer ones."""
        found = self._starts.get(quote)
        if found is not None:
            return found
        words: list[int] = []
        inside: list[int] = []
        for place in self._verbatim(quote):
            (words if self._is_word(place, place + len(quote)) else inside).append(place)
        words, weak = self._without_weak(words, len(quote))
        inside = sorted([*inside, *weak]) if weak else inside
        if not words:
            size = len(quote)
            words = [at for at in inside if stands_in_compound(self.text, at, at + size)]
            if words:
                inside = sorted(set(inside).difference(words))
        found = self._starts[quote] = (words, inside)
        self._patience -= _OF_A_PLACE * (len(words) + len(inside))
        return found

    def _without_weak(self, words: list[int], size: int) -> tuple[list[int], list[int]]:
        """The places that are meant first, and those only where there are no others."""
        weak = [at for at in words if is_weak(self.text, at, at + size)]
        if not weak or len(weak) == len(words):
            return words, []
        return sorted(set(words).difference(weak)), weak

    def _stands_alone(self, start: int, end: int) -> bool:
        return self._is_word(start, end) and not is_weak(self.text, start, end)

    def _verbatim(self, quote: str) -> Iterator[int]:
        place, count = self.text.find(quote), 0
        while place >= 0 and count * len(quote) <= _MAX_WORK:
            yield place
            place, count = self.text.find(quote, place + 1), count + 1

    def _is_word(self, start: int, end: int) -> bool:
        text = self.text
        begins = not start or text[start - 1].isspace() or start in self._begin_at
        if not begins and self._is_cut(start, at_end=False):
            return False
        if end == len(text) or text[end].isspace() or end in self._end_at:
            return True
        return not self._is_cut(end, at_end=True)

    def _is_cut(self, place: int, *, at_end: bool) -> bool:
        if is_cut(self.text, place, at_end=at_end):
            return True
        return self._has_entities and is_cut_by_entity(self.text, place, at_end=at_end)

    # Quotes that are not verbatim

    @cached_property
    def _as_seen(self) -> Folded:
        return Folded(self.text, self._breaks)

    @cached_property
    def _in_any_case(self) -> Folded:
        return self._as_seen.in_any_case() or Folded(self.text, self._breaks, ignore_case=True)

    @cached_property
    def _with_zero_widths(self) -> Folded:
        return Folded(self.text, self._breaks, ignore_case=True, zero_width_is_blank=True)

    def _find_loosely(self, quote: str, occurrence: int | None) -> Offsets | Miss:
        if len(quote) > _MAX_LOOSE_QUOTE:
            return Miss.ABSENT
        if self._patience < 0:
            return Miss.COSTLY
        for each in _readings(quote):
            for folded in self._folds():
                fitting = self._places_in(folded, folded.fold(each))
                if self._patience < 0:
                    return Miss.COSTLY  # another place might fit as well
                found = [place for place in fitting if self._means(each, *place)]
                if not found and len(fitting) == 1 and is_lowered(each, self.text):
                    found = fitting
                if found:
                    return self._which(found, occurrence)
        return Miss.ABSENT

    def _which(self, found: Sequence[Offsets], occurrence: int | None) -> Offsets | Miss:
        """The place of an occurrence among those that look like a quote."""
        if len(found) == 1:
            return found[0]
        seen = {self._as_seen.fold(self.text[slice(*place)]) for place in found}
        if len(seen) > 1:  # "Apple" and "apple" may be two things, and "APPLE" is neither
            return Miss.AMBIGUOUS
        number = 0 if occurrence is None else occurrence
        return found[number - 1] if 1 <= number <= len(found) else Miss.AMBIGUOUS

    def _folds(self) -> Iterator[Folded]:
        yield self._as_seen
        yield self._in_any_case
        if ZERO_WIDTH_SPACE in self.text:
            yield self._with_zero_widths

    def _places_in(self, folded: Folded, quote: str) -> list[Offsets]:
        """All places that fit, in text order."""
        key = (id(folded), quote)
        if key in self._alike:
            return self._alike[key]
        found: list[Offsets] = []
        self._patience -= len(self.text) // _CHARACTERS_A_STEP + _OF_A_PLACE
        place = folded.text.find(quote) if quote else -1
        while place >= 0 and self._patience >= 0:
            self._patience -= _OF_A_FOLDED_PLACE
            there = folded.original(place, place + len(quote))
            if there and there not in found[-1:] and self._is_word(*there):
                found.append(there)
            place = folded.text.find(quote, place + 1)
        alone = [place for place in found if not is_weak(self.text, *place)]
        self._alike[key] = found = alone or found
        return found

    def _means(self, quote: str, start: int, end: int) -> bool:
        """Whether another case may be another word: "US" is not "us"."""
        bare = quote.strip()
        return not (
            len(bare) <= _ABBREVIATION
            and sum(map(str.isupper, bare)) > 1
            and bare.isupper()
            and self.text[start:end].islower()
        )


def _readings(quote: str) -> Iterator[str]:
    """What a quote may have meant: itself, without escapes, without punctuation at its ends."""
    plain = _ESCAPE.sub(lambda found: _ESCAPES[found.group()], quote)
    yield quote
    if plain != quote:
        yield plain
    bare = _OUTER.sub("", plain)
    if bare not in (quote, plain) and any(map(str.isalnum, bare)):
        yield bare


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
