"""``<Pairwise>``: which of two objects is the one to select.

``to_name`` is the first object: the SDK's own choice (the control's name) fails the SDK's check,
and joined names lose the selection in the editor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.control import Control, Data, Reading, last_value, shown
from ml_backend.labeling.bases.room import room_of
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.records import JsonObject, Region

_SIDES = ("left", "right")


class Pairwise(Control):
    """Normal form: "left", "right" or None."""

    tag = "Pairwise"
    example = (
        '<Pairwise name="better" toName="text,other"/>',
        {"better": "left"},
    )
    names_objects = True

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        if len(objects) != 2 or objects[0].name == objects[1].name:
            raise ConfigError("its toName must name two different objects")

    @property
    def classes(self) -> tuple[str, ...]:
        return _SIDES

    @property
    def has_one_value(self) -> bool:
        return True

    def schema(self, data: Data) -> JsonObject:
        sides: list[str | None] = list(_SIDES)
        if not self.required:
            sides.append(None)
        return {"type": self.nullable("string"), "enum": sides}

    def room(self, data: Data, length: int) -> int:
        return max(map(room_of, _SIDES))

    def describe(self, data: Data) -> str:
        left, right = (thing.field for thing in self.objects)
        return self.or_null(f'the one to select: "left" for "{left}", "right" for "{right}"')

    def to_regions(self, answer: object, data: Data) -> Reading:
        if answer is None:
            return Reading()
        side = answer.strip().lower() if isinstance(answer, str) else None
        if side not in _SIDES:
            return Reading(problems=(f'{shown(answer)} is neither "left" nor "right".',))
        return Reading([self.region({"selected": side})], answered=True)

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        side = last_value(regions, "selected")
        return side if side in _SIDES else None

    @property
    def stored_key(self) -> str:
        return "selected"

    def named(self, answer: Any) -> Sequence[str]:
        return [] if answer is None else [str(answer)]
