"""``<Relations>``: arrows between the regions of an annotation.

They are named by the numbers the regions' items carry; in Label Studio's result a relation has no
value but the ids of both regions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.class_source import ClassSource
from ml_backend.labeling.bases.classes import AnswerClass
from ml_backend.labeling.bases.control import Agreement, Control, Data, Reading, objects_in, shown
from ml_backend.labeling.bases.evidence import Evidence, match
from ml_backend.labeling.bases.item_keys import as_list
from ml_backend.labeling.bases.room import INTEGER, room_of_key
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject, Region

DIRECTIONS = ("right", "left", "bi")
RELATION = "relation"
_KEYS = ("from", "to", "direction", "labels", "label")
FEWEST, MOST = 8, 100
"""Arrows that are let be between what the shortest text has, and the longest."""


class Relations(Control):
    """Normal form: a list of {from, to, direction, labels}, [] when nothing is related."""

    tag = "Relations"
    example = (
        '<Labels name="who" toName="text"><Label value="PER"/></Labels>'
        '<Relations><Relation value="met"/></Relations>',
        {
            "who": [
                {"id": 1, "quote": "Ada", "occurrence": 1, "label": "PER"},
                {"id": 2, "quote": "Mary", "occurrence": 1, "label": "PER"},
            ],
            "relations": [{"from": 1, "to": 2, "direction": "right", "labels": ["met"]}],
        },
    )
    names_objects = True
    needs_object = False

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        try:
            self._source: ClassSource | None = ClassSource(tag, "Relation")
        except ConfigError:
            self._source = None  # arrows without labels

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(item.sent for item in self._source.fixed) if self._source else ()

    def notes(self, known: Collection[str]) -> list[str]:
        return self._source.notes(known) if self._source is not None else []

    def schema(self, data: Data) -> JsonObject:
        properties: JsonObject = {
            "from": {"type": "integer"},
            "to": {"type": "integer"},
            "direction": {"type": "string", "enum": list(DIRECTIONS)},
        }
        if self._source is not None:
            properties["labels"] = {"type": "array", "items": self._source.of(data).enum()}
        item: JsonObject = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return {"type": ["array", "null"], "items": item}

    def room(self, data: Data, length: int) -> int:
        item = sum(map(room_of_key, ("from", "to", "direction", "labels", *DIRECTIONS[:1])))
        item += 2 * INTEGER + (sum(self._source.of(data).rooms[:2]) if self._source else 0)
        return item * min(max(FEWEST, length // 6), MOST)

    def describe(self, data: Data) -> str:
        text = (
            'a list of relations between the items above ([] if there is none), each {"from": the '
            '"id" of one item, "to": the "id" of another, "direction": "right" for one that leads '
            'from the first to the second, "left" for the other way, "bi" for both ways'
        )
        if self._source is None:
            return text + "}"
        return (
            f'{text}, "labels": a list of classes}}. Classes:\n{self._source.of(data).describe()}'
        )

    def to_regions(self, answer: object, data: Data) -> Reading:
        return self.relate(answer, {}, data)

    def relate(self, answer: object, ids: Mapping[int, str], data: Data) -> Reading:
        """The relations between regions whose numbers stand for these ids."""
        answer = as_list(answer, _KEYS)
        if answer is None:
            return Reading()
        if not isinstance(answer, list):
            return Reading(problems=(f"A list was expected, not {shown(answer)}.",))
        found: dict[tuple[str, str], Region] = {}
        problems: list[str] = []
        for item in answer:
            relation = self._relation(item, ids, data, problems)
            if isinstance(relation, str):
                problems.append(relation)
            else:
                # The editor keeps one relation from one region to another.
                ends = (relation["from_id"], relation["to_id"])
                kept = found.setdefault(ends, relation)
                if kept["direction"] != relation["direction"]:
                    problems.append("Two relations of the same items differ in direction.")
                    continue
                kept["labels"] = self._ordered([*kept["labels"], *relation["labels"]], data)
        return Reading(
            list(found.values()),
            problems=tuple(dict.fromkeys(problems)),
            answered=bool(found) or not answer,
        )

    def _relation(
        self, item: object, ids: Mapping[int, str], data: Data, problems: list[str]
    ) -> Region | str:
        if not isinstance(item, Mapping):
            return 'A relation must be an object with "from" and "to".'
        ends = []
        for name in ("from", "to"):
            number = to_number(item.get(name))
            region = ids.get(number) if isinstance(number, int) else None
            if region is None:
                given = number if isinstance(number, int) else shown(item.get(name))
                return f'"{name}": {given} is the "id" of no item that could be used, or of two.'
            ends.append(region)
        if ends[0] == ends[1]:
            return "A relation must lead to another item."
        direction = item.get("direction", DIRECTIONS[0])
        if direction not in DIRECTIONS:
            return f'"direction": {shown(direction)} is not one of {", ".join(DIRECTIONS)}.'
        return {
            "type": RELATION,
            "from_id": ends[0],
            "to_id": ends[1],
            "direction": direction,
            "labels": [label.sent for label in self._labels(item, data, problems)],
        }

    def _labels(
        self, item: Mapping[str, Any], data: Data, problems: list[str]
    ) -> list[AnswerClass]:
        given = item.get("labels", item.get("label"))
        names = given if isinstance(given, list) else [] if given is None else [given]
        found: dict[int, AnswerClass] = {}
        if self._source is None:
            return []
        classes = self._source.of(data)
        for name in names:
            label = classes.find(name)
            if label is None:
                problems.append(classes.unknown(name))
            else:
                found[label.order] = label
        return [found[order] for order in sorted(found)]

    def _ordered(self, sent: Sequence[str], data: Data) -> list[str]:
        """Stored names, each once, in the order of the config."""
        known = self._source.of(data).all if self._source is not None else ()
        return [label.sent for label in known if label.sent in sent]

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        return self.read(regions, {}, data)

    def read(self, regions: Sequence[Region], numbers: Mapping[str, int], data: Data) -> Any:
        """What the relations say of regions with these numbers by id."""
        items: list[JsonObject] = []
        for region in regions:
            start, end = (numbers.get(str(region.get(key))) for key in ("from_id", "to_id"))
            if region.get("type") != RELATION or start is None or end is None:
                continue
            direction = region.get("direction")
            item: JsonObject = {
                "from": start,
                "to": end,
                "direction": direction if direction in DIRECTIONS else DIRECTIONS[0],
            }
            if self._source is not None:
                item["labels"] = self._names(region.get("labels"), data)
            if item not in items:
                items.append(item)
        return items

    def unreadable_between(
        self, regions: Sequence[Region], ids: Collection[str], data: Data
    ) -> list[str]:
        """Why relations of an annotation whose regions have these ids cannot be read."""
        return [why for each in regions if (why := self._why(each, ids, data))]

    def _why(self, region: Region, ids: Collection[str], data: Data) -> str:
        if any(str(region.get(key)) not in ids for key in ("from_id", "to_id")):
            return "a relation leads to a region that is not there"
        direction = region.get("direction")
        if direction is not None and direction not in DIRECTIONS:
            return f'"direction" of a relation is {shown(direction)}, which is none'
        labels = region.get("labels")
        if labels is None or self._source is None:
            return ""
        if not isinstance(labels, list):
            return f'"labels" of a relation is {shown(labels)}, not a list'
        classes = self._source.of(data)
        known = (isinstance(each, str) and classes.by_path([each]) for each in labels)
        unknown = [each for each, found in zip(labels, known, strict=True) if not found]
        return f"{shown(unknown[0])} is no class of it" if unknown else ""

    def _names(self, sent: object, data: Data) -> list[str]:
        names: dict[str, int] = {}
        for name in sent if isinstance(sent, list) else ():
            if isinstance(name, str) and self._source is not None:
                known = self._source.of(data).by_path([name])
                names.setdefault(*((known.shown, known.order) if known else (name, 10**9)))
        return sorted(names, key=lambda name: names[name])

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Relations as written; ``LabelingConfig.compare`` puts what they relate in their place."""
        ours, theirs = set(map(_key, objects_in(answer))), set(map(_key, objects_in(truth)))
        total = len(ours) + len(theirs)
        return Agreement(ours == theirs, 2 * len(ours & theirs) / total if total else 1.0)

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        """Relations between the same items in the same direction, by their labels."""
        ours, theirs = self._arrows(answer), self._arrows(truth)
        alike = (
            (1.0, m, n)
            for m, (ends, _) in enumerate(ours)
            for n, (others, _) in enumerate(theirs)
            if ends == others
        )
        given, true = [label for _, label in ours], [label for _, label in theirs]
        return Evidence(
            [
                (None if n is None else true[n], None if m is None else given[m])
                for n, m in match(alike, given, true)
            ]
        )

    def _arrows(self, answer: Any) -> list[tuple[str, str]]:
        """What each relation leads from and to, with one of its labels."""
        return [
            (repr([item.get(key) for key in ("from", "to", "direction")]), str(label))
            for item in objects_in(answer)
            for label in item.get("labels") or [self.tag]
        ]


def _key(item: Mapping[str, Any]) -> str:
    return repr(sorted(item.items()))
