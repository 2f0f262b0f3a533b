"""An error that came with HTTP 200 -> the status it should have come with, and its words.

Gateways have answered 200 before they know that their upstream fails; others answer 200 always.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_backend.llm.reading.replies import BROKEN, FINISHED, end_of, first_choice, read_reply
from ml_backend.records import JsonObject

SAID_LIMIT = 1000
CODES = ("code", "status", "status_code", "http_status", "http_code", "error_code")
WORDS = (
    *("message", "detail", "msg", "error_msg", "status_msg", "error_message"),
    *("description", "title"),
)
# What the words of an error say of its status, where no number does; the first that fits.
STATUSES = (
    (
        402,
        r"insufficient.{0,9}(?:quota|balance|credit|fund)|payment.required|out of credit|余额不足",
    ),
    (429, r"rate.?limit|too.?many.?requests|throttl|requests? per (?:minute|second)|限流"),
    (429, r"quota exceeded|exceeded your (?:current )?quota"),
    (401, r"(?:invalid|incorrect|missing|wrong|expired).{0,9}api.?key|unauthori[sz]ed"),
    (401, r"authenticat|login fail"),
    (403, r"forbidden|permission.?denied|not.allowed.to"),
    (404, r"model.?not.?found|not.found.error|\bmodel\b.{0,80}does not exist"),
    (503, r"overload|unavailable|at capacity|too busy|server is busy"),
    (504, r"time.?d?.?out|deadline exceeded"),
    (400, r"invalid.?request|bad.?request|context.?length|content.?filter|validation.?error"),
)
PATTERNS = tuple((status, re.compile(words, re.IGNORECASE)) for status, words in STATUSES)
THREE_DIGITS = re.compile(r"[45][0-9]{2}")
ERROR = re.compile(
    r"\berror\b|exception|fail(?:ed|ure)|denied|refused|limit|overload|unavailable|timed? ?out"
    r"|invalid",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ErrorWithin:
    """An error of a 200; ``body`` is it in the usual shape."""

    status: int
    body: JsonObject


def find_error(answer: Mapping[str, Any]) -> ErrorWithin | None:
    """Return the error a body of HTTP 200 reports, None where it is an answer."""
    choice = first_choice(answer)
    if end_of(choice) in FINISHED:
        # What ended well is an answer, whatever an `error` beside it says.
        said = read_reply(answer, tool=False)
        if said.text.strip() or said.reasoning.strip():
            return None
    for error in (choice.get("error"), _message_error(choice), answer.get("error")):
        if error:
            return _read(error)
    if end_of(choice) in BROKEN:
        return _read(_broken(choice, answer))
    if choice:
        return None
    return _of_body(answer)


def _message_error(choice: Mapping[str, Any]) -> Any:
    message = choice.get("message")
    return message.get("error") if isinstance(message, Mapping) else None


def _broken(choice: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    text = read_reply(answer, tool=False).text.strip()
    native = choice.get("native_finish_reason")
    why = f" ({native})" if isinstance(native, str) and native.lower() != end_of(choice) else ""
    rest = f"; it had said: {text[:SAID_LIMIT]}" if text else ""
    return f"the answer ended with “{end_of(choice)}”{why}{rest}"


def _of_body(answer: Mapping[str, Any]) -> ErrorWithin | None:
    """The error a body without any choice is, in the shapes that are known."""
    for name in ("base_resp", "errors", "Error", "exception", "fault"):
        error = answer.get(name)
        if isinstance(error, list):
            error = error[0] if error else None
        if error:
            return _read(error)
    text = answer.get("text")
    if set(answer) == {"text"} and isinstance(text, str):
        is_words = len(text) <= SAID_LIMIT and "<" not in text and ERROR.search(text)
        return _read(text) if is_words else None
    if any(isinstance(answer.get(name), str) and answer[name] for name in WORDS):
        return _read(answer)
    return None


def _read(error: Any) -> ErrorWithin:
    if isinstance(error, str):
        error = _parsed(error)
    if not isinstance(error, Mapping):
        error = {"message": str(error)}
    inner = error.get("error")
    if isinstance(inner, Mapping | str) and inner and "message" not in error:
        return _read(inner)
    words = next((str(error[name]) for name in WORDS if error.get(name)), "")
    body = {**error, "message": words or json.dumps(error, ensure_ascii=False)[:SAID_LIMIT]}
    return ErrorWithin(_status(error, body["message"]), {"error": body})


def _parsed(text: str) -> Any:
    """An error as a string, which may be the JSON of the upstream's."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, Mapping) else text


def _status(error: Mapping[str, Any], words: str) -> int:
    for name in CODES:
        code = error.get(name)
        number = int(code) if isinstance(code, str) and THREE_DIGITS.fullmatch(code) else code
        if isinstance(number, int) and not isinstance(number, bool) and 400 <= number < 600:
            return number
    text = " ".join([*(str(error.get(name) or "") for name in (*CODES, "type")), words])
    return next((status for status, pattern in PATTERNS if pattern.search(text)), 500)
