"""``<Labels>`` on ``<Text>`` or ``<HyperText>``: spans. On an ``<Image>`` it labels shapes."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.errors import ConfigError
from ml_backend.labeling.control import Control
from ml_backend.labeling.object_tag import ObjectTag
from ml_backend.labeling.objects.image import Image
from ml_backend.labeling.objects.paragraphs import Paragraphs
from ml_backend.labeling.shape_labels import ShapeLabels
from ml_backend.labeling.span_control import SpanControl
from ml_backend.labeling.tags import Tag


class Labels(SpanControl):
    """Normal form: a list of {quote, occurrence, label} in text order, [] when nothing is there."""

    tag = "Labels"

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        if isinstance(objects[0], Paragraphs):
            raise ConfigError("a <Paragraphs> is labelled with <ParagraphLabels>")
        super().__init__(tag, objects)

    @classmethod
    def for_objects(cls, objects: Sequence[ObjectTag]) -> type[Control]:
        return ShapeLabels if isinstance(objects[0], Image) else cls
