"""``<Labels>`` on ``<Text>``: spans, asked for as quotes and located by us.

A region's ``start`` and ``end`` count code points, end exclusive, as the editor does for Text; its
``text`` is cut from the task's own text, since the editor keeps a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.classes import AnswerClass, Classes
from ml_backend.labeling.control import Agreement, Control, Data, Reading, shown, to_number
from ml_backend.labeling.object_tag import ObjectTag
from ml_backend.labeling.objects.text import Text
from ml_backend.labeling.spans import Miss, Offsets, Quotable, overlap
from ml_backend.labeling.tags import Tag
from ml_backend.records import JsonObject, Region

Found = tuple[int, int, AnswerClass]


class Labels(Control):
    """Normal form: a list of {quote, occurrence, label} in text order, [] when nothing is there."""

    tag = "Labels"
    names_objects = True

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        if not isinstance(objects[0], Text):
            raise ConfigError(f"labeling parts of <{objects[0].tag}> is not supported yet")
        self._text = objects[0]
        self._classes = Classes(tag, "Label")
        self.multiple = tag.get("choice").lower() == "multiple"

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes.sent

    def schema(self, data: Data) -> JsonObject:
        span: JsonObject = {
            "type": "object",
            "properties": {
                "quote": {"type": "string"},
                "occurrence": {"type": "integer"},
                "label": self._classes.enum(),
            },
            "required": ["quote", "occurrence", "label"],
            "additionalProperties": False,
        }
        return {"type": self.nullable("array"), "items": span}

    def describe(self, data: Data) -> str:
        empty = "at least one" if self.required else "[] if there is none"
        return (
            f'a list of the spans in "{self._text.field}" to label ({empty}), each '
            '{"quote": the words exactly as in the text, "occurrence": 1 for the first place '
            'these words occur, 2 for the second …, "label": a class}. Classes:\n'
            f"{self._classes.describe()}"
        )

    def to_regions(self, answer: object, data: Data) -> Reading:
        if answer is None:
            return Reading(answer=[])
        if not isinstance(answer, list):
            return Reading(problems=(f"A list of spans was expected, not {shown(answer)}.",))
        text = Quotable(self._text.selectable(data))
        found: dict[tuple[int, int, int], Found] = {}
        problems = []
        for item in answer:
            span = self._locate(item, text)
            if isinstance(span, str):
                problems.append(span)
            else:
                found[(span[0], span[1], span[2].order)] = span
        spans = [found[key] for key in sorted(found)]
        return Reading(
            self._regions(spans, text.text),
            [_to_item(text, start, end, label.shown) for start, end, label in spans],
            tuple(dict.fromkeys(problems)),
            answered=bool(spans) or not answer,
        )

    def _locate(self, item: object, text: Quotable) -> Found | str:
        """The span, or the reason why there is none."""
        if not isinstance(item, Mapping) or not isinstance(item.get("quote"), str):
            return 'A span must be an object with "quote", "occurrence" and "label".'
        quote = item["quote"]
        label = self._classes.find(item.get("label"))
        if label is None:
            unknown = self._classes.unknown(item.get("label"))
            return f"The label of the quote {shown(quote)}: {unknown}"
        occurrence = to_number(item.get("occurrence"))
        place = text.find(quote, occurrence if isinstance(occurrence, int) else None)
        if place is Miss.EMPTY:
            return "A quote is empty."
        if place is Miss.ABSENT:
            return f'The quote {shown(quote)} is not in "{self._text.field}".'
        if isinstance(place, Miss):
            return (
                f'The quote {shown(quote)} fits several places in "{self._text.field}" and '
                f"occurrence {shown(item.get('occurrence')) if occurrence is None else occurrence}"
                " is none of them."
            )
        return (*place, label)

    def _regions(self, spans: Sequence[Found], text: str) -> list[Region]:
        regions: list[Region] = []
        previous: Offsets | None = None
        for start, end, label in spans:
            if self.multiple and previous == (start, end):
                regions[-1]["value"]["labels"].append(label.sent)
                continue
            value: JsonObject = {"start": start, "end": end, "labels": [label.sent]}
            if self._text.saves_quotes:
                value["text"] = text[start:end]
            regions.append(self.region(value))
            previous = (start, end)
        return regions

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        text = Quotable(self._text.selectable(data))
        found: dict[tuple[int, int, int, str], JsonObject] = {}
        for start, end, sent in _labelled(regions, text):
            label = self._classes.by_sent(sent)
            name, order = (label.shown, label.order) if label else (sent, 10**9)
            found[(start, end, order, name)] = _to_item(text, start, end, name)
        return [found[key] for key in sorted(found)]

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Exact: the same spans with the same labels. Score: F1 over the characters labelled.

        Without the task's data, spans that are not identical count as not overlapping.
        """
        ours, theirs = _spans(answer), _spans(truth)
        if ours == theirs:
            return Agreement.exact(True)
        places = _places(ours | theirs, "" if data is None else self._text.selectable(data))
        shared = total = 0
        for label in {label for *_, label in ours | theirs}:
            both, left, right = overlap(
                [places[span[:2]] for span in ours if span[2] == label],
                [places[span[:2]] for span in theirs if span[2] == label],
            )
            shared, total = shared + both, total + left + right
        return Agreement(False, 2 * shared / total if total else 0.0)


def _to_item(text: Quotable, start: int, end: int, label: str) -> JsonObject:
    return {
        "quote": text.text[start:end],
        "occurrence": text.occurrence(start, end),
        "label": label,
    }


def _labelled(regions: Iterable[Region], text: Quotable) -> Iterator[tuple[int, int, str]]:
    """Start, end and each label of the regions that lie in the text."""
    for region in regions:
        value = region.get("value")
        if not isinstance(value, Mapping) or not isinstance(value.get("labels"), list):
            continue
        start, end = to_number(value.get("start")), to_number(value.get("end"))
        if not isinstance(start, int) or not isinstance(end, int):
            continue
        if 0 <= start < end <= len(text.text):
            for label in value["labels"]:
                if isinstance(label, str):
                    yield start, end, label


def _spans(answer: Any) -> set[tuple[str, int, str]]:
    items = answer if isinstance(answer, list) else []
    return {
        (item["quote"], item["occurrence"], item["label"])
        for item in items
        if isinstance(item, Mapping)
        and isinstance(item.get("quote"), str)
        and isinstance(item.get("occurrence"), int)
        and isinstance(item.get("label"), str)
    }


def _places(spans: Iterable[tuple[str, int, str]], content: str) -> dict[tuple[str, int], Offsets]:
    """Where each span is; one that is not in the content gets a stretch of its own behind it."""
    text, behind = Quotable(content), len(content)
    places: dict[tuple[str, int], Offsets] = {}
    for quote, occurrence, _ in spans:
        if (quote, occurrence) not in places:
            found = text.find(quote, occurrence)
            if isinstance(found, Miss):
                behind += 1 + len(quote)
                found = (behind - len(quote), behind)
            places[quote, occurrence] = found
    return places
