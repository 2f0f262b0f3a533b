"""Controls that mark parts of an object: a list of items in the answer, a region for each.

What other controls ask about each region (``perRegion``, and ``<Labels>`` on an image) is part of
its item, under their own names, and becomes regions of the same id.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from textwrap import indent
from typing import Any

from ml_backend.labeling.bases.class_source import ClassSource
from ml_backend.labeling.bases.control import Control, Data, Reading, content_id, objects_in, shown
from ml_backend.labeling.bases.evidence import Evidence, match
from ml_backend.labeling.bases.item_keys import as_list
from ml_backend.labeling.bases.nulls import or_null
from ml_backend.labeling.bases.place_reader import Draft, PlaceReader
from ml_backend.labeling.bases.region_room import RegionRoom
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject, Region

Item = Mapping[str, Any]

NUMBER = "id"
"""Of an item, where the config has relations: what they name it by."""


class RegionControl(RegionRoom):
    """Normal form: a list of items, [] when nothing is marked.

    A subclass says how the place of one item is asked for, read and given back; labels,
    companions, numbers and ids are done here.
    """

    makes_regions = True
    names_objects = True
    has_labels = True

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        self._source = ClassSource(tag, "Label") if self.has_labels else None
        self.multiple = tag.get("choice").lower() == "multiple"
        self.companions: dict[str, Control] = {}
        """What is asked about each region: key in the item -> control."""
        self.is_numbered = False

    # For subclasses

    @abstractmethod
    def describe_place(self, data: Data) -> str:
        """What they are, as the beginning of a JSON object without braces."""

    @abstractmethod
    def describe_list(self, data: Data) -> str:
        """What is to be marked, in the plural: 'the spans in "text" to label'."""

    @abstractmethod
    def reader(self, data: Data) -> PlaceReader:
        """What reads the places of one task's items."""

    # Companions

    def ask_about_each(self, control: Control) -> None:
        """Let a control be asked about each region."""
        taken = {NUMBER, "label", *self.place_schema({})}
        if not self.has_labels:
            taken.discard("label")
        name = control.name
        while name in taken or name in self.companions:
            name += "_"
        self.companions[name] = control

    @property
    def depends_on_data(self) -> bool:
        varies = self._source is not None and self._source.varies
        return varies or any(control.depends_on_data for control in self.companions.values())

    @property
    def classes(self) -> tuple[str, ...]:
        own = tuple(item.sent for item in self._source.fixed) if self._source else ()
        more = (name for control in self.companions.values() for name in control.classes)
        return tuple(dict.fromkeys([*own, *more]))

    # Schema and description

    def most_items(self, data: Data) -> int | None:
        classes = self._source.of(data).all if self._source is not None else ()
        limits = [item.most for item in classes if item.most]
        return sum(limits) if limits and len(limits) == len(classes) else None

    def notes(self, known: Collection[str]) -> list[str]:
        return self._source.notes(known) if self._source is not None else []

    def schema(self, data: Data) -> JsonObject:
        properties: JsonObject = {NUMBER: {"type": "integer"}} if self.is_numbered else {}
        properties |= self.place_schema(data)
        if self._source is not None:
            classes = self._source.of(data)
            if not classes.all:
                return {"type": "null"}
            properties["label"] = classes.enum()
        for name, control in self.companions.items():
            properties[name] = control.schema(data)
        item: JsonObject = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return {"type": self.nullable("array"), "items": item}

    def describe(self, data: Data) -> str:
        empty = "at least one" if self.required else "[] if there is none"
        parts = [f'"{NUMBER}": a number of your own for it'] if self.is_numbered else []
        parts.append(self.describe_place(data))
        classes = ""
        if self._source is not None:
            known = self._source.of(data)
            if not known.all:
                return f'null: this task brings no classes in "{self._source.whereabouts}"'
            parts.append('"label": a class')
            classes = f". {self._source.title}:\n{known.describe()}"
        lines = []
        for name, control in self.companions.items():
            parts.append(f'"{name}": see below')
            text = f'"{name}" of each{_only(control)}: {control.describe(data)}'
            lines.append(indent(text, "  "))
        head = f"a list of {self.describe_list(data)} ({empty}), each {{{', '.join(parts)}}}"
        return "\n".join([head + classes, *lines])

    # Answer -> regions

    def meant(self, answer: object) -> object:
        """The list of items that an answer means, by the names asked for."""
        own = [*([NUMBER] if self.is_numbered else []), *(["label"] if self._source else [])]
        return as_list(answer, [*own, *self.place_schema({}), *self.companions])

    def to_regions(self, answer: object, data: Data) -> Reading:
        given, answer = answer, self.meant(answer)
        if answer is None:
            return Reading()
        if not isinstance(answer, list):
            return Reading(problems=(f"A list was expected, not {shown(answer)}.",))
        reader = self.reader(data)
        doubt = reader.doubt(answer)
        if doubt:
            return Reading(problems=(doubt,))
        problems: list[str] = []
        drafts = []
        for place, item in enumerate(answer):
            draft = self._draft(item, data, reader, problems)
            if draft is not None:
                draft.items = [place]
                drafts.append(draft)
        drafts.sort(key=lambda draft: draft.order)
        regions, numbers, items = self._assemble(drafts)
        return Reading(
            regions,
            tuple(dict.fromkeys(problems)),
            answered=bool(regions) or not answer,
            numbers=numbers,
            items=items if isinstance(given, list) else {},
        )

    def _draft(
        self, item: object, data: Data, reader: PlaceReader, problems: list[str]
    ) -> Draft | None:
        if not isinstance(item, Mapping):
            problems.append(reader.shape)
            return None
        what = reader.name(item)
        label = None
        if self._source is not None:
            classes = self._source.of(data)
            label = classes.find(item.get("label"))
            if label is None and what:
                problems.append(f"The label of {what}: {classes.unknown(item.get('label'))}")
                return None
        draft = reader.read(item)
        if isinstance(draft, str):
            problems.append(draft)
            return None
        if label is not None:
            draft.labels.append(label)
            draft.order = (*draft.order, label.order)
        for name, control in self.companions.items():
            reading = control.to_regions(or_null(control, item.get(name), data), data)
            problems += [f'"{name}" of {what}: {message}' for message in reading.problems]
            draft.asked[name] = reading.regions
        number = to_number(item.get(NUMBER))
        draft.numbers = [number] if isinstance(number, int) else []
        return draft

    def _assemble(
        self, drafts: Sequence[Draft]
    ) -> tuple[list[Region], dict[int, str], dict[int, str]]:
        """The regions of the drafts, doubles left out; which number, which item became which."""
        merged: dict[str, Draft] = {}
        for draft in drafts:
            said = [
                (each["from_name"], each["value"]) for of in draft.asked.values() for each in of
            ]
            labels = [] if self.multiple else draft.labels
            first = merged.setdefault(repr((draft.place, draft.more, labels, said)), draft)
            if first is not draft:
                first.labels += [label for label in draft.labels if label not in first.labels]
                first.numbers += draft.numbers
                first.items += draft.items
        regions: list[Region] = []
        numbers: dict[int, str] = {}
        items: dict[int, str] = {}
        taken: set[str] = set()
        for draft in merged.values():
            draft.labels.sort(key=lambda label: label.order)
            group = self._group(draft)
            _tell_apart(group, taken)
            regions += group
            taken.add(group[0]["id"])
            items.update((place, group[0]["id"]) for place in draft.items)
            for number in draft.numbers:  # one that several items bear names none of them
                known = numbers.setdefault(number, group[0]["id"])
                numbers[number] = known if known == group[0]["id"] else ""
        return regions, numbers, items

    def _group(self, draft: Draft) -> list[Region]:
        """A region, and behind it what the companions say of it."""
        value = dict(draft.place)
        if self._source is not None:
            value[self.tag.lower()] = [label.sent for label in draft.labels]
        main = self.region(value)
        main.update(draft.more)
        group = [main]
        for said in draft.asked.values():
            for region in said:
                region["value"] = {**draft.place, **region["value"]}
                region.update({"id": main["id"], "to_name": self.to_name}, **draft.more)
                group.append(region)
        return group

    # Comparing

    def likeness(
        self, ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[float, int, int]]:
        """(how alike, place in ours, place in theirs) of items that mark the same place."""
        keys = list(self.place_schema({}))
        places: dict[str, list[int]] = {}
        for n, item in enumerate(theirs):
            places.setdefault(repr([item.get(key) for key in keys]), []).append(n)
        for m, item in enumerate(ours):
            for n in places.get(repr([item.get(key) for key in keys]), ()):
                yield 1.0, m, n

    def matched(self, answer: Any, truth: Any) -> list[tuple[Item | None, Item | None]]:
        """The truth's items beside those of the answer that mark the same place."""
        ours, theirs = objects_in(answer), objects_in(truth)
        given, true = list(map(self.class_of, ours)), list(map(self.class_of, theirs))
        return [
            (None if n is None else theirs[n], None if m is None else ours[m])
            for n, m in match(self.likeness(ours, theirs), given, true)
        ]

    def _counted(self, item: Item | None) -> str | None:
        return None if item is None else self.class_of(item)

    def class_of(self, item: Item) -> str:
        """What an item is counted as; one without a label as its tag."""
        label = item.get("label")
        return label if self.has_labels and isinstance(label, str) else self.tag

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        return Evidence(
            [
                (self._counted(right), self._counted(left))
                for right, left in self.matched(answer, truth)
            ]
        )

    def said_of_each(self, answer: Any, truth: Any) -> dict[str, list[tuple[Any, Any]]]:
        """Companion -> (what the answer says, what the truth says) of each region of either.

        None where one has no such region or says nothing of it.
        """
        pairs = self.matched(answer, truth) if self.companions else []
        return {
            control.name: [((left or {}).get(key), (right or {}).get(key)) for right, left in pairs]
            for key, control in self.companions.items()
        }

    # Regions -> answer

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        return [item for _, item in self.items(regions, data)]

    def items(self, regions: Sequence[Region], data: Data) -> list[tuple[str, JsonObject]]:
        """The items these regions say, with the ids of their regions, in the answer's order."""
        reader = self.reader(data)
        of: dict[tuple[Any, str], list[Region]] = {}
        for region in regions:
            of.setdefault((region.get("from_name"), str(region.get("id", ""))), []).append(region)
        found: dict[tuple[str, str], tuple[tuple[Any, ...], str, JsonObject]] = {}
        for region in regions:
            if region.get("from_name") != self.name:
                continue
            region_id = str(region.get("id", ""))
            value = region.get("value")
            placed = reader.back(value, region) if isinstance(value, Mapping) else None
            if placed is None:
                continue
            order, place = placed
            asked = {
                name: control.to_answer(of.get((control.name, region_id), []), data)
                for name, control in self.companions.items()
            }
            for key, label in self._labels(value, data):
                item = {**place, **({"label": label} if label is not None else {}), **asked}
                said = (repr(item), region_id if reader.repeats else "")
                found.setdefault(said, ((*order, *key), region_id, item))
        ordered = sorted(found.values(), key=lambda entry: entry[0])
        return [(region_id, item) for _, region_id, item in ordered]

    def _labels(self, value: Any, data: Data) -> Iterator[tuple[tuple[Any, ...], str | None]]:
        """Sort key and name of each label of a region; a single None where it needs none."""
        if self._source is None:
            yield (), None
            return
        names = value.get(self.tag.lower())
        classes = self._source.of(data)
        for sent in names if isinstance(names, list) else ():
            if isinstance(sent, str):
                known = classes.by_path([sent])
                # A class that left the config keeps its stored name: it must not pass for another.
                yield ((known.order, ""), known.shown) if known else ((10**9, sent), sent)

    def unreadable(self, regions: Sequence[Region], data: Data) -> list[str]:
        reader = self.reader(data)
        return [why for each in regions if (why := self._why(each, reader, data))]

    def _why(self, region: Region, reader: PlaceReader, data: Data) -> str:
        value = region.get("value")
        if not isinstance(value, Mapping) or not reader.is_somewhere(value, region):
            return "a region says no place of what the task shows"
        return (
            "" if self._source is None else self._source.of(data).unreadable(value, self.stored_key)
        )

    def labels_of(self, region: Region, data: Data) -> set[str]:
        """What a region is labelled with, as stored and as shown."""
        if self._source is None:
            return set()
        shown_too = (name for _, name in self._labels(region["value"], data) if name)
        return {*self.stored_labels(region), *shown_too}

    def stored_labels(self, region: Region) -> Sequence[str]:
        names = region["value"].get(self.tag.lower())
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    def may_be_imported(self, region: Region) -> bool:
        known = self._source is None or self._source.imports(self.stored_labels(region))
        return super().may_be_imported(region) and known

    def role_of(self, region: Region) -> str:
        """Who speaks in a region, where it is a message; for conditions."""
        return ""

    def usage_limits(self, data: Data) -> dict[str, int]:
        if self._source is None:
            return {}
        return {item.sent: item.most for item in self._source.of(data).all if item.most}


def _tell_apart(group: Sequence[Region], ids: Collection[str]) -> None:
    """Regions that say the same, but of which different things are said, get ids of their own."""
    region_id = group[0]["id"]
    while region_id in ids:
        region_id = content_id(region_id)
    for region in group:
        region["id"] = region_id


def _only(control: Control) -> str:
    reasons = [condition.describe() for condition in control.conditions]
    return f" (only {' and '.join(reasons)}; else null)" if reasons else ""
