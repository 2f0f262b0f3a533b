"""``<HyperText>``: HTML, given to the model as its visible text.

A selection is stored as ``globalOffsets``, code points into the text of the DOM; the editor adds
the xpaths by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.objects.text import TextPassage
from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.selectable import Passage, Selectable
from ml_backend.labeling.text.dom_text import DomText, read_dom
from ml_backend.labeling.text.html_text import to_text, to_text_and_bullets
from ml_backend.labeling.text.shown_text import ShownText, beside
from ml_backend.labeling.text.spans import Offsets
from ml_backend.records import JsonObject


class HyperText(Selectable):
    """HTML; the model gets its visible text."""

    tag = "HyperText"

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.require_inline(tag)
        self._inline = tag.is_true("inline")

    def text(self, data: Mapping[str, Any]) -> str:
        return to_text(values.as_text(values.resolve(self.value, data)))

    def part(self, path: str, data: Mapping[str, Any]) -> str | None:
        return to_text(values.as_text(values.resolve(f"${path}", data)))

    def passage(self, data: Mapping[str, Any]) -> Passage:
        value = values.resolve(self.value, data)
        html = "" if isinstance(value, Mapping) else values.as_text(value)
        return DocumentPassage(read_dom(html, inline=self._inline), self.granularity, html)


class DocumentPassage(TextPassage):
    """The text of a document's DOM."""

    def __init__(self, dom: DomText, granularity: str, html: str) -> None:
        super().__init__(dom.text, granularity, dom.breaks, dom.marks)
        self._html = html

    def shown(self) -> ShownText | None:
        return beside(*to_text_and_bullets(self._html), self.text)

    def to_place(self, start: int, end: int) -> JsonObject:
        return {
            "start": "",
            "end": "",
            "startOffset": 0,
            "endOffset": 0,
            "globalOffsets": {"start": start, "end": end},
        }

    def words(self, start: int, end: int) -> str:
        # As displayed: a browser shows white space as single blanks.
        return " ".join(self.text[start:end].split())

    def from_place(self, value: Mapping[str, Any]) -> Offsets | None:
        offsets = value.get("globalOffsets")
        return super().from_place(offsets if isinstance(offsets, Mapping) else value)
