"""``<KeyPointLabels>``: points on an image, each with a label."""

from __future__ import annotations

from ml_backend.labeling.shapes.keypoint_control import KeyPointControl


class KeyPointLabels(KeyPointControl):
    """Normal form: a list of {x, y} with its label."""

    tag = "KeyPointLabels"
    example = (
        '<KeyPointLabels name="nose" toName="image"><Label value="Cat"/></KeyPointLabels>',
        {"nose": [{"x": 50, "y": 40, "label": "Cat"}]},
    )
