"""``<Polygon>``: polygons on an image; labels come from a ``<Labels>`` beside it."""

from __future__ import annotations

from ml_backend.labeling.shapes.polygon_control import PolygonControl


class Polygon(PolygonControl):
    """Normal form: a list of {points: [{x, y} …]}."""

    tag = "Polygon"
    example = (
        '<Polygon name="shape" toName="image"/>',
        {"shape": [{"points": [{"x": 10, "y": 10}, {"x": 30, "y": 10}, {"x": 20, "y": 30}]}]},
    )
    has_labels = False
