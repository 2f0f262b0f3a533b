"""``<Rectangle>``: boxes on an image; labels come from a ``<Labels>`` beside it."""

from __future__ import annotations

from ml_backend.labeling.shapes.box_control import BoxControl


class Rectangle(BoxControl):
    """Normal form: a list of {x, y, width, height, rotation}."""

    tag = "Rectangle"
    example = (
        '<Rectangle name="box" toName="image"/><Labels name="what" toName="image">'
        '<Label value="Cat"/></Labels>',
        {"box": [{"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "what": "Cat"}]},
    )
    has_labels = False
