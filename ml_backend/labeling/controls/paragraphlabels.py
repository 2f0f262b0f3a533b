"""``<ParagraphLabels>``: spans of the words in a ``<Paragraphs>`` dialogue."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.span_control import SpanControl
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.objects.paragraphs import Paragraphs
from ml_backend.labeling.task_data.object_tag import ObjectTag


class ParagraphLabels(SpanControl):
    """Normal form: a list of {quote, occurrence, label} in text order, [] when nothing is there."""

    tag = "ParagraphLabels"
    example = (
        '<ParagraphLabels name="who" toName="talk"><Label value="PER"/></ParagraphLabels>',
        {"who": [{"quote": "Mary", "occurrence": 1, "label": "PER"}]},
    )

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        if not isinstance(objects[0], Paragraphs):
            raise ConfigError("its toName must name a <Paragraphs>")
        super().__init__(tag, objects)
