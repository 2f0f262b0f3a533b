"""``<Paragraphs>``: a dialogue, given to the model one "speaker: words" line per paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling import values
from ml_backend.labeling.object_tag import ObjectTag, line
from ml_backend.labeling.tags import Tag


class Paragraphs(ObjectTag):
    """A dialogue; the keys of speaker and words are the tag's nameKey and textKey."""

    tag = "Paragraphs"

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.require_inline(tag)
        self.keys = (tag.get("namekey") or "author", tag.get("textkey") or "text")

    def text(self, data: Mapping[str, Any]) -> str:
        value = values.resolve(self.value, data)
        if not isinstance(value, list | tuple):
            return values.as_text(value)
        return "\n".join(line(item, *self.keys) for item in value)
