"""``<Text>``: plain text, the only object tag spans are found in so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling import values
from ml_backend.labeling.object_tag import ObjectTag
from ml_backend.labeling.tags import Tag


class Text(ObjectTag):
    """Plain text as the editor shows it."""

    tag = "Text"

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.require_inline(tag)
        self.saves_quotes = tag.get("savetextresult").lower() != "no"

    def text(self, data: Mapping[str, Any]) -> str:
        return values.as_text(values.resolve(self.value, data))

    def selectable(self, data: Mapping[str, Any]) -> str:
        """The text a labeler can select in; "" when the editor shows no text of ours."""
        value = values.resolve(self.value, data)
        return "" if isinstance(value, Mapping) else values.as_text(value)
