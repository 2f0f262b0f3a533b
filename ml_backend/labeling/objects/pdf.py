"""``<Pdf>``: a document, given to the model as its text or as the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.records import Attachment

LIKELY_PAGES = 4


class Pdf(ObjectTag):
    """A PDF behind a URL; what is in it is not known before it is read."""

    tag = "Pdf"
    has_pages = False
    """Its pages are not known before it is read; what is drawn on one says so itself."""

    def text(self, data: Mapping[str, Any]) -> str:
        return ""

    def page_count(self, data: Mapping[str, Any]) -> int:
        """So many as a document may well have: nobody knows before it is read."""
        return LIKELY_PAGES

    def attachments(self, data: Mapping[str, Any]) -> list[Attachment]:
        value = values.resolve(self.value, data)
        url = value.strip() if isinstance(value, str) else ""
        return [Attachment("pdf", url, self.field)] if url else []
