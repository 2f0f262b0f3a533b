"""Controls that label spans of a text: asked for as quotes, located by us.

What a region's value looks like is the object's matter (see ``selectable``); its ``text`` is cut
from the task's own text, since the editor keeps a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.control import Agreement, Data, shown
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.labeling.bases.place_reader import Draft, PlaceReader
from ml_backend.labeling.bases.region_control import NUMBER, RegionControl
from ml_backend.labeling.bases.room import INTEGER
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.selectable import Passage, Selectable
from ml_backend.labeling.task_data.values import to_number
from ml_backend.labeling.text.same_text import is_same_text
from ml_backend.labeling.text.shown_text import ShownText
from ml_backend.labeling.text.spans import Miss, Offsets, overlap
from ml_backend.records import JsonObject, Region

FEWEST_SPANS, MOST_SPANS = 8, 400
"""Spans that are let be in the shortest text, and in the longest."""

QUOTE = "quote"
FEWEST_IN_DOUBT = 50
"""Spans that the shortest text is let have before they are taken for running on."""

Span = tuple[str, int, str]


class SpanControl(RegionControl):
    """Normal form: a list of {quote, occurrence, label} in text order, [] when nothing is there."""

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        if not isinstance(objects[0], Selectable):
            raise ConfigError(
                f"parts of <{objects[0].tag}> cannot be labelled with <{tag.written}>"
            )
        self._object: Selectable = objects[0]
        super().__init__(tag, objects)

    def place_schema(self, data: Data) -> JsonObject:
        return {"quote": {"type": "string"}, "occurrence": {"type": "integer"}}

    def describe_list(self, data: Data) -> str:
        return f'the spans in "{self._object.field}" to label'

    def describe_place(self, data: Data) -> str:
        return (
            '"quote": the words exactly as in the text, "occurrence": 1 for the first place '
            "these words occur, 2 for the second …"
        )

    def likely_items(self, data: Data, length: int) -> int:
        # A token in six is a word in two: more labels than that have no words left to stand on.
        return min(max(FEWEST_SPANS, length // 6), MOST_SPANS)

    def more_than_any(self, data: Data, length: int) -> int | None:
        # Two for each word, and a word has a token at the least.
        return max(FEWEST_IN_DOUBT, 2 * length)

    def longest_quote(self, data: Data) -> int | None:
        # Twice the text: as HTML or with escapes it may be written longer.
        return FEWEST_IN_DOUBT + 2 * self._object.passage(data).longest

    def room_of_place(self) -> int:
        return INTEGER

    def room_of_quotes(self, length: int) -> int:
        return 2 * length

    def reader(self, data: Data) -> PlaceReader:
        return _SpanReader(self._object, self._object.passage(data))

    def _why(self, region: Region, reader: PlaceReader, data: Data) -> str:
        why = super()._why(region, reader, data)
        placed = None if why else reader.back(region["value"], region)
        words = region["value"].get("text") if placed else None
        if placed is None or not isinstance(words, str):
            return why
        held = placed[1]["quote"]
        if is_same_text(words, held):
            return ""
        return f"a region's text is {shown(words)}, and at its place stands {shown(held)}"

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Exact: the same spans, labelled the same, and the same said of each.

        Score: F1 over the characters labelled. Without the task's data, spans that are not
        identical count as not overlapping.
        """
        ours, theirs = _spans(answer), _spans(truth)
        if ours == theirs:
            return Agreement(_asked(answer) == _asked(truth), 1.0)
        counts = self._overlap(ours, theirs, data).values()
        shared, total = sum(c[0] for c in counts), sum(c[1] + c[2] for c in counts)
        return Agreement(False, 2 * shared / total if total else 0.0)

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        """Spans that are the same to the letter, and the characters labelled."""
        found = super().evidence(answer, truth, data)
        found.overlap = self._overlap(_spans(answer), _spans(truth), data)
        return found

    def _overlap(
        self, ours: set[Span], theirs: set[Span], data: Data | None
    ) -> dict[str, tuple[int, int, int]]:
        """Label -> characters labelled by both, by ours, by theirs."""
        passage = Passage("") if data is None else self._object.passage(data)
        places = _places(ours | theirs, passage)
        return {
            label: overlap(
                [places[span[:2]] for span in ours if span[2] == label],
                [places[span[:2]] for span in theirs if span[2] == label],
            )
            for label in sorted({label for *_, label in ours | theirs})
        }


class _SpanReader(PlaceReader):
    shape = 'A span must be an object with "quote", "occurrence" and "label".'

    def __init__(self, thing: Selectable, passage: Passage) -> None:
        self._thing = thing
        self._passage = passage
        self._quotable = passage.quotable()

    def name(self, item: Mapping[str, Any]) -> str:
        quote = item.get("quote")
        return f"the quote {shown(quote)}" if isinstance(quote, str) else ""

    def read(self, item: Mapping[str, Any]) -> Draft | str:
        quote = item.get("quote")
        if not isinstance(quote, str):
            return self.shape
        occurrence = to_number(item.get("occurrence"))
        place = self._find(quote, occurrence if isinstance(occurrence, int) else None)
        if place is Miss.EMPTY:
            return "A quote is empty."
        if place is Miss.ABSENT:
            return f'The quote {shown(quote)} is not in "{self._thing.field}".'
        if place is Miss.INSIDE:
            word = shown(self._quotable.word_around(quote))
            return (
                f'The quote {shown(quote)} is not in "{self._thing.field}" as a word of its own, '
                f"only inside {word}: quote whole words."
            )
        if place is Miss.COSTLY:
            return f"The quote {shown(quote)} was not looked for: too many others were not there."
        if isinstance(place, Miss):
            given = shown(item.get("occurrence")) if occurrence is None else occurrence
            return (
                f'The quote {shown(quote)} fits several places in "{self._thing.field}", and '
                f"occurrence {given} tells none of them: quote the very words, and count from 1."
            )
        start, end = self._passage.snap(*place)
        value = self._passage.to_place(start, end)
        if self._thing.saves_quotes:
            value["text"] = self._passage.words(start, end)
        return Draft(value, order=(start, end))

    def _find(self, quote: str, occurrence: int | None) -> Offsets | Miss:
        """Where a quote is in the text, or else in what was shown of it."""
        place = self._quotable.find(quote, occurrence)
        if place not in (Miss.ABSENT, Miss.INSIDE) or self._shown is None:
            return place
        found = self._shown.find(quote, occurrence)
        return place if found in (Miss.ABSENT, Miss.INSIDE) else found

    @cached_property
    def _shown(self) -> ShownText | None:
        return self._passage.shown()

    def is_somewhere(self, value: Mapping[str, Any], region: Region) -> bool:
        return self._passage.from_place(value) is not None

    def back(
        self, value: Mapping[str, Any], region: Region
    ) -> tuple[tuple[Any, ...], JsonObject] | None:
        place = self._passage.from_place(value)
        if place is None:
            return None
        start, end = place
        quote = self._passage.text[start:end]
        return place, {"quote": quote, "occurrence": self._quotable.occurrence(start, end)}


def _spans(answer: Any) -> set[Span]:
    return {
        (item["quote"], item["occurrence"], item["label"])
        for item in (answer if isinstance(answer, list) else [])
        if isinstance(item, Mapping)
        and isinstance(item.get("quote"), str)
        and isinstance(item.get("occurrence"), int)
        and isinstance(item.get("label"), str)
    }


def _asked(answer: Any) -> list[str]:
    """What is said of each span, in an order that does not depend on the items'."""
    items = answer if isinstance(answer, list) else []
    said = (
        sorted((key, repr(value)) for key, value in item.items() if key != NUMBER)
        for item in items
        if isinstance(item, Mapping)
    )
    return sorted(map(repr, said))


def _places(spans: Iterable[Span], passage: Passage) -> dict[tuple[str, int], Offsets]:
    """Where each span is; one that is not in the text gets a stretch of its own behind it."""
    text, behind = passage.quotable(), len(passage.text)
    places: dict[tuple[str, int], Offsets] = {}
    for quote, occurrence, _ in spans:
        if (quote, occurrence) not in places:
            found = text.find(quote, occurrence)
            if isinstance(found, Miss):
                behind += 1 + len(quote)
                found = (behind - len(quote), behind)
            places[quote, occurrence] = found
    return places
