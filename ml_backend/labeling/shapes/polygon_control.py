"""Polygons on an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.bases.control import objects_in
from ml_backend.labeling.bases.item_keys import by_name
from ml_backend.labeling.bases.room import NUMBER, room_of_key
from ml_backend.labeling.shapes.shape_control import (
    PERCENT,
    Box,
    ShapeControl,
    numbers,
    tidy,
    within,
)
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject

_LEAST_POINTS = 3
MOST_POINTS = 32
"""Corners that a model can reasonably give one polygon."""


class PolygonControl(ShapeControl):
    """Normal form: a list of {points: [{x, y} …]} with its label."""

    shape = "polygons"

    def geometry_schema(self) -> JsonObject:
        point = {
            "type": "object",
            "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
            "required": ["x", "y"],
            "additionalProperties": False,
        }
        return {"points": {"type": "array", "items": point}}

    def describe_geometry(self) -> str:
        return (
            '"points": at least three corners in order, each {"x", "y"} in percent of the '
            "image's width and height (0 to 100)"
        )

    def numbers_of(self, item: Mapping[str, Any]) -> list[float]:
        points = _points(item)
        return [] if None in points else [number for point in points for number in point or ()]

    def room_of_place(self) -> int:
        point = 2 * (room_of_key("x") + NUMBER)
        return super().room_of_place() + MOST_POINTS * point

    def to_geometry(self, item: Mapping[str, Any]) -> JsonObject | str:
        points: list[list[float | int]] = []
        for found in _points(item):
            if found is None:
                return 'Each of a polygon\'s "points" must have the numbers "x" and "y".'
            inside = within(*found)
            if inside is None:
                return f"A polygon reaches out of the picture: its numbers must be {PERCENT}."
            place = [tidy(number) for number in inside]
            if not points or points[-1] != place:
                points.append(place)
        if len(points) > 1 and points[0] == points[-1]:
            points.pop()  # the editor closes a polygon by itself
        if len(points) < _LEAST_POINTS:
            return 'A polygon must have at least three different "points" within the image.'
        return {"points": points, "closed": True}

    def from_geometry(self, value: Mapping[str, Any]) -> JsonObject | None:
        given = value.get("points")
        points = [_pair(point) for point in given] if isinstance(given, list) else []
        if len(points) < _LEAST_POINTS or None in points:
            return None
        return {"points": [{"x": tidy(p[0]), "y": tidy(p[1])} for p in points if p]}

    def box(self, item: Mapping[str, Any]) -> Box:
        found = (numbers(point, "x", "y") for point in objects_in(item.get("points")))
        places = [place for place in found if place]
        if not places:
            return 0, 0, 0, 0
        xs, ys = [x for x, _ in places], [y for _, y in places]
        return min(xs), min(ys), max(xs), max(ys)


def _points(item: Mapping[str, Any]) -> list[list[float] | None]:
    """The corners of an item, None for one that is none."""
    given = item.get("points")
    return [
        numbers(by_name(point, ("x", "y")), "x", "y")
        if isinstance(point, Mapping)
        else _pair(point)
        for point in (given if isinstance(given, list) else ())
    ]


def _pair(point: object) -> list[float] | None:
    if not isinstance(point, list | tuple) or len(point) != 2:
        return None
    found = [to_number(part) for part in point]
    return [part for part in found if part is not None] if None not in found else None
