"""Whether an object is the schema that was asked for, said back before the answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
LISTS = ("enum", "anyOf", "oneOf", "allOf")
WRAPPERS = ("schema", "json_schema", "jsonSchema", "parameters", "input_schema", "function")
DEPTH = 4


def is_schema(value: Mapping[str, Any], names: Collection[str]) -> bool:
    """Return whether an object describes the controls of these names and says nothing of them."""
    if any(name in value and not _describes(value[name]) for name in names):
        return False
    for _ in range(DEPTH):
        name = next((each for each in WRAPPERS if each not in names and each in value), "")
        inner = value.get(name)
        if not isinstance(inner, Mapping):
            break
        value = inner
    properties = value.get("properties")
    if isinstance(properties, Mapping):
        is_object = value.get("type", "object") in ("object", ["object"])
        return is_object and all(map(_describes, properties.values()))
    # Its properties alone.
    return bool(value) and set(value) <= set(names) and all(map(_describes, value.values()))


def _describes(node: object) -> bool:
    if not isinstance(node, Mapping):
        return False
    kind = node.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    is_typed = bool(kinds) and all(isinstance(each, str) and each in TYPES for each in kinds)
    is_listed = any(isinstance(node.get(name), list) for name in LISTS)
    return is_typed or is_listed or isinstance(node.get("$ref"), str) or "const" in node
