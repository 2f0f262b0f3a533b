"""A JSON schema as Anthropic's structured outputs take it.

What they do not know is said in the description, where the model may still heed it: a keyword too
many refuses the whole request. Types that are several become alternatives; beside values listed
there is no type, since alternatives are limited to sixteen and listed values are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.records import JsonObject

KEPT = ("$ref", "enum", "const", "title", "default")
NESTED = ("$defs", "definitions", "properties")
LISTED = ("anyOf", "allOf")
FORMATS = frozenset(
    {
        *("date-time", "time", "date", "duration", "email"),
        *("hostname", "uri", "ipv4", "ipv6", "uuid"),
    }
)
OF_TYPE = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "minItems"),
    "string": ("format",),
}
"""Keywords that belong to one of several types."""
FEWEST = (0, 1)
"""What ``minItems`` may be."""


def strict(schema: Mapping[str, Any]) -> JsonObject:
    """Return the same schema in the keywords there are."""
    kinds = schema.get("type")
    if isinstance(kinds, list) and "enum" not in schema:
        if len(kinds) > 1:
            return _alternatives(schema, kinds)
        schema = {**schema, "type": kinds[0]}
    found: JsonObject = {name: schema[name] for name in KEPT if name in schema}
    if isinstance(schema.get("type"), str):
        found["type"] = schema["type"]
    for name in NESTED:
        if name in schema:
            found[name] = {key: strict(part) for key, part in schema[name].items()}
    for name in (*LISTED, "oneOf"):
        if name in schema:
            found["anyOf" if name == "oneOf" else name] = [strict(part) for part in schema[name]]
    if "items" in schema:
        found["items"] = strict(schema["items"])
    if schema.get("minItems") in FEWEST:
        found["minItems"] = schema["minItems"]
    if schema.get("format") in FORMATS:
        found["format"] = schema["format"]
    if found.get("type") == "object":
        found["required"] = list(schema.get("required", ()))
        found["additionalProperties"] = False
    return _described(found, schema)


def _alternatives(schema: Mapping[str, Any], kinds: list[str]) -> JsonObject:
    """Each type by itself, with the keywords that are about it."""
    others = {name for names in OF_TYPE.values() for name in names}
    shared = {
        name: value
        for name, value in schema.items()
        if name not in (*others, "type", "description")
    }
    parts = [
        strict(
            {
                "type": kind,
                **({} if kind == "null" else shared),
                **{name: schema[name] for name in OF_TYPE.get(kind, ()) if name in schema},
            }
        )
        for kind in kinds
    ]
    found: JsonObject = {"anyOf": parts}
    if schema.get("description"):
        found["description"] = schema["description"]
    return found


def _described(found: JsonObject, schema: Mapping[str, Any]) -> JsonObject:
    """Add a schema's description, and the keywords that had to be left out of it."""
    known = (*found, "type", "description", "oneOf", "additionalProperties", "required")
    lost = [f"{name}: {value}" for name, value in schema.items() if name not in known]
    said = [str(schema["description"])] if schema.get("description") else []
    if lost:
        said.append(f"({', '.join(lost)})")
    if said:
        found["description"] = " ".join(said)
    return found
