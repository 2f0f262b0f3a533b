"""``<Ellipse>``: ellipses on an image; labels come from a ``<Labels>`` beside it."""

from __future__ import annotations

from ml_backend.labeling.ellipse_control import EllipseControl


class Ellipse(EllipseControl):
    """Normal form: a list of {x, y, radius_x, radius_y, rotation}."""

    tag = "Ellipse"
    has_labels = False
