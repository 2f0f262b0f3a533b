"""``<HyperTextLabels>``: spans of a ``<HyperText>``."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.span_control import SpanControl
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.objects.hypertext import HyperText
from ml_backend.labeling.task_data.object_tag import ObjectTag


class HyperTextLabels(SpanControl):
    """Normal form: a list of {quote, occurrence, label} in text order, [] when nothing is there."""

    tag = "HyperTextLabels"
    example = (
        '<HyperTextLabels name="who" toName="html"><Label value="PER"/></HyperTextLabels>',
        {"who": [{"quote": "Ada", "occurrence": 1, "label": "PER"}]},
    )

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        if not isinstance(objects[0], HyperText):
            raise ConfigError("its toName must name a <HyperText>: the editor shows no others")
        super().__init__(tag, objects)
