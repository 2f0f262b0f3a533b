"""An error that came with HTTP 200 -> the status it should have come with, and its words.

Gateways have answered 200 before they know that their upstream fails; others answer 200 always.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ml_backend.llm.reading.bad_answers import GENERATIONS, BadAnswer, find_bad_answer
from ml_backend.llm.reading.replies import BROKEN, FINISHED, end_of, first_choice, read_reply
from ml_backend.llm.refusals.echoes import Echoes
from ml_backend.llm.refusals.keys import KEY
from ml_backend.llm.refusals.money import QUOTA
from ml_backend.llm.refusals.reading import read_refusal
from ml_backend.records import JsonObject

SAID_LIMIT = 1000
CODES = ("code", "status", "status_code", "http_status", "http_code", "error_code")
WORDS = (
    *("message", "detail", "msg", "error_msg", "status_msg", "error_message"),
    *("description", "title"),
)
LONGEST_JUDGED = 4000
DEPTH = 6


def _words(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


# What the words of an error say of its status, where no number does; the first that fits. What an
# upstream cannot do now goes before what the account may not: "authentication service unavailable".
PATTERNS = (
    (429, _words(r"rate.?limit|too.?many.?requests|throttl|requests? per (?:minute|second)|限流")),
    (429, _words(r"quota exceeded|exceeded your (?:current )?quota")),
    (402, QUOTA),
    (404, _words(r"model.?not.?found|not.found.error|\bmodel\b.{0,80}does not exist")),
    (503, _words(r"overload|unavailable|unreachable|at capacity|too busy|server is (?:busy|down)")),
    (504, _words(r"time.?d?.?out|deadline exceeded")),
    (401, KEY),
    (403, _words(r"forbidden|permission.?denied|not.allowed.to")),
    (
        400,
        _words(r"invalid.?request|bad.?request|context.?length|content.?filter|validation.?error"),
    ),
)
# Where an error holds what was asked or answered.
ECHOED = frozenset(
    {
        *(*GENERATIONS, "input", "inputs", "flagged_input", "prompt", "messages", "request"),
        *("content", "completion", "choices", "text", "output", "partial", "response", "body"),
    }
)
THREE_DIGITS = re.compile(r"[45][0-9]{2}")
ERROR = re.compile(
    r"\berror\b|exception|failed|failure|denied|refused|limit|overload|unavailable|timed? ?out"
    r"|invalid",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ErrorWithin:
    """An error of a 200; ``body`` is it in the usual shape, without a word of the model's."""

    status: int
    body: JsonObject
    heard: str = ""
    """What the model had said before."""
    refused: BadAnswer | None = None
    """The answer it is about, where it is."""


def find_error(
    answer: Mapping[str, Any], sent: Mapping[str, Any] | None = None
) -> ErrorWithin | None:
    """Return the error a body of HTTP 200 reports, None where it is an answer to what was sent."""
    choice = first_choice(answer)
    error = choice.get("error") or _message_error(choice) or answer.get("error")
    reason = end_of(choice)
    if error and reason in FINISHED:
        # What ended well is an answer, whatever an `error` beside it says.
        said = read_reply(answer, tool=False)
        error = None if said.text.strip() or said.reasoning.strip() else error
    if not error and reason in BROKEN:
        error = _broken(choice)
    if error:
        heard = read_reply(answer, tool=False).text.strip()
        return replace(_read(error, Echoes.of(sent or {}, heard)), heard=heard)
    return None if choice else _of_body(answer, Echoes.of(sent or {}))


def _message_error(choice: Mapping[str, Any]) -> Any:
    message = choice.get("message")
    return message.get("error") if isinstance(message, Mapping) else None


def _broken(choice: Mapping[str, Any]) -> str:
    native = choice.get("native_finish_reason")
    why = f" ({native})" if isinstance(native, str) and native.lower() != end_of(choice) else ""
    return f"the answer ended with “{end_of(choice)}”{why[:SAID_LIMIT]}"


def _of_body(answer: Mapping[str, Any], echoes: Echoes) -> ErrorWithin | None:
    """The error a body without any choice is, in the shapes that are known."""
    for name in ("base_resp", "errors", "Error", "exception", "fault"):
        error = answer.get(name)
        if isinstance(error, list):
            error = error[0] if error else None
        if error:
            return _read(error, echoes)
    text = answer.get("text")
    if set(answer) == {"text"} and isinstance(text, str):
        is_words = len(text) <= SAID_LIMIT and "<" not in text and ERROR.search(text)
        return _read(text, echoes) if is_words else None
    if any(isinstance(answer.get(name), str) and answer[name] for name in WORDS):
        return _read(answer, echoes)
    return None


def _read(error: Any, echoes: Echoes, depth: int = 0) -> ErrorWithin:
    if isinstance(error, str):
        error = _parsed(error)
    if not isinstance(error, Mapping):
        error = {"message": str(error)}
    inner = error.get("error")
    if isinstance(inner, Mapping | str) and inner and "message" not in error and depth < DEPTH:
        return _read(inner, echoes, depth + 1)
    known = {name: value for name, value in error.items() if name not in ECHOED}
    told = next((error[name] for name in WORDS if error.get(name)), "")
    shown = told if isinstance(told, str) else ""
    shown = shown or json.dumps(told or known, ensure_ascii=False)[:SAID_LIMIT]
    body: JsonObject = {"error": {**error, "message": shown}}
    refused = find_bad_answer(500, body)
    words = read_refusal(500, body, echoes=echoes).everything[:LONGEST_JUDGED]
    # What is about an answer quotes it.
    status = _status(error, "" if refused else words)
    return ErrorWithin(status, body, refused=refused)


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
    text = f"{words} {words.replace('_', ' ')}"
    return next((status for status, pattern in PATTERNS if pattern.search(text)), 500)
