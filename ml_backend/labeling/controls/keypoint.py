"""``<KeyPoint>``: points on an image; labels come from a ``<Labels>`` beside it."""

from __future__ import annotations

from ml_backend.labeling.shapes.keypoint_control import KeyPointControl


class KeyPoint(KeyPointControl):
    """Normal form: a list of {x, y}."""

    tag = "KeyPoint"
    example = (
        '<KeyPoint name="nose" toName="image"/>',
        {"nose": [{"x": 50, "y": 40}]},
    )
    has_labels = False
