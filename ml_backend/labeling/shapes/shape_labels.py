"""``<Labels>`` on an image: it labels the shapes that other tags draw there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ml_backend.labeling.bases.class_source import ClassSource
from ml_backend.labeling.bases.control import Agreement, Control, Data, Reading
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.records import JsonObject, Region

MOST_LABELS = 4
"""Labels that one shape can reasonably have."""


class ShapeLabels(Control):
    """Normal form: the label of a shape or None; with ``choice="multiple"`` a list."""

    tag = "Labels"

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        self.per_region = True
        self._source = ClassSource(tag, "Label")
        self.multiple = tag.get("choice").lower() == "multiple"

    @property
    def depends_on_data(self) -> bool:
        return self._source.varies

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(item.sent for item in self._source.fixed)

    def notes(self, known: Collection[str]) -> list[str]:
        return self._source.notes(known)

    @property
    def has_one_value(self) -> bool:
        return not self.multiple

    def schema(self, data: Data) -> JsonObject:
        classes = self._source.of(data)
        if self.multiple and classes.all:
            return {"type": self.nullable("array"), "items": classes.enum()}
        return classes.enum(nullable=not self.required)

    def room(self, data: Data, length: int) -> int:
        rooms = self._source.of(data).rooms
        return sum(rooms[:MOST_LABELS]) if self.multiple else rooms[0]

    def describe(self, data: Data) -> str:
        asked = "a list of classes" if self.multiple else self.or_null("a class")
        return f"{asked}. {self._source.title}:\n{self._source.of(data).describe()}"

    def to_regions(self, answer: object, data: Data) -> Reading:
        given = answer if isinstance(answer, list) else [] if answer is None else [answer]
        classes = self._source.of(data)
        found: dict[int, str] = {}
        problems = []
        for name in given:
            item = classes.find(name)
            if item is None:
                problems.append(classes.unknown(name))
            elif found and not self.multiple:
                problems.append("Exactly one label is allowed.")
            else:
                found[item.order] = item.sent
        chosen = [found[order] for order in sorted(found)]
        regions = [self.region({"labels": chosen})] if chosen else []
        return Reading(regions, tuple(problems), answered=bool(chosen))

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        classes = self._source.of(data)
        names = []
        for sent in _labels(regions):
            known = classes.by_path([sent])
            names.append((known.order, known.shown) if known else (10**9, sent))
        ordered = [name for _, name in sorted(set(names))]
        return ordered if self.multiple else next(iter(ordered), None)

    def selected(self, regions: Sequence[Region], data: Data) -> set[str]:
        stored = set(_labels(regions))
        return stored | {item.shown for item in self._source.of(data).all if item.sent in stored}

    def stored_labels(self, region: Region) -> Sequence[str]:
        return list(_labels([region]))

    def usage_limits(self, data: Data) -> dict[str, int]:
        return {item.sent: item.most for item in self._source.of(data).all if item.most}

    def may_be_imported(self, region: Region) -> bool:
        known = self._source.imports(self.stored_labels(region))
        return super().may_be_imported(region) and known

    @property
    def stored_key(self) -> str:
        return "labels"

    def _why_unreadable(self, region: Region, data: Data) -> str:
        return self._source.of(data).unreadable(region.get("value"), "labels")

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        return Agreement.exact(answer == truth)

    def named(self, answer: Any) -> Sequence[str]:
        names = answer if isinstance(answer, list) else [] if answer is None else [answer]
        return [str(name) for name in names]


def _labels(regions: Sequence[Region]) -> Iterator[str]:
    for region in regions:
        value = region.get("value")
        names = value.get("labels") if isinstance(value, Mapping) else None
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str):
                yield name
