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
from ml_backend.labeling.text.dom_text import dom_text_and_breaks
from ml_backend.labeling.text.html_text import to_text
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

    def passage(self, data: Mapping[str, Any]) -> Passage:
        value = values.resolve(self.value, data)
        html = "" if isinstance(value, Mapping) else values.as_text(value)
        text, breaks = dom_text_and_breaks(html, inline=self._inline)
        return DocumentPassage(text, self.granularity, breaks)


class DocumentPassage(TextPassage):
    """The text of a document's DOM."""

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
