"""``<Taxonomy>``: classes in a tree, chosen as paths from the root."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.choice_control import ChoiceControl
from ml_backend.labeling.bases.class_source import ClassSource
from ml_backend.labeling.bases.classes import AnswerClass
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag


class Taxonomy(ChoiceControl):
    """Normal form: a list of paths as shown, "Animals > Cats", in config order."""

    tag = "Taxonomy"
    example = (
        '<Taxonomy name="kind" toName="text"><Choice value="Person" alias="P">'
        '<Choice value="Writer"/></Choice></Taxonomy>',
        {"kind": ["Person > Writer"]},
    )

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        if tag.get("apiurl"):
            raise ConfigError("its classes are loaded from a link (apiUrl), which is not read")
        if tag.is_true("labeling"):
            raise ConfigError('it labels parts of a text (labeling="true"), which is not supported')
        super().__init__(tag, objects)
        self.most = tag.integer("maxusages") or None

    def read_classes(self, tag: Tag) -> ClassSource:
        return ClassSource(tag, "Choice", nested=True, leaves_only=tag.is_true("leafsonly"))

    def is_multiple(self, tag: Tag) -> bool:
        return True

    @property
    def stores_paths(self) -> bool:
        return True

    def stored(self, item: AnswerClass) -> Any:
        return list(item.path)
