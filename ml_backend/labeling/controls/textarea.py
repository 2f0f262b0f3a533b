"""``<TextArea>``: free text, one or several."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.control import Agreement, Control, Data, Reading, shown
from ml_backend.labeling.bases.room import NOTE, room_of_text
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import UNSTORABLE, is_blank, storable, to_number
from ml_backend.records import JsonObject, Region

MOST_TEXTS = 10
"""Texts that one answer can reasonably have in one box."""
MOST_REPEATED = 200
"""Texts that are more than anybody writes into one box: a list of them runs on."""
_NULL = '"null" as a text may be the word or no text: null without quotes is no text.'


def is_prompt_area(name: str) -> bool:
    """Return whether a text area of this name is where labelers type a prompt for the model."""
    return name.lower().startswith("prompt")


class TextArea(Control):
    """Normal form: with ``maxSubmissions="1"`` a string, else a list of strings; None for no text.

    Blank texts are no texts, and the word null alone is asked about again. Characters a database
    refuses are left out and reported.
    """

    tag = "TextArea"
    is_free_text = True
    takes_any_text = True
    example = (
        '<TextArea name="summary" toName="text" maxSubmissions="1"/>',
        {"summary": "Two meet."},
    )

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        if is_prompt_area(self.name):
            raise ConfigError("a TextArea of this name is where labelers type a prompt")
        self.most = tag.integer("maxsubmissions") or None
        self.placeholder = tag.get("placeholder")

    def most_items(self, data: Data) -> int | None:
        return None if self.most == 1 else self.most

    def more_than_any(self, data: Data, length: int) -> int | None:
        return None if self.most else MOST_REPEATED

    def schema(self, data: Data) -> JsonObject:
        if self.most == 1:
            return {"type": self.nullable("string")}
        return {"type": self.nullable("array"), "items": {"type": "string"}}

    def room(self, data: Data, length: int) -> int:
        if self.per_region:
            return NOTE
        # Usually one text; where several are asked for, each is let be as long as one for all.
        return room_of_text(length) * min(self.most or 1, MOST_TEXTS)

    def describe(self, data: Data) -> str:
        if self.most == 1:
            asked = self.or_null("a text")
        else:
            most = f" of at most {self.most} texts" if self.most else " of texts (usually one)"
            asked = self.or_null(f"a list{most}")
        return f"{asked}. The empty box says: {self.placeholder}" if self.placeholder else asked

    def to_regions(self, answer: object, data: Data) -> Reading:
        given = answer if isinstance(answer, list) else [answer]
        texts: list[str] = []
        problems: list[str] = []
        for item in given:
            text = _to_text(item)
            if text is None:
                problems.append(f"A text was expected, not {shown(item)}.")
                continue
            kept = storable(text)
            if kept != text:
                problems.append(UNSTORABLE)
            if isinstance(item, str) and kept.strip().lower() == "null":
                problems.append(_NULL)
            elif not is_blank(kept):
                texts.append(kept)
        if self.most and len(texts) > self.most:
            problems.append(
                f"{len(texts)} texts were given, {self.most} may be: the rest is left out."
            )
            texts = texts[: self.most]
        if not texts:
            return Reading(problems=tuple(dict.fromkeys(problems)))
        return Reading(
            [self.region({"text": texts})],
            tuple(dict.fromkeys(problems)),
            answered=True,
        )

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        texts: list[str] = []
        for region in regions:
            value = region.get("value")
            stored = value.get("text") if isinstance(value, Mapping) else None
            texts += [
                text
                for item in (stored if isinstance(stored, list) else [stored])
                if isinstance(item, str) and not is_blank(text := storable(item))
            ]
        if not texts:
            return None
        return texts[0] if self.most == 1 and len(texts) == 1 else texts

    @property
    def stored_key(self) -> str:
        return "text"

    def _why_unreadable(self, region: Region, data: Data) -> str:
        value = region.get("value")
        stored = value.get("text") if isinstance(value, Mapping) else None
        texts = stored if isinstance(stored, list) else [stored]
        if all(isinstance(text, str) for text in texts):
            return ""
        return 'the value of a region has no list of texts "text"'

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Exact up to white space and Unicode composition."""
        return Agreement.exact(_normal(answer) == _normal(truth))


def _to_text(item: object) -> str | None:
    if item is None:
        return ""
    if isinstance(item, str):
        return item
    number = to_number(item)
    return None if number is None else str(number)


def _normal(answer: Any) -> list[str]:
    texts = answer if isinstance(answer, list) else [answer]
    return [" ".join(unicodedata.normalize("NFC", str(text)).split()) for text in texts]
