"""Rectangles on an image: the corner, the size and the rotation in degrees."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, radians
from typing import Any

from ml_backend.labeling.shapes.shape_control import (
    PERCENT,
    Box,
    ShapeControl,
    is_inside,
    numbers,
    tidy,
    turned,
    within,
)
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject

_NAMES = ("x", "y", "width", "height")


class BoxControl(ShapeControl):
    """Normal form: a list of {x, y, width, height, rotation} with its label."""

    shape = "boxes"

    def geometry_schema(self) -> JsonObject:
        return {name: {"type": "number"} for name in (*_NAMES, "rotation")}

    def describe_geometry(self) -> str:
        return (
            '"x", "y": the upper left corner, "width", "height": the size, all in percent of the '
            "image's width and height (0 to 100), "
            '"rotation": degrees clockwise around that corner, 0 for an upright box'
        )

    def numbers_of(self, item: Mapping[str, Any]) -> list[float]:
        return numbers(item, *_NAMES) or []

    def reaches_out(self, item: Mapping[str, Any]) -> bool:
        x, y, width, height = numbers(item, *_NAMES) or (0, 0, 0, 0)
        if width <= 0 or height <= 0:
            return False
        # Of a turned one the ends of both edges are known in one direction each; where they are in
        # the other one depends on the picture's shape.
        along = cos(radians(to_number(item.get("rotation")) or 0))
        return not all(map(is_inside, (x, y, x + width * along, y + height * along)))

    def to_geometry(self, item: Mapping[str, Any]) -> JsonObject | str:
        found = numbers(item, *_NAMES)
        if found is None:
            return 'A box must have the numbers "x", "y", "width" and "height".'
        rotation = turned(item)
        if isinstance(rotation, str):
            return rotation
        x, y, width, height = found
        if width <= 0 or height <= 0:
            return f'A box has no size: "width" and "height" must be {PERCENT}.'
        # Where the other corners of a turned one are depends on the picture's shape.
        turns = rotation != 0
        edges = within(x, y, width, height) if turns else within(x, y, x + width, y + height)
        if edges is None:
            return f"A box reaches out of the picture: its numbers must be {PERCENT}."
        if turns:
            x, y, width, height = edges
        elif edges != [x, y, x + width, y + height]:
            x, y, width, height = edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]
        if width <= 0 or height <= 0:
            return f"A box lies outside of the picture: its numbers must be {PERCENT}."
        value = {"x": x, "y": y, "width": width, "height": height}
        return {name: tidy(number) for name, number in value.items()} | {"rotation": rotation}

    def from_geometry(self, value: Mapping[str, Any]) -> JsonObject | None:
        found = numbers(value, *_NAMES)
        if found is None or found[2] <= 0 or found[3] <= 0:
            return None
        item = {name: tidy(number) for name, number in zip(_NAMES, found, strict=True)}
        return item | {"rotation": tidy(to_number(value.get("rotation")) or 0)}

    def box(self, item: Mapping[str, Any]) -> Box:
        x, y, width, height = numbers(item, *_NAMES) or (0, 0, 0, 0)
        return x, y, x + width, y + height
