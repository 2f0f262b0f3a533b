"""``<Ellipse>``: ellipses on an image; labels come from a ``<Labels>`` beside it."""

from __future__ import annotations

from ml_backend.labeling.shapes.ellipse_control import EllipseControl


class Ellipse(EllipseControl):
    """Normal form: a list of {x, y, radius_x, radius_y, rotation}."""

    tag = "Ellipse"
    example = (
        '<Ellipse name="spot" toName="image"/>',
        {"spot": [{"x": 50, "y": 40, "radius_x": 9, "radius_y": 5, "rotation": 0}]},
    )
    has_labels = False
