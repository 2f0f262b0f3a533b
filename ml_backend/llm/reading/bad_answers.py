"""A provider's refusal that is about the model's own answer: it checked it, and it did not fit.

That is a bad answer, not a bad request: which answer comes is chance, so it is read like any other,
and asked for again where nothing can be made of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """What the model had said, "" where it is not told, and the provider's words about it."""

    text: str
    said: str


def find_bad_answer(status: int, body: object) -> BadAnswer | None:
    """Return the answer that an HTTP error refuses, None where it refuses the request."""
    error: Any = body
    if isinstance(error, Mapping) and "error" in error:
        error = error["error"]
    if isinstance(error, str):
        error = {"message": error}
    if status not in STATUSES or not isinstance(error, Mapping):
        return None
    said = str(error.get("message") or "")[:LONGEST_WORDS]
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
