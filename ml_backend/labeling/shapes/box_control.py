"""Rectangles on an image: the corner, the size and the rotation in degrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.shapes.shape_control import (
    Box,
    ShapeControl,
    clamp,
    numbers,
    tidy,
    upright,
)
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject

_MOST = 100.0


class BoxControl(ShapeControl):
    """Normal form: a list of {x, y, width, height, rotation} with its label."""

    shape = "boxes"

    def geometry_schema(self) -> JsonObject:
        names = ("x", "y", "width", "height", "rotation")
        return {name: {"type": "number"} for name in names}

    def describe_geometry(self) -> str:
        return (
            '"x", "y": the upper left corner, "width", "height": the size, all in percent of the '
            "image's width and height (0 to 100), "
            '"rotation": degrees clockwise around that corner, 0 for an upright box'
        )

    def to_geometry(self, item: Mapping[str, Any]) -> JsonObject | str:
        found = numbers(item, "x", "y", "width", "height")
        if found is None:
            return 'A box must have the numbers "x", "y", "width" and "height".'
        x, y, width, height = found
        rotation = upright(item.get("rotation"))
        if rotation == 0:
            left, top, right, bottom = clamp(x), clamp(y), clamp(x + width), clamp(y + height)
            if (left, top, right, bottom) != (x, y, x + width, y + height):
                x, y, width, height = left, top, right - left, bottom - top
        if width <= 0 or height <= 0 or max(x, y, width, height) > _MOST:
            return "A box has no size, or lies outside of the image (percent from 0 to 100)."
        value = {"x": x, "y": y, "width": width, "height": height}
        return {name: tidy(number) for name, number in value.items()} | {"rotation": rotation}

    def from_geometry(self, value: Mapping[str, Any]) -> JsonObject | None:
        found = numbers(value, "x", "y", "width", "height")
        if found is None or found[2] <= 0 or found[3] <= 0:
            return None
        names = ("x", "y", "width", "height")
        item = {name: tidy(number) for name, number in zip(names, found, strict=True)}
        return item | {"rotation": tidy(to_number(value.get("rotation")) or 0)}

    def box(self, item: Mapping[str, Any]) -> Box:
        x, y, width, height = numbers(item, "x", "y", "width", "height") or (0, 0, 0, 0)
        return x, y, x + width, y + height
