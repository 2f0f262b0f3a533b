"""A JSON schema within the part of JSON schema that Google's models take.

https://ai.google.dev/api/generate-content#GenerationConfig lists it: what is not in the list is
passed over there at best, and refused as a schema by some models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.records import JsonObject

KEPT = (
    *("$id", "$anchor", "title", "description", "format", "minItems", "maxItems", "minimum"),
    *("maximum", "required"),
)
OF_ONE = ("items", "additionalProperties")
OF_MANY = ("anyOf", "oneOf", "prefixItems")
DEPTH = 64
"""Beyond that nothing is translated: no answer goes so deep."""


def translated(schema: Mapping[str, Any], depth: int = 0) -> JsonObject:
    """Return a schema that means the same, as far as their keywords reach.

    Properties are named in their order, in which the model then answers: reasons come first.
    """
    if depth > DEPTH:
        return {}
    found = {name: schema[name] for name in KEPT if name in schema}
    if "$ref" in schema:
        # Nothing may stand beside it.
        return {"$ref": schema["$ref"]}
    for name in OF_ONE:
        if name in schema:
            found[name] = _part(schema[name], depth)
    for name in OF_MANY:
        if isinstance(schema.get(name), list):
            # There "oneOf" is read as "anyOf".
            known = "anyOf" if name == "oneOf" else name
            found[known] = [_part(each, depth) for each in schema[name]]
    for name in ("properties", "$defs"):
        if isinstance(schema.get(name), Mapping):
            found[name] = {key: _part(each, depth) for key, each in schema[name].items()}
    if found.get("properties"):
        found["propertyOrdering"] = list(found["properties"])
    return found | _values(schema) | _bounds(schema)


def _part(part: Any, depth: int) -> Any:
    return translated(part, depth + 1) if isinstance(part, Mapping) else part


def _values(schema: Mapping[str, Any]) -> JsonObject:
    """The type and the values: enums are of texts and numbers there, and no null is among them."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    kind = schema.get("type")
    found: JsonObject = {} if kind is None else {"type": kind}
    if not isinstance(values, list):
        return found
    plain = [each for each in values if isinstance(each, str | int | float)]
    plain = [each for each in plain if not isinstance(each, bool)]
    kinds = list(dict.fromkeys(_kind(each) for each in values))
    if kind is None:
        found["type"] = kinds[0] if len(kinds) == 1 else kinds
    if plain and "boolean" not in kinds:
        found["enum"] = plain
    return found


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "null" if value is None else "string"


def _bounds(schema: Mapping[str, Any]) -> JsonObject:
    """Bounds that exclude themselves, of whole numbers: there are none of these there."""
    found: JsonObject = {}
    if schema.get("type") == "integer":
        for name, known, step in (
            ("exclusiveMinimum", "minimum", 1),
            ("exclusiveMaximum", "maximum", -1),
        ):
            value = schema.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                found[known] = value + step
    return found
