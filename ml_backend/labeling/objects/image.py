"""``<Image>``: one picture (``value``), or the pages of a document (``valueList``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.records import Attachment


class Image(ObjectTag):
    """Pictures, which the model sees; there is no text in them to read."""

    tag = "Image"

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag)
        self.has_pages = bool(tag.get("valuelist"))
        # As in the editor, a list goes before a single picture.
        self.value = tag.get("valuelist") or self.value
        self.paths = values.paths(self.value)

    def text(self, data: Mapping[str, Any]) -> str:
        return ""

    def attachments(self, data: Mapping[str, Any]) -> list[Attachment]:
        value = values.resolve(self.value, data)
        if not isinstance(value, list | tuple):
            return _image(value, self.field)
        pages = (_image(item, f"{self.field}[{index}]") for index, item in enumerate(value))
        return [page for found in pages for page in found]

    def page_count(self, data: Mapping[str, Any]) -> int:
        """How many pictures a task has."""
        value = values.resolve(self.value, data)
        return len(value) if isinstance(value, list | tuple) else 1


def _image(value: Any, name: str) -> list[Attachment]:
    url = value.strip() if isinstance(value, str) else ""
    return [Attachment("image", url, name)] if url else []
