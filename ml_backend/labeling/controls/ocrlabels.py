"""``<OcrLabels>`` on a ``<Pdf>``: boxes on its pages with their words; Label Studio Enterprise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.bases.control import shown
from ml_backend.labeling.bases.room import NOTE
from ml_backend.labeling.objects.pdf import Pdf
from ml_backend.labeling.shapes.box_control import BoxControl
from ml_backend.labeling.shapes.shape_control import PAGE
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject


class OcrLabels(BoxControl):
    """Normal form: a list of {page, x, y, width, height, rotation, text} with its label."""

    tag = "OcrLabels"
    is_free_text = True
    example = (
        '<OcrLabels name="sum" toName="pdf"><Label value="Sum"/></OcrLabels>',
        {
            "sum": [
                {
                    **{"page": 1, "x": 10, "y": 20, "width": 30, "height": 4, "rotation": 0},
                    **{"text": "9 €", "label": "Sum"},
                }
            ]
        },
    )
    object_tags = (Pdf,)

    def geometry_schema(self) -> JsonObject:
        page: JsonObject = {PAGE: {"type": "integer"}}
        return {**page, **super().geometry_schema(), "text": {"type": "string"}}

    def room_of_place(self) -> int:
        return super().room_of_place() + NOTE

    def describe_geometry(self) -> str:
        geometry = super().describe_geometry()
        return f'"{PAGE}": 1 for the first page, 2 for the second …, {geometry}, "text": its words'

    def to_geometry(self, item: Mapping[str, Any]) -> JsonObject | str:
        place = super().to_geometry(item)
        page, text = to_number(item.get(PAGE, 1)), item.get("text")
        if isinstance(place, str):
            return place
        if not isinstance(page, int) or page < 1:
            return f'"{PAGE}" must be a whole number from 1 on.'
        words = "" if text is None else text if isinstance(text, str) else _figures(text)
        if words is None:
            return f'"text" must be the words in the box, not {shown(text)}.'
        return {**place, "pageIndex": page - 1, "ocrtext": words}

    def from_geometry(self, value: Mapping[str, Any]) -> JsonObject | None:
        item = super().from_geometry(value)
        page, text = to_number(value.get("pageIndex") or 0), value.get("ocrtext")
        if item is None or not isinstance(page, int):
            return None
        return {PAGE: page + 1, **item, "text": text if isinstance(text, str) else ""}


def _figures(text: object) -> str | None:
    """Words that are a number in JSON: "9" of a bill."""
    number = to_number(text)
    return None if number is None else str(number)
