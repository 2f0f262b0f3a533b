"""``<Rectangle>``: boxes on an image; labels come from a ``<Labels>`` beside it."""

from __future__ import annotations

from ml_backend.labeling.box_control import BoxControl


class Rectangle(BoxControl):
    """Normal form: a list of {x, y, width, height, rotation}."""

    tag = "Rectangle"
    has_labels = False
