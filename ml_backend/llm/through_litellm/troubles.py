"""LiteLLM's errors -> the troubles that the wire has: by their status, class and words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ml_backend.llm.refusals.echoes import Echoes
from ml_backend.llm.refusals.judging import Cure, Trouble, judge, read_refusal
from ml_backend.records import FailureKind, JsonObject

CODES = {
    "ContextWindowExceededError": "context_length_exceeded",
    "ContentPolicyViolationError": "content_filter",
    "AuthenticationError": "invalid_api_key",
    "NotFoundError": "model_not_found",
    "PaymentRequiredError": "insufficient_quota",
    "UnsupportedParamsError": "unsupported_parameter",
}
"""What a class says that its words may leave out, as OpenAI's own codes."""
NAMED = re.compile(r"^(?:litellm\.)?\w+(?:Error|Exception|Timeout)\b(?::| -)\s*")
INSTALL = "Whoever runs the server installs what it lacks beside LiteLLM."


def judge_error(error: Exception, sent: JsonObject) -> Trouble:
    """Return what an error of LiteLLM means."""
    names = [each.__name__ for each in type(error).__mro__]
    said = _words(error)
    if isinstance(error, ImportError):
        return Trouble(Cure.STOP, FailureKind.BAD_REQUEST, said, fix=INSTALL)
    if "APITimeoutError" in names or "Timeout" in names:
        return Trouble(Cure.RETRY, FailureKind.TIMEOUT, said, foreign=True)
    if "APIConnectionError" in names:
        return Trouble(Cure.RETRY, FailureKind.CONNECTION, said, foreign=True)
    status = _status(error)
    if status is None:
        # A mistake of the library, or of a vendor's answer that it could not read.
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, foreign=True)
    code = next((CODES[name] for name in names if name in CODES), "")
    own = getattr(error, "body", None)  # of what the vendor sent, where it was kept
    given = {"message": said, **({"code": code} if code else {})}
    body = {"error": {**given, **own} if isinstance(own, dict) and own.get("message") else given}
    refusal = read_refusal(status, body, f"HTTP {status}", echoes=Echoes.of(sent))
    trouble = judge(refusal, _headers(error), sent)
    return replace(trouble, no_route=False) if trouble.no_route else trouble


def _words(error: Exception) -> str:
    """What the vendor said, without the names of LiteLLM's classes before it."""
    said = str(getattr(error, "message", "") or error)
    while (rest := NAMED.sub("", said, count=1)) != said:
        said = rest
    return said.strip() or type(error).__name__


def _status(error: Exception) -> int | None:
    for found in _statuses(error):
        if isinstance(found, str) and found.isdigit():
            found = int(found)
        if isinstance(found, int) and 400 <= found < 600:
            return found
    return None


def _statuses(error: Exception) -> Iterator[Any]:
    yield getattr(error, "provider_status_code", None)
    yield getattr(error, "status_code", None)


def _headers(error: Exception) -> Mapping[str, str]:
    found = getattr(error, "litellm_response_headers", None)
    if found is None:
        found = getattr(getattr(error, "response", None), "headers", None)
    return {str(name).lower(): str(value) for name, value in dict(found or {}).items()}
