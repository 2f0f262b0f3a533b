"""Error bodies and statuses as OpenAI words them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """An HTTP error; ``{…}`` in the message are filled in by replacement."""

    status: int
    message: str
    type: str
    code: str | None = None
    param: str | None = None

    def body(self, message: str | None = None) -> bytes:
        error = {
            "message": self.message if message is None else message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return json.dumps({"error": error}).encode()


REQUEST = "invalid_request_error"
FAULTS: Mapping[str, Fault] = {
    "rate_limit": Fault(429, "Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    "server_error": Fault(
        500, "The server had an error while processing your request.", "server_error"
    ),
    "too_long": Fault(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in "
        "9000 tokens. Please reduce the length of the messages.",
        REQUEST,
        "context_length_exceeded",
        "messages",
    ),
    "refuse": Fault(
        400,
        "The response was filtered due to the prompt triggering the content management policy.",
        REQUEST,
        "content_filter",
        "prompt",
    ),
    # The real one blots the key; some gateways do not, and ours must cope.
    "auth": Fault(401, "Incorrect API key provided: {key}.", REQUEST, "invalid_api_key"),
    "quota": Fault(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
    ),
    "model_not_found": Fault(
        404,
        "The model `{model}` does not exist or you do not have access to it.",
        REQUEST,
        "model_not_found",
    ),
    "no_route": Fault(404, "Resource not found", REQUEST),
    "form_refused": Fault(
        400, "Invalid parameter: '{field}' of this type is not supported.", REQUEST, None, "{field}"
    ),
    "parameter": Fault(
        400,
        "Unsupported parameter: '{name}' is not supported with this model.",
        REQUEST,
        "unsupported_parameter",
    ),
    "content": Fault(400, "Invalid content.", REQUEST, None, "messages"),
    "not_json": Fault(400, "The request body is no JSON object.", REQUEST),
}


def fault_body(fault: str, message: str | None = None, **values: Any) -> bytes:
    """Return the body of an error, its message and parameter filled in."""
    error = FAULTS[fault]
    text = error.message if message is None else message
    param = error.param
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
        param = param and param.replace("{" + name + "}", str(value))
    return Fault(error.status, text, error.type, error.code, param).body()


def header(retry_after: float | str | None) -> dict[str, str]:
    """Return the ``Retry-After`` header, none without a value."""
    if retry_after is None:
        return {}
    value = f"{retry_after:g}" if isinstance(retry_after, float) else str(retry_after)
    return {"Retry-After": value}


def raw_body(body: Any) -> tuple[bytes, str]:
    """Return what a server sends that words its errors itself, and its type of content."""
    if not isinstance(body, str):
        return json.dumps(body, ensure_ascii=False).encode(), "application/json"
    return body.encode(), "text/html" if body.lstrip().startswith("<") else "text/plain"


def takes_roles(messages: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a model without a system role takes them: user and assistant in turns."""
    roles = [message.get("role") for message in messages]
    return all(role == ("user", "assistant")[n % 2] for n, role in enumerate(roles))
