"""A provider's refusal that is about the model's own answer: it checked it, and it did not fit.

That is a bad answer, not a bad request: which answer comes is chance, so it is read like any other,
and asked for again where nothing can be made of it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

STATUSES = frozenset({400, 422, 424, 500, 502})
# Where providers put what the model had said.
GENERATIONS = ("failed_generation", "generated_text", "raw_output", "raw_response", "generation")
CODES = re.compile(
    r"json_validate_failed|tool_use_failed|output_parse_failed|malformed_function_call"
    r"|(?:invalid|malformed|unparsable|bad)_(?:model_)?(?:output|response|generation|completion"
    r"|tool_call)"
    r"|(?:structured_)?(?:output|response|generation|json|tool_call)_(?:parse|parsing|validation"
    r"|schema)_?"
    r"(?:failed|failure|error)",
    re.IGNORECASE,
)
WORDS = re.compile(
    r"failed to (?:generate|produce) (?:a )?(?:valid )?json|failed to call a function"
    r"|tool call validation failed|failed to parse input at pos|error parsing tool call"
    r"|unexpected tokens remaining in message"
    r"|(?:failed|unable|could not|couldn't|cannot) (?:to )?parse (?:the )?"
    r"(?:model|assistant|llm|generated |output|response from the model|tool call)"
    r"|(?:model|assistant|llm)(?:'s|’s)? (?:has )?(?:output|response|generated|produced|returned"
    r"|answer|completion)"
    r".{0,60}?(?:invalid|malformed|not valid|not be parsed|unparsable|not match|not conform"
    r"|not fit)"
    r"|(?:output|response|generation|generated json|completion) (?:could not be parsed"
    r"|(?:does|did) not (?:match|conform|validate|satisfy)|failed (?:schema|json) validation)"
    r"|invalid (?:json|sequence|tool call) (?:generated|produced|returned|output|in (?:the )?model)"
    r"|parsing failed\. the model",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
# The same words said of what we sent.
OF_REQUEST = re.compile(
    r"request body|body of your request|in your request|messages\[|messages\.\d|input message"
    r"|(?:your|the|this) (?:json )?schema is|invalid schema",
    re.IGNORECASE,
)
QUOTED = "raw='", "', err="
LONGEST_WORDS = 4000
LONGEST_PACKED = 20_000
DEPTH = 6
MEMBERS = 5
SAID = ("message", "detail", "msg", "error_msg", "error_message")
# Where one error holds another.
PACKED = ("error", "message", "detail", "details", "errors")


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """What the model had said, "" where it is not told, and the provider's words about it."""

    text: str
    said: str


def find_bad_answer(status: int, body: object) -> BadAnswer | None:
    """Return the answer that an HTTP error refuses, None where it refuses the request.

    A gateway packs the error of its upstream into its own: the innermost that tells one counts.
    """
    if status not in STATUSES:
        return None
    found = None
    for error in _errors(body, 0):
        found = _bad_answer(error) or found
    return found


def _errors(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """The errors of a body, the outermost first."""
    if depth > DEPTH:
        return
    if isinstance(value, list):
        for each in value[:MEMBERS]:
            yield from _errors(each, depth + 1)
    elif isinstance(value, str):
        if depth <= 1:
            yield {"message": value}
        yield from _errors(_unpacked(value), depth + 1)
    elif isinstance(value, Mapping):
        yield value
        metadata = value.get("metadata")
        packed = metadata.get("raw") if isinstance(metadata, Mapping) else None
        for inner in (*(value.get(name) for name in PACKED), packed):
            yield from _errors(inner, depth + 1)


def _unpacked(text: str) -> object:
    """The JSON or Python that a text quotes of an error, behind whatever words."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text[start : text.rfind("}") + 1][:LONGEST_PACKED])
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _bad_answer(error: Mapping[str, Any]) -> BadAnswer | None:
    words = (error.get(name) for name in SAID)
    said = next((each for each in words if isinstance(each, str) and each), "")[:LONGEST_WORDS]
    codes = " ".join(str(error.get(name) or "") for name in ("code", "type", "param"))
    text = _generation(error)
    is_told = bool(text) or CODES.search(codes) or WORDS.search(said)
    if not is_told or (not text and OF_REQUEST.search(said)):
        return None
    return BadAnswer(text or _quoted(said), said)


def _quoted(said: str) -> str:
    """What stands between the first sign that a quotation begins and the last that it ends."""
    begin, end = said.find(QUOTED[0]), said.rfind(QUOTED[1])
    return said[begin + len(QUOTED[0]) : end] if 0 <= begin < end else ""


def _generation(error: Mapping[str, Any]) -> str:
    metadata = error.get("metadata")
    for place in (error, metadata if isinstance(metadata, Mapping) else {}):
        for name in GENERATIONS:
            value = place.get(name)
            if isinstance(value, str) and value.strip():
                return value
            if isinstance(value, Mapping | list) and value:
                return json.dumps(value, ensure_ascii=False)
    return ""
