"""Object tags in whose text a labeler can select: where a selection is, and how it is stored."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.text.note_marks import NONE, NoteMarks
from ml_backend.labeling.text.shown_text import ShownText
from ml_backend.labeling.text.spans import Offsets, Quotable
from ml_backend.records import JsonObject

_WORD_CHARACTER = re.compile(r"\w")


class Passage:
    """One task's selectable text. Offsets are code points into ``text``, end exclusive."""

    def __init__(self, text: str, breaks: Sequence[int] = (), marks: NoteMarks = NONE) -> None:
        self.text = text
        self.breaks = breaks
        """Where a word ends although the next one begins without a blank."""
        self.marks = marks

    @property
    def longest(self) -> int:
        """Characters of the text, and of what is shown beside it."""
        return len(self.text)

    def quotable(self) -> Quotable:
        """The text, to find quotes in."""
        return Quotable(self.text, self.breaks, self.marks)

    def to_place(self, start: int, end: int) -> JsonObject:
        """The keys of a region's value that say where the selection is, its words left out."""
        return {"start": start, "end": end}

    def words(self, start: int, end: int) -> str:
        """The selection's words as the editor would store them."""
        return self.text[start:end]

    def from_place(self, value: Mapping[str, Any]) -> Offsets | None:
        """Where a region's value says it is; None when that is nowhere in the text.

        One that ends beyond the text ends with it: so the editor shows it (``findOnPosition``).
        """
        start, end = whole(value.get("start")), whole(value.get("end"))
        if start is None or end is None or not 0 <= start < min(end, len(self.text)):
            return None
        return start, min(end, len(self.text))

    def shown(self) -> ShownText | None:
        """What a model is shown of it, where that has more in it than the text."""
        return None

    def snap(self, start: int, end: int) -> Offsets:
        """The selection as the object's granularity makes it of these offsets."""
        return start, end


class Selectable(ObjectTag):
    """An object with a text to select in; the editor widens a selection to ``granularity``."""

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.saves_quotes = tag.get("savetextresult").lower() not in ("no", "none")
        self.granularity = tag.get("granularity").lower() or "symbol"

    def part(self, path: str, data: Mapping[str, Any]) -> str | None:
        """What one of its fields looks like in it; None for as it is."""
        return None

    @abstractmethod
    def passage(self, data: Mapping[str, Any]) -> Passage:
        """The text a labeler can select in; an empty one when the editor shows none of ours."""


def to_words(text: str, start: int, end: int) -> Offsets:
    """The offsets widened so that no word is cut."""
    while start > 0 and _is_inside_word(text, start):
        start -= 1
    while end < len(text) and _is_inside_word(text, end):
        end += 1
    return start, end


def whole(given: object) -> int | None:
    """A whole number, also one written as text as Label Studio writes some offsets."""
    if isinstance(given, bool):
        return None
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        return int(given)
    if isinstance(given, float) and given.is_integer():
        return int(given)
    return given if isinstance(given, int) else None


def _is_inside_word(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    return bool(_WORD_CHARACTER.match(before) and _WORD_CHARACTER.match(after))
