"""``<Polygon>``: polygons on an image; labels come from a ``<Labels>`` beside it."""

from __future__ import annotations

from ml_backend.labeling.polygon_control import PolygonControl


class Polygon(PolygonControl):
    """Normal form: a list of {points: [{x, y} …]}."""

    tag = "Polygon"
    has_labels = False
