"""``<Rating>``: a whole number of stars, 1 to ``maxRating``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.control import Control, Data, Reading, errors_of, last_value, shown
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.labeling.bases.room import INTEGER
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject, Region

_MOST_STARS = 100


class Rating(Control):
    """Normal form: the number of stars, or None; the editor stores no rating of 0."""

    tag = "Rating"
    example = (
        '<Rating name="stars" toName="text" maxRating="3"/>',
        {"stars": 2},
    )
    needs_object = False

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        most = tag.integer("maxrating") if tag.get("maxrating") else 5
        if not most or most > _MOST_STARS:
            raise ConfigError(f"its maxRating is no whole number from 1 to {_MOST_STARS}")
        self.most = most

    @property
    def has_one_value(self) -> bool:
        return True

    def schema(self, data: Data) -> JsonObject:
        stars: list[int | None] = list(range(1, self.most + 1))
        if not self.required:
            stars.append(None)
        return {"type": self.nullable("integer"), "enum": stars}

    def room(self, data: Data, length: int) -> int:
        return INTEGER

    def describe(self, data: Data) -> str:
        return self.or_null(f"a rating from 1 to {self.most} ({self.most} is best)")

    def to_regions(self, answer: object, data: Data) -> Reading:
        if answer is None:
            return Reading()
        stars = to_number(answer)
        if not isinstance(stars, int) or not 1 <= stars <= self.most:
            given = shown(answer) if stars is None or abs(stars) >= 10**9 else stars
            return Reading(problems=(f"{given} is not a whole number from 1 to {self.most}.",))
        return Reading([self.region({"rating": stars})], answered=True)

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        return to_number(last_value(regions, "rating")) or None

    def _why_unreadable(self, region: Region, data: Data) -> str:
        stars = to_number(last_value([region], "rating"))
        if isinstance(stars, int) and 1 <= stars <= self.most:
            return ""
        return f'"rating" of a region is no whole number from 1 to {self.most}'

    def named(self, answer: Any) -> Sequence[str]:
        return [] if answer is None else [str(answer)]

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        found = super().evidence(answer, truth, data)
        found.errors = errors_of(answer, truth)
        return found
