"""Controls that choose among classes for the whole object: flat ones, or paths through a tree."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ml_backend.labeling.bases.class_source import ClassSource
from ml_backend.labeling.bases.classes import PATH_SEPARATOR, AnswerClass, Classes, last_name
from ml_backend.labeling.bases.control import Agreement, Control, Data, Reading, shown
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.records import Attachment, JsonObject, Region

MOST_CHOSEN = 40
"""Classes that an answer can reasonably name where any number may be chosen."""


class ChoiceControl(Control):
    """Normal form: the class as shown, or None; with ``multiple`` a list in config order."""

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        self._source = self.read_classes(tag)
        self.multiple = self.is_multiple(tag)
        self.most: int | None = None
        """How many classes may be chosen; None for any number."""

    @abstractmethod
    def read_classes(self, tag: Tag) -> ClassSource:
        """The classes of the tag."""

    @abstractmethod
    def is_multiple(self, tag: Tag) -> bool:
        """Whether several may be chosen."""

    @property
    def stores_paths(self) -> bool:
        """Whether Label Studio stores each class as the list of names that leads to it."""
        return False

    @abstractmethod
    def stored(self, item: AnswerClass) -> Any:
        """What Label Studio stores for a class."""

    @property
    def depends_on_data(self) -> bool:
        return self._source.varies

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.sent for item in self._source.fixed))

    def attachments(self, data: Data) -> list[Attachment]:
        return self._source.attachments(data)

    def most_items(self, data: Data) -> int | None:
        count = len(self._source.of(data).all)
        return min(count, self.most or count) if self.multiple and count else None

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

    def describe(self, data: Data) -> str:
        classes = self._source.of(data)
        if not classes.all:
            return f'null: this task brings no classes in "{self._source.whereabouts}"'
        if self.multiple:
            empty = "at least one" if self.required else "[] if none applies"
            most = f", {self.most} at most" if self.most else ""
            asked = f"a list of all classes that apply ({empty}{most})"
        else:
            asked = self.or_null("the one class that fits best")
        return f"{asked}. {self._source.title}:\n{classes.describe()}"

    def to_regions(self, answer: object, data: Data) -> Reading:
        classes = self._source.of(data)
        if answer is None:
            return Reading()
        if not classes.all:
            where = self._source.whereabouts
            return Reading(problems=(f'This task brings no classes in "{where}".',))
        if self.multiple:
            given = answer if isinstance(answer, list) else [answer]
            names = {item.shown for item in classes.all}
            each_is_one = all(isinstance(name, str) and name in names for name in given)
            if not each_is_one and classes.find(answer) is not None:
                given = [answer]  # a path as a list of names
            return self._read_several(given, classes)
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        found = classes.find(answer)
        if found is None and isinstance(answer, list):
            return Reading(problems=("Exactly one class is allowed, not a list.",))
        if found is None:
            return Reading(problems=(classes.unknown(answer),))
        return Reading([self._region([found])], answered=True)

    def _read_several(self, answer: list[Any], classes: Classes) -> Reading:
        found: dict[int, AnswerClass] = {}
        problems = []
        for given in answer:
            item = classes.find(given)
            if item is None:
                problems.append(classes.unknown(given))
            elif self.most and len(found) >= self.most and item.order not in found:
                problems.append(f"{self.most} classes may be chosen: the rest is left out.")
            else:
                found[item.order] = item
        chosen = [found[order] for order in sorted(found)]
        if problems and not chosen:
            return Reading(problems=tuple(problems))
        return Reading(
            [self._region(chosen)] if chosen else [],
            tuple(dict.fromkeys(problems)),
            answered=True,
        )

    def _region(self, chosen: list[AnswerClass]) -> Region:
        return self.region({self.tag.lower(): [self.stored(item) for item in chosen]})

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        classes = self._source.of(data)
        # A class that left the config keeps its stored name: it must not pass for an answer.
        names: dict[str, int] = {}
        for path in self.paths(regions):
            item = classes.by_path(path)
            if item:
                names.setdefault(item.shown, item.order)
            else:
                names.setdefault(PATH_SEPARATOR.join(path), len(classes.all) + 1)
        if self.multiple:
            return sorted(names, key=lambda name: names[name])
        return next(iter(names), None)

    def paths(self, regions: Sequence[Region]) -> list[list[str]]:
        """What the regions choose, each as a path of stored names."""
        return [path for region in regions for path in self._chosen(region)]

    def _chosen(self, region: Region) -> Iterator[list[str]]:
        value = region.get("value")
        chosen = value.get(self.tag.lower()) if isinstance(value, Mapping) else None
        for each in chosen if isinstance(chosen, list) else ():
            path = each if isinstance(each, list) else [each]
            if path and all(isinstance(name, str) for name in path):
                yield path

    def may_be_imported(self, region: Region) -> bool:
        names = (name for path in self._chosen(region) for name in path)
        return super().may_be_imported(region) and self._source.imports(names)

    def _why_unreadable(self, region: Region, data: Data) -> str:
        value, key = region.get("value"), self.stored_key
        chosen = value.get(key) if isinstance(value, Mapping) else None
        if not isinstance(chosen, list):
            given = "" if chosen is None else f", but {shown(chosen)}"
            return f'the value of a region has no list "{key}"{given}'
        paths = [each if isinstance(each, list) else [each] for each in chosen]
        if any(not path or not all(isinstance(name, str) for name in path) for path in paths):
            return f'"{key}" of a region names something that is no class'
        if self.stores_paths and len(chosen) > 1 and all(isinstance(each, str) for each in chosen):
            return f'"{key}" of a region is one list, which may be one path or several classes'
        classes = self._source.of(data)
        for path in self.paths([region]):
            if classes.by_path(path) is None:
                return f"{shown(PATH_SEPARATOR.join(path))} is no class of it"
        return ""

    def unreadable(self, regions: Sequence[Region], data: Data) -> list[str]:
        found = super().unreadable(regions, data)
        if found or self.multiple:
            return found
        chosen: dict[str, list[Region]] = {}
        for region in regions:
            of = region.get("id") if self.per_region else region.get("item_index")
            chosen.setdefault(repr(of), []).append(region)
        counts = (len(set(map(tuple, self.paths(each)))) for each in chosen.values())
        return [f"{n} classes are chosen where one may be" for n in counts if n > 1]

    def selected(self, regions: Sequence[Region], data: Data) -> set[str]:
        classes = self._source.of(data)
        names: set[str] = set()
        for path in self.paths(regions):
            item = classes.by_path(path)
            names |= {path[-1], last_name(item), item.shown} if item else {path[-1]}
        return names

    def room(self, data: Data, length: int) -> int:
        rooms = self._source.of(data).rooms
        chosen = min(self.most or MOST_CHOSEN, MOST_CHOSEN) if self.multiple else 1
        return sum(rooms[:chosen])

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        if not self.multiple:
            return Agreement.exact(answer == truth)
        ours, theirs = set(map(str, _as_list(answer))), set(map(str, _as_list(truth)))
        total = len(ours) + len(theirs)
        return Agreement(ours == theirs, 2 * len(ours & theirs) / total if total else 1.0)

    def named(self, answer: Any) -> Sequence[str]:
        return [] if answer is None else [str(name) for name in _as_list(answer)]


def _as_list(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]
