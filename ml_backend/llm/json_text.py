"""A model's text -> the JSON object in it."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from ml_backend.errors import AnswerError
from ml_backend.records import JsonObject

FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)```", re.DOTALL)
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Each brace may cost a scan to the end of the text: enough for prose, a bound for hostile text.
MAX_BRACES = 50


def read_object(text: str) -> JsonObject:
    """Return the object a text is, fences, or holds first; raise ``AnswerError`` otherwise.

    Reasoning before ``</think>`` is skipped. NaN and Infinity are no JSON. Halves of surrogate
    pairs become U+FFFD, since no database or HTTP body takes them.
    """
    found = _parse(text)
    if found is None:
        answer = text.rpartition("</think>")[2]
        found = _parse(answer) or _fenced(answer) or _embedded(answer)
    if found is None:
        raise AnswerError(
            "The answer is empty." if not text.strip() else "The answer is not a JSON object.",
            fix="Answer with one JSON object and nothing else.",
        )
    return found


def _parse(text: str) -> JsonObject | None:
    try:
        value = DECODER.decode(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return _clean(value, text) if isinstance(value, dict) else None


def _fenced(text: str) -> JsonObject | None:
    parsed = (_parse(match[1]) for match in FENCE.finditer(text))
    return next((value for value in parsed if value is not None), None)


def _embedded(text: str) -> JsonObject | None:
    start = -1
    for _ in range(MAX_BRACES):
        start = text.find("{", start + 1)
        if start < 0:
            return None
        try:
            value, _end = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        return _clean(value, text) if isinstance(value, dict) else None
    return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse)


def _clean(value: JsonObject, text: str) -> JsonObject:
    if "\\u" not in text and not LONE_SURROGATE.search(text):
        return value
    cleaned: JsonObject = _replace_surrogates(value)
    return cleaned


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    return value
