"""A schema within what providers take: OpenAI refuses one whose enums are too many or too long.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas: 1,000 enum values and
120,000 characters of names and enum values in all; above 250 values, 15,000 characters in one enum.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from ml_backend.records import JsonObject

_MOST_VALUES = 1000
_MOST_CHARACTERS = 100_000
"""Below the limit: how a provider counts quotes and escapes is not known."""
_LONG, _MOST_CHARACTERS_OF_LONG = 250, 15_000


def within_limits(schema: JsonObject) -> JsonObject:
    """The schema, without its largest enums where there is too much: descriptions have them all."""
    if _fits(schema):
        return schema
    schema = deepcopy(schema)
    while not _fits(schema):
        enums = [part for part in _parts(schema) if "enum" in part]
        if not enums:
            break
        del max(enums, key=lambda part: (_is_long(part), len(part["enum"]), _length(part)))["enum"]
    return schema


def _fits(schema: JsonObject) -> bool:
    parts = list(_parts(schema))
    values = sum(len(part.get("enum", ())) for part in parts)
    names = sum(len(name) for part in parts for name in part.get("properties", ()))
    characters = names + sum(map(_length, parts))
    too_long = any(map(_is_long, parts))
    return values <= _MOST_VALUES and characters <= _MOST_CHARACTERS and not too_long


def _parts(schema: JsonObject) -> Iterator[JsonObject]:
    yield schema
    for part in schema.get("properties", {}).values():
        yield from _parts(part)
    if "items" in schema:
        yield from _parts(schema["items"])


def _is_long(part: JsonObject) -> bool:
    return len(part.get("enum", ())) > _LONG and _length(part) > _MOST_CHARACTERS_OF_LONG


def _length(part: JsonObject) -> int:
    values: list[Any] = part.get("enum", [])
    return sum(len(value) for value in values if isinstance(value, str))
