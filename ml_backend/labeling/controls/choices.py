"""``<Choices>``: one class, or several with ``choice="multiple"``; paths with ``allowNested``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_backend.labeling.bases.choice_control import ChoiceControl
from ml_backend.labeling.bases.class_source import ClassSource
from ml_backend.labeling.bases.classes import AnswerClass
from ml_backend.labeling.markup.tags import Tag
from ml_backend.records import Region


class Choices(ChoiceControl):
    """Normal form: the class as shown, or None; with ``multiple`` a list in config order.

    Nested classes are paths, of which only the ends can be chosen: the editor takes a class with
    others in it for chosen when all of those are.
    """

    tag = "Choices"
    example = (
        '<Choices name="topic" toName="text"><Choice value="Sport" alias="s"/>'
        '<Choice value="Arts" hint="music, too"/></Choices>',
        {"topic": "Sport"},
    )

    def read_classes(self, tag: Tag) -> ClassSource:
        self._nested = tag.is_true("allownested")
        return ClassSource(tag, "Choice", nested=self._nested, leaves_only=True)

    def is_multiple(self, tag: Tag) -> bool:
        return tag.get("choice").lower() == "multiple"

    @property
    def stores_paths(self) -> bool:
        return self._nested

    def stored(self, item: AnswerClass) -> Any:
        return list(item.path) if self._nested else item.sent

    def paths(self, regions: Sequence[Region]) -> list[list[str]]:
        found = super().paths(regions)
        # Who chooses everything within a class has that class stored as well.
        return [path for path in found if not any(_is_within(other, path) for other in found)]

    def may_be_imported(self, region: Region) -> bool:
        # The import's check knows no paths and would drop the whole prediction.
        return super().may_be_imported(region) and not self._nested


def _is_within(path: list[str], parent: list[str]) -> bool:
    return len(path) > len(parent) and path[: len(parent)] == parent
