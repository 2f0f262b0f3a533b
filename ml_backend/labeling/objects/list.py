"""``<List>``: items with an id, a title and a body, given to the model one per line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling import values
from ml_backend.labeling.object_tag import ObjectTag, line


class List(ObjectTag):
    """Items a labeler compares or ranks."""

    tag = "List"

    def text(self, data: Mapping[str, Any]) -> str:
        value = values.resolve(self.value, data)
        if not isinstance(value, list | tuple):
            return values.as_text(value)
        return "\n".join(line(item, "id", "title", "body", "html") for item in value)
