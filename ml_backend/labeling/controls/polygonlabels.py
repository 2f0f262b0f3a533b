"""``<PolygonLabels>``: polygons on an image, each with a label."""

from __future__ import annotations

from ml_backend.labeling.polygon_control import PolygonControl


class PolygonLabels(PolygonControl):
    """Normal form: a list of {points: [{x, y} …]} with its label."""

    tag = "PolygonLabels"
