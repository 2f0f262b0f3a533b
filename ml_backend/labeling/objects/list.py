"""``<List>``: items with an id, a title and a body, given to the model one per line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.text.html_images import pictures
from ml_backend.labeling.text.html_text import to_text
from ml_backend.records import Attachment


class List(ObjectTag):
    """Items a labeler compares or ranks."""

    tag = "List"

    def text(self, data: Mapping[str, Any]) -> str:
        value = values.resolve(self.value, data)
        if not isinstance(value, list | tuple):
            return values.as_text(value)
        return "\n".join(_line(item) for item in value)

    def attachments(self, data: Mapping[str, Any]) -> list[Attachment]:
        value = values.resolve(self.value, data)
        found: list[Attachment] = []
        for item in value if isinstance(value, list | tuple) else ():
            if isinstance(item, Mapping) and not (item.get("title") or item.get("body")):
                name = f"{self.field}: {values.as_text(item.get('id'))}"
                found += pictures(values.as_text(item.get("html")), name)
        return found

    def ids(self, data: Mapping[str, Any]) -> list[str]:
        """The ids of a task's items as Label Studio stores them, each once."""
        value = values.resolve(self.value, data)
        items = value if isinstance(value, list | tuple) else ()
        found = (values.as_text(item.get("id")) for item in items if isinstance(item, Mapping))
        return list(dict.fromkeys(each for each in found if each))


def _line(item: Any) -> str:
    if not isinstance(item, Mapping):
        return values.as_text(item)
    parts = [values.as_text(item.get(key)) for key in ("id", "title", "body")]
    parts.append(to_text(values.as_text(item.get("html"))))
    return ": ".join(part for part in parts if part)
