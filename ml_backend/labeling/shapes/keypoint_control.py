"""Points on an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.shapes.shape_control import (
    PERCENT,
    Box,
    ShapeControl,
    numbers,
    tidy,
    within,
)
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject

_WIDTH = 0.75
"""Percent: without a width the editor shows no point."""
_NEAR = 5.0
"""Percent of the image within which two points are taken for the same."""


class KeyPointControl(ShapeControl):
    """Normal form: a list of {x, y} with its label."""

    shape = "points"

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        self._width = to_number(tag.get("strokewidth")) or _WIDTH

    def geometry_schema(self) -> JsonObject:
        return {"x": {"type": "number"}, "y": {"type": "number"}}

    def describe_geometry(self) -> str:
        return '"x", "y": the place in percent of the image\'s width and height (0 to 100)'

    def numbers_of(self, item: Mapping[str, Any]) -> list[float]:
        return numbers(item, "x", "y") or []

    def to_geometry(self, item: Mapping[str, Any]) -> JsonObject | str:
        found = numbers(item, "x", "y")
        if found is None:
            return 'A point must have the numbers "x" and "y".'
        place = within(*found)
        if place is None:
            return f'A point lies outside of the picture: "x" and "y" must be {PERCENT}.'
        return {"x": tidy(place[0]), "y": tidy(place[1]), "width": self._width}

    def from_geometry(self, value: Mapping[str, Any]) -> JsonObject | None:
        found = numbers(value, "x", "y")
        return None if found is None else {"x": tidy(found[0]), "y": tidy(found[1])}

    def box(self, item: Mapping[str, Any]) -> Box:
        x, y = numbers(item, "x", "y") or (0, 0)
        return x - _NEAR, y - _NEAR, x + _NEAR, y + _NEAR
