"""A JSON schema -> an answer that fits it, the same for the same question."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

TAG = re.compile(r"</?[\w.-]+>")
# Words that stand by themselves: no part of "x200", no entity.
WORD = re.compile(r"(?<![\w&])[^\W\d_]{3,}(?!\w)")
NONSENSE = "Sure! I would say it depends, but here is what I think about it"
UNKNOWN_LABEL = "no-such-label"
QUOTABLE_CHARACTERS = 4000
MAX_DEPTH = 8


def draw(seed: int, text: str) -> random.Random:
    """Return the dice for one question."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big") ^ seed)  # noqa: S311  # nosec B311  # no secret


def last_paragraph(text: str) -> str:
    """Return the text after the last empty line, without the tags that may stand around it."""
    return TAG.sub(" ", text[-QUOTABLE_CHARACTERS:]).rstrip().rpartition("\n\n")[2]


@lru_cache(maxsize=256)
def schema_in(text: str) -> Mapping[str, Any] | None:
    """Return the first JSON schema of an object that a text holds."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except ValueError:
            end = start + 1
        else:
            if isinstance(value, dict) and "properties" in value:
                return value
        start = text.find("{", end)
    return None


class Author:
    """Writes one answer; ``text`` is where quotes are taken from."""

    def __init__(self, schema: Mapping[str, Any], dice: random.Random, text: str) -> None:
        self._schema = schema
        self._dice = dice
        self._text = text

    def write(self) -> Any:
        return self._value(self._schema, 0)

    def _value(self, schema: Mapping[str, Any], depth: int) -> Any:
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            allowed = [value for value in schema["enum"] if value is not None]
            return self._dice.choice(allowed) if allowed else None
        kind = _kind(schema)
        if kind == "object":
            properties = schema.get("properties", {})
            return {name: self._value(part, depth + 1) for name, part in properties.items()}
        if kind == "array":
            return self._list(schema, depth)
        if kind == "string":
            return " ".join(self._words(self._dice.randint(1, 4))) or "nothing"
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            return self._dice.randint(int(low), int(max(low, schema.get("maximum", low + 10))))
        return self._dice.random() < 0.5 if kind == "boolean" else None

    def _list(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        items = self._resolve(schema.get("items", {}))
        if depth > MAX_DEPTH:
            return []
        if "quote" in items.get("properties", {}):
            return self._spans(items, depth)
        least = schema.get("minItems", 1)
        most = max(least, schema.get("maxItems", 3))
        if "enum" in items:
            most = min(most, len(items["enum"]))
            return sorted(self._dice.sample(items["enum"], self._dice.randint(least, most)))
        return [self._value(items, depth + 1) for _ in range(self._dice.randint(least, most))]

    def _spans(self, items: Mapping[str, Any], depth: int) -> list[Any]:
        spans = []
        for word in dict.fromkeys(self._words(self._dice.randint(1, 3))):
            span = self._value(items, depth + 1)
            span["quote"] = word
            if "occurrence" in span:
                span["occurrence"] = 1
            spans.append(span)
        return spans

    def _words(self, number: int) -> list[str]:
        words = WORD.findall(self._text)
        return self._dice.choices(words, k=number) if words else []

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self._schema.get("$defs", {}).get(name, {})
        for variant in schema.get("anyOf", ()):
            if variant.get("type") != "null":
                return self._resolve(variant)
        return schema


def spoil_label(schema: Mapping[str, Any], answer: Any) -> Any:
    """Return the answer with one unknown value, in the first place that has known ones."""
    if "enum" in schema:
        return UNKNOWN_LABEL
    if isinstance(answer, dict):
        parts = schema.get("properties", {})
        for name, value in answer.items():
            spoiled = spoil_label(parts.get(name, {}), value)
            if spoiled != value:
                return {**answer, name: spoiled}
    if isinstance(answer, list) and answer:
        return [spoil_label(schema.get("items", {}), answer[0]), *answer[1:]]
    return answer


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "null")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    return str(kind)
