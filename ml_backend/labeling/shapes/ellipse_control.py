"""Ellipses on an image: the centre, both radii and the rotation in degrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.shapes.shape_control import (
    PERCENT,
    Box,
    ShapeControl,
    is_inside,
    numbers,
    tidy,
    turned,
    upright,
    within,
)
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject

_STORED = {"x": "x", "y": "y", "radius_x": "radiusX", "radius_y": "radiusY"}
_MOST = 50.0
"""Percent: a larger radius reaches out of the image, and Label Studio's import refuses it."""
_SEEN = 0.5
"""Of each radius that must be within the image: what stands at the edge may be cut off there."""


class EllipseControl(ShapeControl):
    """Normal form: a list of {x, y, radius_x, radius_y, rotation} with its label."""

    shape = "ellipses"

    def geometry_schema(self) -> JsonObject:
        return {name: {"type": "number"} for name in (*_STORED, "rotation")}

    def describe_geometry(self) -> str:
        return (
            '"x", "y": the centre, "radius_x", "radius_y": half of its width and height, all in '
            "percent of the image's width and height (0 to 100), "
            '"rotation": degrees clockwise, 0 for an upright ellipse'
        )

    def numbers_of(self, item: Mapping[str, Any]) -> list[float]:
        return numbers(item, *_STORED) or []

    def reaches_out(self, item: Mapping[str, Any]) -> bool:
        x, y, *radii = numbers(item, *_STORED) or (0, 0, 0, 0)
        if not (is_inside(x) and is_inside(y)):
            return True
        if min(radii) <= 0 or max(radii) > _MOST or upright(to_number(item.get("rotation")) or 0):
            return False
        ends = ((x, radii[0]), (y, radii[1]))
        return not all(
            is_inside(centre + way * radius * _SEEN) for centre, radius in ends for way in (-1, 1)
        )

    def to_geometry(self, item: Mapping[str, Any]) -> JsonObject | str:
        found = numbers(item, *_STORED)
        if found is None:
            return 'An ellipse must have the numbers "x", "y", "radius_x" and "radius_y".'
        rotation = turned(item)
        if isinstance(rotation, str):
            return rotation
        x, y, radius_x, radius_y = found
        if radius_x <= 0 or radius_y <= 0:
            return f'An ellipse has no size: "radius_x" and "radius_y" must be {PERCENT}.'
        centre, widest = within(x, y), within(2 * radius_x, 2 * radius_y)
        if centre is None:
            return f"The centre of an ellipse lies outside of the picture: it must be {PERCENT}."
        if widest is None:
            return (
                "An ellipse is larger than the picture: its radii are half of its width and "
                f"height, and must be {PERCENT}."
            )
        value = (*centre, min(radius_x, _MOST), min(radius_y, _MOST))
        place = {name: tidy(n) for name, n in zip(_STORED.values(), value, strict=True)}
        return place | {"rotation": rotation}

    def from_geometry(self, value: Mapping[str, Any]) -> JsonObject | None:
        found = numbers(value, *_STORED.values())
        if found is None or found[2] <= 0 or found[3] <= 0:
            return None
        item = {name: tidy(n) for name, n in zip(_STORED, found, strict=True)}
        return item | {"rotation": tidy(to_number(value.get("rotation")) or 0)}

    def box(self, item: Mapping[str, Any]) -> Box:
        x, y, radius_x, radius_y = numbers(item, *_STORED) or (0, 0, 0, 0)
        return x - radius_x, y - radius_y, x + radius_x, y + radius_y
