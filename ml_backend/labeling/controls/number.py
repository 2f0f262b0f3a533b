"""``<Number>``: a number within ``min``, ``max`` and ``step``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_backend.labeling.bases.control import (
    Agreement,
    Control,
    Data,
    Reading,
    errors_of,
    last_value,
    shown,
)
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.labeling.bases.room import NUMBER
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject, Region

_TOLERANCE = 1e-9


class Number(Control):
    """Normal form: the number, whole ones as int, or None.

    Bounds are told to the model in words and checked here: grammar engines and older endpoints
    refuse schemas with ``minimum``. The editor lets nobody submit a number outside of them.
    """

    tag = "Number"
    example = (
        '<Number name="people" toName="text" min="0" step="1"/>',
        {"people": 2},
    )

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        self.least = to_number(tag.get("min"))
        self.most = to_number(tag.get("max"))
        step = to_number(tag.get("step"))
        self.step = step if step and step > 0 else None

    @property
    def has_one_value(self) -> bool:
        return True

    def schema(self, data: Data) -> JsonObject:
        return {"type": self.nullable("number")}

    def room(self, data: Data, length: int) -> int:
        return NUMBER

    def describe(self, data: Data) -> str:
        return self.or_null("a number" + self._bounds())

    def _bounds(self) -> str:
        words = ""
        if self.least is not None and self.most is not None:
            words = f" from {self.least} to {self.most}"
        elif self.least is not None:
            words = f", {self.least} or more"
        elif self.most is not None:
            words = f", {self.most} or less"
        return f"{words} in steps of {self.step}" if self.step else words

    def to_regions(self, answer: object, data: Data) -> Reading:
        if answer is None:
            return Reading()
        number = to_number(answer)
        if number is None:
            return Reading(problems=(f"A number was expected, not {shown(answer)}.",))
        if not self._fits(number):
            return Reading(problems=(f"{number:g} is not a number{self._bounds()}.",))
        return Reading([self.region({"number": number})], answered=True)

    def _fits(self, number: float) -> bool:
        if self.least is not None and number < self.least:
            return False
        if self.most is not None and number > self.most:
            return False
        if self.step is None:
            return True
        steps = (number - (self.least or 0)) / self.step
        return abs(steps - round(steps)) <= _TOLERANCE * max(1.0, abs(steps))

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        return to_number(last_value(regions, "number"))

    def _why_unreadable(self, region: Region, data: Data) -> str:
        number = self.to_answer([region], data)
        if number is not None and not self._fits(number):
            return f"{number:g} is not a number{self._bounds()}"
        return super()._why_unreadable(region, data)

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        ours, theirs = to_number(answer), to_number(truth)
        if ours is None or theirs is None:
            return Agreement.exact(False)
        return Agreement.exact(abs(ours - theirs) <= _TOLERANCE * max(1, abs(ours), abs(theirs)))

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        return Evidence(errors=errors_of(answer, truth))
