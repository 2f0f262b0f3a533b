"""``<Ranker>``: the items of a ``<List>`` in order, or put into ``<Bucket>``s.

What Label Studio stores: ids as strings, under the tag's own name or under each bucket's; what is
in no bucket under "_" (tags/control/Ranker of its editor).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.control import Agreement, Control, Data, Reading, last_value, shown
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.labeling.bases.room import room_of_key
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.objects.list import List
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.records import JsonObject, Region

UNSORTED = "_"


class Ranker(Control):
    """Normal form: all ids, best first; with buckets {bucket: [ids]}; None when nothing is said."""

    tag = "Ranker"
    example = (
        '<Ranker name="rank" toName="items"/>',
        {"rank": ["b", "a"]},
    )

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        if not isinstance(objects[0], List):
            raise ConfigError("its toName must name a <List>")
        self._list: List = objects[0]
        buckets = [child for child in tag.children if child.kind == "bucket" and child.get("name")]
        self.buckets = {child.get("name"): child.get("title") for child in buckets}
        default = [child.get("name") for child in buckets if child.is_true("default")]
        self._rest = default[0] if default else UNSORTED

    @property
    def depends_on_data(self) -> bool:
        return True

    def most_items(self, data: Data) -> int | None:
        return None if self.buckets else len(self._list.ids(data)) or None

    def schema(self, data: Data) -> JsonObject:
        ids = self._list.ids(data)
        if not ids:
            return {"type": "null"}
        items: JsonObject = {"type": "array", "items": {"type": "string", "enum": ids}}
        if not self.buckets:
            return {**items, "type": self.nullable("array")}
        return {
            "type": self.nullable("object"),
            "properties": dict.fromkeys(self.buckets, items),
            "required": list(self.buckets),
            "additionalProperties": False,
        }

    def room(self, data: Data, length: int) -> int:
        ids = sum(map(room_of_key, self._list.ids(data)))
        return ids + sum(map(room_of_key, self.buckets))

    def describe(self, data: Data) -> str:
        field = self._list.field
        if not self._list.ids(data):
            return f'null: this task brings no ids in "{field}"'
        if not self.buckets:
            return self.or_null(f'a list of all ids in "{field}", the best first')
        names = ", ".join(
            f'"{name}"' + (f" ({title})" if title else "") for name, title in self.buckets.items()
        )
        return self.or_null(
            f'an object with a list of ids from "{field}" for each of {names}; each id once at '
            "most, the best first"
        )

    def to_regions(self, answer: object, data: Data) -> Reading:
        if answer is None:
            return Reading()
        known = self._list.ids(data)
        if not known:
            return Reading(problems=(f'This task brings no ids in "{self._list.field}".',))
        problems: list[str] = []
        if not self.buckets:
            if isinstance(answer, Mapping):
                answer = answer.get(self.name)
            ids = self._ids(answer, known, set(), problems)
            if not ids:
                return Reading(problems=tuple(dict.fromkeys(problems)) or ("No id was given.",))
            rest = [each for each in known if each not in ids]
            ranked = [*ids, *rest]
            if rest:
                problems.append(f"{_some(rest)} not ranked: put last, in the task's order.")
            return Reading(
                [self._region({self.name: ranked})], tuple(dict.fromkeys(problems)), answered=True
            )
        if not isinstance(answer, Mapping):
            return Reading(problems=(f"An object of lists was expected, not {shown(answer)}.",))
        names = {*self.buckets, UNSORTED}
        problems += [f"{shown(name)} is no bucket." for name in answer if name not in names]
        if not answer:
            problems.append("No bucket was given.")
        used: set[str] = set()
        sorted_in = {
            name: self._ids(answer.get(name), known, used, problems) for name in self.buckets
        }
        rest = [each for each in known if each not in used]
        if self._rest != UNSORTED:
            sorted_in[self._rest] += rest
            columns = dict(sorted_in)
        else:
            columns = {UNSORTED: rest, **sorted_in}
        if problems and not used:
            return Reading(problems=tuple(problems))
        return Reading([self._region(columns)], tuple(dict.fromkeys(problems)), answered=True)

    def _ids(
        self, given: object, known: Sequence[str], used: set[str], problems: list[str]
    ) -> list[str]:
        """The known ids of a list, each once."""
        found: list[str] = []
        if given is None:
            return found
        if not isinstance(given, list):
            problems.append(f"A list of ids was expected, not {shown(given)}.")
            return found
        for each in given:
            name = str(each) if isinstance(each, int) and not isinstance(each, bool) else each
            if not isinstance(name, str) or name not in known:
                problems.append(f'{shown(each)} is no id in "{self._list.field}".')
            elif name in used:
                problems.append(f"{shown(name)} is there twice: its first place counts.")
            else:
                used.add(name)
                found.append(name)
        return found

    def _region(self, columns: JsonObject) -> Region:
        return self.region({"ranker": columns})

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        stored = last_value(regions, "ranker")
        if not isinstance(stored, Mapping):
            return None
        columns = {name: _texts(ids) for name, ids in stored.items() if isinstance(ids, list)}
        if not self.buckets:
            return columns.get(self.name) or None
        return {name: columns.get(name, []) for name in self.buckets}

    def _why_unreadable(self, region: Region, data: Data) -> str:
        why = super()._why_unreadable(region, data)
        columns = {} if why else region["value"]["ranker"]
        if self.buckets:
            names = {*self.buckets, UNSORTED}
            strangers = [name for name, ids in columns.items() if name not in names and ids]
            if strangers:
                return f"{shown(strangers[0])} is no bucket of it"
        used: set[str] = set()
        for each in (each for ids in columns.values() for each in _texts(ids)):
            if each in used:
                return f"{shown(each)} is there twice"
            used.add(each)
        return why

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Score: of a ranking, the share of pairs in the same order; of buckets, of items alike."""
        if not self.buckets:
            return Agreement(answer == truth, _pairs_in_order(answer, truth))
        ours, theirs = _columns(answer), _columns(truth)
        ids = ours.keys() | theirs.keys()
        same = sum(ours.get(each) == theirs.get(each) for each in ids)
        return Agreement(answer == truth, same / len(ids) if ids else 1.0)

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        """Kendall's tau of a ranking; of buckets, which one each item is in."""
        if not self.buckets:
            several = len(_texts(truth)) > 1
            return Evidence(orders=[2 * _pairs_in_order(answer, truth) - 1] if several else [])
        ours, theirs = _columns(answer), _columns(truth)
        return Evidence([(theirs.get(each), ours.get(each)) for each in {**theirs, **ours}])


def _pairs_in_order(answer: Any, truth: Any) -> float:
    """(1 + Kendall's tau) / 2 over the ids both have; 0 when that is fewer than the truth has."""
    ours = {each: n for n, each in enumerate(_texts(answer))}
    wanted = _texts(truth)
    pairs = [(a, b) for n, a in enumerate(wanted) for b in wanted[n + 1 :]]
    if not pairs:
        return float(answer == truth)
    return sum(a in ours and b in ours and ours[a] < ours[b] for a, b in pairs) / len(pairs)


def _columns(answer: Any) -> dict[str, str]:
    """Id -> the bucket it is in."""
    columns = answer if isinstance(answer, Mapping) else {}
    return {each: name for name, ids in columns.items() for each in _texts(ids)}


def _some(ids: Sequence[str]) -> str:
    """The first of some ids, with the verb."""
    names = ", ".join(map(shown, ids[:5])) + (", …" if len(ids) > 5 else "")
    return f"{names} {'is' if len(ids) == 1 else 'are'}"


def _texts(given: Any) -> list[str]:
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
