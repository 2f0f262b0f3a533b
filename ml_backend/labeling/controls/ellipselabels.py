"""``<EllipseLabels>``: ellipses on an image, each with a label."""

from __future__ import annotations

from ml_backend.labeling.shapes.ellipse_control import EllipseControl


class EllipseLabels(EllipseControl):
    """Normal form: a list of {x, y, radius_x, radius_y, rotation} with its label."""

    tag = "EllipseLabels"
    example = (
        '<EllipseLabels name="spot" toName="image"><Label value="Cat"/></EllipseLabels>',
        {"spot": [{"x": 50, "y": 40, "radius_x": 9, "radius_y": 5, "rotation": 0, "label": "Cat"}]},
    )
