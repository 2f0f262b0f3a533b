"""``<RectangleLabels>``: boxes on an image, each with a label."""

from __future__ import annotations

from ml_backend.labeling.shapes.box_control import BoxControl


class RectangleLabels(BoxControl):
    """Normal form: a list of {x, y, width, height, rotation} with its label."""

    tag = "RectangleLabels"
    example = (
        '<RectangleLabels name="box" toName="image"><Label value="Cat"/></RectangleLabels>',
        {"box": [{"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "label": "Cat"}]},
    )
