"""A model's own word for how sure it is: a small field at the end of the answer, and out again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ml_backend.labeling.bases.key_names import plain
from ml_backend.labeling.bases.room import INTEGER, room_of_key
from ml_backend.records import JsonObject

RATING = "confidence"
MOST = 100


def rating_key(controls: Collection[str]) -> str:
    """Return what the field is called beside these controls, none of which it may pass for."""
    taken = {plain(name) for name in controls}
    name, number = RATING, 1
    while plain(name) in taken:
        number += 1
        name = f"{RATING}_{number}"
    return name


def with_rating(schema: JsonObject, key: str) -> JsonObject:
    """Return the schema of an answer that ends with a rating of itself."""
    return {
        **schema,
        "properties": {**schema["properties"], key: {"type": "integer"}},
        "required": [*schema["required"], key],
    }


def describe_rating(key: str) -> str:
    """Return what the model is told of the field, a line like those of the controls."""
    # Answers of people, which few-shot examples show, have no rating: an invented one would teach
    # to say the same of everything.
    return (
        f'"{key}" (last; examples leave it out): how sure you are that all of this answer is '
        "right, in percent, a whole number from 0 to 100; of answers rated 70, 70 of 100 should "
        "be right"
    )


def room_of_rating(key: str) -> int:
    """Return the tokens it takes at the most."""
    return room_of_key(key) + INTEGER


def take_rating(
    answer: Mapping[str, Any], key: str, controls: Collection[str]
) -> tuple[JsonObject, float | None]:
    """Return an answer without its rating, and that as a share of 1.

    None where it says nothing, no percent, or two different ones: that is no fault of the answer.
    """
    taken = {plain(name) for name in controls}
    kept, said = _without(answer, key)
    if not said:
        for name, value in kept.items():
            if isinstance(value, Mapping) and plain(name) not in taken:
                inner, found = _without(value, key)
                kept, said = {**kept, name: inner}, [*said, *found]
    ratings = {_share(each) for each in said}
    return kept, ratings.pop() if len(ratings) == 1 else None


def _without(answer: Mapping[str, Any], key: str) -> tuple[JsonObject, list[Any]]:
    """An object without what is called like a key, but for case and spacing; and that."""
    if key in answer:
        return {name: value for name, value in answer.items() if name != key}, [answer[key]]
    wanted = plain(key)
    mine = [name for name in answer if plain(name) == wanted]
    kept = {name: value for name, value in answer.items() if name not in mine}
    return kept, [answer[name] for name in mine]


def _share(value: Any) -> float | None:
    if isinstance(value, str):
        text = value.strip().removesuffix("%").strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else None
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not is_whole or not 0 <= value <= MOST:
        return None
    return float(value) / MOST
