"""``<Text>``: plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.selectable import Passage, Selectable, to_words
from ml_backend.labeling.text.note_marks import NONE, NoteMarks
from ml_backend.labeling.text.spans import Offsets

_SENTENCE_END = re.compile(r"(?<![.!?…。！？])[.!?…。！？]++[\"'”’»)\]]*+\s+|\n+")
_LINE_END = re.compile(r"\n+")


class Text(Selectable):
    """Plain text as the editor shows it."""

    tag = "Text"

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.require_inline(tag)

    def text(self, data: Mapping[str, Any]) -> str:
        return values.as_text(values.resolve(self.value, data))

    def passage(self, data: Mapping[str, Any]) -> Passage:
        value = values.resolve(self.value, data)
        text = "" if isinstance(value, Mapping) else values.as_text(value)
        return TextPassage(text, self.granularity)


class TextPassage(Passage):
    """A text whose selections are widened to words, sentences or lines."""

    def __init__(
        self,
        text: str,
        granularity: str,
        breaks: Sequence[int] = (),
        marks: NoteMarks = NONE,
    ) -> None:
        super().__init__(text, breaks, marks)
        self._granularity = granularity

    def snap(self, start: int, end: int) -> Offsets:
        if self._granularity == "word":
            return to_words(self.text, start, end)
        if self._granularity == "sentence":
            return _between(_SENTENCE_END, self.text, start, end)
        if self._granularity == "paragraph":
            return _between(_LINE_END, self.text, start, end)
        return start, end


def _between(ends: re.Pattern[str], text: str, start: int, end: int) -> Offsets:
    """The offsets widened to the nearest ends around them; white space there is left out."""
    left = 0
    for found in ends.finditer(text):
        if found.end() <= start:
            left = found.end()
        elif found.end() >= end:
            return left, max(end, found.start() + len(found.group().rstrip()))
    return left, len(text)
