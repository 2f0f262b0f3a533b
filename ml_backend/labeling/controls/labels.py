"""``<Labels>``: spans of a text, document or dialogue. On an ``<Image>`` it labels shapes."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.labeling.bases.control import Control
from ml_backend.labeling.bases.span_control import SpanControl
from ml_backend.labeling.objects.image import Image
from ml_backend.labeling.shapes.shape_labels import ShapeLabels
from ml_backend.labeling.task_data.object_tag import ObjectTag


class Labels(SpanControl):
    """Normal form: a list of {quote, occurrence, label} in text order, [] when nothing is there."""

    tag = "Labels"
    example = (
        '<Labels name="who" toName="text"><Label value="Person" alias="PER"/></Labels>',
        {"who": [{"quote": "Ada", "occurrence": 1, "label": "Person"}]},
    )

    @classmethod
    def for_objects(cls, objects: Sequence[ObjectTag]) -> type[Control]:
        return ShapeLabels if isinstance(objects[0], Image) else cls
