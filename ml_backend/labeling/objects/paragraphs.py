"""``<Paragraphs>``: a dialogue, given to the model one "speaker: words" line per paragraph.

Where a selection is stored: the paragraph's number as a *string*, and offsets into its words in
UTF-16 units, unlike those of Text (tags/object/Paragraphs of Label Studio's editor).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.object_tag import line
from ml_backend.labeling.task_data.selectable import Passage, Selectable, to_words, whole
from ml_backend.labeling.task_data.values import to_number
from ml_backend.labeling.text.shown_text import ShownText, in_lines
from ml_backend.labeling.text.spans import Offsets
from ml_backend.records import JsonObject


class Paragraphs(Selectable):
    """A dialogue; the keys of speaker and words are the tag's nameKey and textKey."""

    tag = "Paragraphs"

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.require_inline(tag)
        self.keys = (tag.get("namekey") or "author", tag.get("textkey") or "text")
        self._by_time = tag.is_true("contextscroll")

    def text(self, data: Mapping[str, Any]) -> str:
        paragraphs = self._paragraphs(data)
        if paragraphs is None:
            return values.as_text(values.resolve(self.value, data))
        return "\n".join(line(item, *self.keys) for item in paragraphs)

    def passage(self, data: Mapping[str, Any]) -> Passage:
        paragraphs = self._paragraphs(data) or []
        words = [
            values.as_text(item.get(self.keys[1])) if isinstance(item, Mapping) else ""
            for item in paragraphs
        ]
        return DialoguePassage(
            words, self.granularity, [line(each, *self.keys) for each in paragraphs]
        )

    def _paragraphs(self, data: Mapping[str, Any]) -> list[Any] | None:
        """The paragraphs in the order the editor numbers them."""
        value = values.resolve(self.value, data)
        if not isinstance(value, list | tuple):
            return None
        return sorted(value, key=_time) if self._by_time else list(value)


class DialoguePassage(Passage):
    """The paragraphs' words, one paragraph a line."""

    def __init__(self, paragraphs: Sequence[str], granularity: str, lines: Sequence[str]) -> None:
        """``lines`` are the paragraphs as shown, each with its speaker before its words."""
        super().__init__("\n".join(paragraphs))
        self._lines = list(lines)
        self._granularity = granularity
        self._paragraphs = list(paragraphs)
        self._starts: list[int] = []
        place = 0
        for words in paragraphs:
            self._starts.append(place)
            place += len(words) + 1
        self._between = {start - 1 for start in self._starts[1:]}

    @property
    def longest(self) -> int:
        return len(self.text) + sum(map(len, self._lines))

    def shown(self) -> ShownText | None:
        if self._lines == self._paragraphs:
            return None
        pairs = zip(self._lines, self._paragraphs, strict=True)
        return in_lines((line[: len(line) - len(words)], words) for line, words in pairs)

    def to_place(self, start: int, end: int) -> JsonObject:
        first, last = self._number(start), self._number(end - 1)
        return {
            "start": str(first),
            "end": str(last),
            "startOffset": _units(self._paragraphs[first][: start - self._starts[first]]),
            "endOffset": _units(self._paragraphs[last][: end - self._starts[last]]),
        }

    def words(self, start: int, end: int) -> str:
        first, last = self._number(start), self._number(end - 1)
        if first == last:
            return self.text[start:end]
        head = self._paragraphs[first][start - self._starts[first] :]
        tail = self._paragraphs[last][: end - self._starts[last]]
        # As the editor joins them: with nothing between.
        return "".join([head, *self._paragraphs[first + 1 : last], tail])

    def from_place(self, value: Mapping[str, Any]) -> Offsets | None:
        first, last = whole(value.get("start")), whole(value.get("end"))
        if first is None or last is None or not 0 <= first <= last < len(self._paragraphs):
            return None
        begin = _code_points(self._paragraphs[first], whole(value.get("startOffset")))
        finish = _code_points(self._paragraphs[last], whole(value.get("endOffset")))
        if begin is None or finish is None:
            return None
        start, end = self._starts[first] + begin, self._starts[last] + finish
        return (start, end) if start < end else None

    def snap(self, start: int, end: int) -> Offsets:
        # What is between two paragraphs belongs to neither.
        while start in self._between:
            start += 1
        while end - 1 in self._between:
            end -= 1
        if self._granularity == "word":
            return to_words(self.text, start, end)
        if self._granularity in ("paragraph", "phrase"):
            first, last = self._number(start), self._number(end - 1)
            return self._starts[first], self._starts[last] + len(self._paragraphs[last])
        return start, end

    def _number(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1


def _units(text: str) -> int:
    """The length in UTF-16 units, as JavaScript counts it."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def _code_points(text: str, units: int | None) -> int | None:
    """The length in code points of so many UTF-16 units; None when the text is shorter."""
    if units is None or units < 0:
        return None
    count = 0
    for number, char in enumerate(text):
        if count >= units:
            return number
        count += 2 if ord(char) > 0xFFFF else 1
    return len(text) if count >= units else None


def _time(item: Any) -> tuple[bool, float, float]:
    """What the editor sorts paragraphs by; those that begin at 0, or at no time, come last."""
    times = item if isinstance(item, Mapping) else {}
    start = to_number(times.get("start"))
    if not start:
        return True, 0.0, 0.0
    end = to_number(times.get("end")) or start + (to_number(times.get("duration")) or 0)
    return False, float(start), float(end)
