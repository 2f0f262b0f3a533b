"""How many items an answer's lists and how many signs its quotes may have, for engines told so.

Grammar engines of local models take ``maxItems`` and ``maxLength``; several providers refuse a
schema that has them, so the ordinary schema does without and the bounds are words there.

An engine that has reached a bound closes the list or the text and goes on: what it gives then looks
whole. So a bound that the labeling config does not set is far above what a right answer has, a list
that reaches it is asked about again (``reached``), and a quote cut at it is in no text. A free text
has none at all: cut in the middle of a sentence it would look like any other. What bounds it is the
completion limit, which ends the whole answer, and everybody sees that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ml_backend.labeling.bases.room import room_of
from ml_backend.labeling.bases.span_control import QUOTE
from ml_backend.labeling.config import LabelingConfig
from ml_backend.records import JsonObject

MOST_REPEATS = 1_000
"""llama.cpp writes a bound out in so many rules, and refuses a grammar with about 2,000."""


def bounded(
    config: LabelingConfig, data: Mapping[str, Any], texts: Iterable[str] = ()
) -> JsonObject:
    """The schema of one task's answer with its bounds; ``texts`` are what the model is shown."""
    schema = config.schema(data)
    length = sum(map(room_of, texts))
    properties: JsonObject = {}
    for name, part in schema["properties"].items():
        control = config.controls[name]
        most = control.most_items(data)
        if most is None:
            most = control.more_than_any(data, length)
        bound = _with_bound(part, "maxItems", most)
        quote = bound.get("items", {}).get("properties", {}).get(QUOTE)
        if quote is not None:
            quote = _with_bound(quote, "maxLength", control.longest_quote(data))
            item = bound["items"]
            bound = {**bound, "items": {**item, "properties": {**item["properties"], QUOTE: quote}}}
        properties[name] = bound
    return {**schema, "properties": properties}


def reached(
    config: LabelingConfig, schema: JsonObject, answer: Mapping[str, Any], data: Mapping[str, Any]
) -> str:
    """Say of which list an answer has as many items as the engine let it, so that some may lack.

    "" where none has, and of those that the labeling config bounds: they are full, and may be.
    """
    for name, control in config.controls.items():
        part = schema["properties"].get(name, {})
        given, most = answer.get(name), part.get("maxItems")
        is_full = most is not None and isinstance(given, list) and len(given) >= most
        if is_full and control.most_items(data) is None:
            return (
                f'The list "{name}" goes on and on: it was cut at {most} items. Name each thing '
                "once, and nothing that is not there."
            )
    return ""


def _with_bound(part: JsonObject, keyword: str, most: int | None) -> JsonObject:
    """A part of a schema with a bound, where there is one that engines take."""
    return part if most is None or not 0 <= most <= MOST_REPEATS else {**part, keyword: most}
