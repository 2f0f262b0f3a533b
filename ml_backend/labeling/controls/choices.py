"""``<Choices>``: one class, or several with ``choice="multiple"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.classes import AnswerClass, Classes
from ml_backend.labeling.control import Agreement, Control, Data, Reading
from ml_backend.labeling.object_tag import ObjectTag
from ml_backend.labeling.tags import Tag
from ml_backend.records import JsonObject, Region


class Choices(Control):
    """Normal form: the class name or None; with ``multiple`` a list in config order."""

    tag = "Choices"

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        if tag.is_true("allownested"):
            raise ConfigError("its classes may be nested (allowNested), which is not supported yet")
        self._classes = Classes(tag, "Choice")
        self.multiple = tag.get("choice").lower() == "multiple"

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes.sent

    def schema(self, data: Data) -> JsonObject:
        if self.multiple:
            return {"type": self.nullable("array"), "items": self._classes.enum()}
        return self._classes.enum(nullable=not self.required)

    def describe(self, data: Data) -> str:
        if self.multiple:
            empty = "at least one" if self.required else "[] if none applies"
            asked = f"a list of all classes that apply ({empty})"
        else:
            asked = self.or_null("the one class that fits best")
        return f"{asked}. Classes:\n{self._classes.describe()}"

    def to_regions(self, answer: object, data: Data) -> Reading:
        if answer is None:
            return Reading(answer=[] if self.multiple else None)
        if self.multiple:
            return self._read_several(answer if isinstance(answer, list) else [answer])
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if isinstance(answer, list):
            return Reading(problems=("Exactly one class is allowed, not a list.",))
        found = self._classes.find(answer)
        if found is None:
            return Reading(problems=(self._classes.unknown(answer),))
        return Reading([self._region([found])], found.shown, answered=True)

    def _read_several(self, answer: list[Any]) -> Reading:
        found: dict[int, AnswerClass] = {}
        problems = []
        for given in answer:
            item = self._classes.find(given)
            if item is None:
                problems.append(self._classes.unknown(given))
            else:
                found[item.order] = item
        chosen = [found[order] for order in sorted(found)]
        if problems and not chosen:
            return Reading(problems=tuple(problems))
        return Reading(
            [self._region(chosen)] if chosen else [],
            [item.shown for item in chosen],
            tuple(problems),
            answered=True,
        )

    def _region(self, chosen: list[AnswerClass]) -> Region:
        return self.region({"choices": [item.sent for item in chosen]})

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        # A class that left the config keeps its stored name: it must not pass for an answer.
        names: dict[str, int] = {}
        for sent in _chosen(regions):
            item = self._classes.by_sent(sent)
            if item:
                names.setdefault(item.shown, item.order)
            else:
                names.setdefault(sent, len(self._classes.all) + 1)
        if self.multiple:
            return sorted(names, key=lambda name: names[name])
        return next(iter(names), None)

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        if not self.multiple:
            return Agreement.exact(answer == truth)
        ours, theirs = set(map(str, _as_list(answer))), set(map(str, _as_list(truth)))
        total = len(ours) + len(theirs)
        return Agreement(ours == theirs, 2 * len(ours & theirs) / total if total else 1.0)


def _chosen(regions: Sequence[Region]) -> list[str]:
    chosen: list[str] = []
    for region in regions:
        value = region.get("value")
        choices = value.get("choices") if isinstance(value, Mapping) else None
        if isinstance(choices, list):
            chosen += [item for item in choices if isinstance(item, str)]
    return chosen


def _as_list(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]
