"""``<PolygonLabels>``: polygons on an image, each with a label."""

from __future__ import annotations

from ml_backend.labeling.shapes.polygon_control import PolygonControl


class PolygonLabels(PolygonControl):
    """Normal form: a list of {points: [{x, y} …]} with its label."""

    tag = "PolygonLabels"
    example = (
        '<PolygonLabels name="shape" toName="image"><Label value="Cat"/></PolygonLabels>',
        {
            "shape": [
                {
                    "points": [{"x": 10, "y": 10}, {"x": 30, "y": 10}, {"x": 20, "y": 30}],
                    "label": "Cat",
                }
            ]
        },
    )
