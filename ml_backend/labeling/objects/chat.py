"""``<Chat>``: a conversation, given to the model one "role: message" line per message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.object_tag import ObjectTag, line


class Chat(ObjectTag):
    """Messages with a role and a content."""

    tag = "Chat"

    def text(self, data: Mapping[str, Any]) -> str:
        return "\n".join(line(item, "role", "content", "text") for item in self.messages(data))

    def messages(self, data: Mapping[str, Any]) -> list[Any]:
        """The messages of the task's data."""
        value = values.resolve(self.value, data)
        return list(value) if isinstance(value, list | tuple) else []
