"""``<Header>``: a heading. With a name other tags may point at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.object_tag import ObjectTag


class Header(ObjectTag):
    """A heading, mostly the same for every task."""

    tag = "Header"

    def text(self, data: Mapping[str, Any]) -> str:
        return values.as_text(values.resolve(self.value, data))
