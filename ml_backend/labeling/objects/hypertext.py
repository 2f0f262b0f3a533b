"""``<HyperText>``: HTML, given to the model as its visible text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling import values
from ml_backend.labeling.html_text import to_text
from ml_backend.labeling.object_tag import ObjectTag
from ml_backend.labeling.tags import Tag


class HyperText(ObjectTag):
    """HTML; the model gets its visible text."""

    tag = "HyperText"

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.require_inline(tag)

    def text(self, data: Mapping[str, Any]) -> str:
        return to_text(values.as_text(values.resolve(self.value, data)))
