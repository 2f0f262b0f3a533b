"""Anthropic's Messages API and its list of models, after its public documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from ml_backend.simulator.contents import BadContent

VERSION = "2023-06-01"
FIELDS = frozenset(
    {
        *("model", "messages", "system", "max_tokens", "temperature", "top_p", "top_k"),
        *("stop_sequences", "stream", "metadata", "thinking", "output_config"),
        *("tools", "tool_choice", "service_tier", "inference_geo", "container"),
    }
)
EFFORTS = ("low", "medium", "high", "xhigh", "max")
FORBIDDEN = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "maxItems", "uniqueItems", "prefixItems", "patternProperties"),
)
"""Keywords that structured outputs refuse."""
MOST_UNIONS = 16
TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
NO_EFFORT = "This model does not support the effort parameter."
NO_FORMAT = "output_config.format: Extra inputs are not permitted"
NO_FORCED_TOOL = 'tool_choice: type "tool" and "any" are not supported for this model.'
WORDS: Mapping[str, tuple[int, str]] = {
    "auth": (401, "invalid x-api-key"),
    "quota": (
        400,
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing "
        "to upgrade or purchase credits.",
    ),
    "too_long": (400, "prompt is too long: 214315 tokens > 200000 maximum"),
    "rate_limit": (
        429,
        "This request would exceed your organization's rate limit of 50,000 input tokens per "
        "minute. Please reduce the prompt length or the maximum tokens requested, or try again "
        "later.",
    ),
    "refuse": (400, "Output blocked by content filtering policy"),
    "no_route": (404, "Not Found"),
}
"""Faults of the simulator by their names, with the status they have here."""
THOUGHTS = 40
"""Tokens of what a model thinks that is told to."""
PAGE = 20
"""Models of a page, where nobody says how many."""
CONTEXT, LONGEST_ANSWER = 200_000, 64_000
CAPABILITIES = ("image_input", "pdf_input", "structured_outputs", "thinking")
REQUEST_ID = "req_011Simulated"
LIMITS: Mapping[str, int] = {
    "requests": 1000,
    "tokens": 96_000,
    "input-tokens": 80_000,
    "output-tokens": 16_000,
}
"""By the minute. Every answer and refusal tells each, what is left of it, and when it is whole."""


class Anthropic:
    """One vendor's wire."""

    routes = ("/v1/messages", "/anthropic/v1/messages")
    model_routes = ("/anthropic/v1/models",)
    """At the root OpenAI's own list has this path."""

    def key(self, request: web.Request) -> str:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return request.headers.get("x-api-key", "") or bearer

    def question(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        if request.headers.get("anthropic-version") != VERSION:
            raise BadContent("anthropic-version: header is required")
        for name in body:
            if name not in FIELDS:
                raise BadContent(f"{name}: Extra inputs are not permitted")
        for name in ("model", "max_tokens", "messages"):
            if name not in body:
                raise BadContent(f"{name}: Field required")
        asked = {"model": body["model"], "messages": _messages(body)}
        asked["max_tokens"] = body["max_tokens"]
        asked |= {name: body[name] for name in ("temperature", "top_p", "top_k") if name in body}
        if not 0 <= asked.get("temperature", 0) <= 1:
            raise BadContent("temperature: range: 0..1")
        _read_thinking(asked, body)
        _read_form(asked, body)
        if _is_kept(body):
            asked["kept"] = len(json.dumps(body["system"])) // 4
        return asked

    def answer(self, answer: dict[str, Any], question: dict[str, Any]) -> object:
        choice = answer["choices"][0]
        message, usage = choice["message"], answer["usage"]
        blocks: list[dict[str, Any]] = []
        is_thinking = "reasoning_effort" in question
        if is_thinking:
            blocks.append({"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"})
        if message.get("content"):
            blocks.append({"type": "text", "text": message["content"]})
        for call in message.get("tool_calls", ()):
            function = call["function"]
            asked = {"type": "tool_use", "id": f"toolu_{call['id']}", "name": function["name"]}
            blocks.append({**asked, "input": _input(function["arguments"])})
        kept = min(question.get("kept", 0), usage["prompt_tokens"] - 1)
        return {
            "id": f"msg_{answer['id']}",
            "type": "message",
            "role": "assistant",
            "model": answer["model"],
            "content": [] if message.get("refusal") else blocks,
            "stop_reason": _stop_reason(choice),
            "stop_sequence": None,
            "usage": {
                "input_tokens": usage["prompt_tokens"] - kept,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": kept,
                "output_tokens": usage["completion_tokens"] + THOUGHTS * is_thinking,
                "output_tokens_details": {"thinking_tokens": THOUGHTS * is_thinking},
                "service_tier": "standard",
            },
        }

    def refusal(self, fault: str, status: int, error: dict[str, Any]) -> tuple[int, object]:
        status, message = _said(fault, status, error["message"])
        kind = TYPES.get(status, "api_error" if status >= 500 else TYPES[400])
        told = {"type": kind, "message": message}
        return status, {"type": "error", "error": told, "request_id": REQUEST_ID}

    def headers_of(self, fault: str, retry_after: str | None) -> dict[str, str]:
        """Return the limits, as https://platform.claude.com/docs/en/api/rate-limits has them."""
        is_over = fault == "rate_limit" and retry_after is not None
        seconds = float(retry_after or 0) if _is_number(retry_after) else 0.0
        moment = datetime.now(UTC) + timedelta(seconds=seconds + 1)  # whole seconds, rounded up
        found = {"request-id": REQUEST_ID}
        for kind, limit in LIMITS.items():
            left = 0 if is_over and kind == "input-tokens" else limit - 1
            found[f"anthropic-ratelimit-{kind}-limit"] = str(limit)
            found[f"anthropic-ratelimit-{kind}-remaining"] = str(left)
            found[f"anthropic-ratelimit-{kind}-reset"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        return found

    def models(self, names: Sequence[str], request: web.Request) -> object:
        after = request.query.get("after_id")
        start = names.index(after) + 1 if after in names else 0
        size = int(request.query.get("limit", PAGE))
        page = names[start : start + size]
        rows = [
            {
                "type": "model",
                "id": name,
                "display_name": name.title(),
                "created_at": "2025-02-19T00:00:00Z",
                "lifecycle": "active",
                "max_input_tokens": CONTEXT,
                "max_tokens": LONGEST_ANSWER,
                "capabilities": {name: {"supported": True} for name in CAPABILITIES},
            }
            for name in page
        ]
        return {
            "data": rows,
            "has_more": start + size < len(names),
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The conversation with its rules before it; raises ``BadContent`` for what is refused."""
    found = []
    if body.get("system"):
        blocks = body["system"]
        parts = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
        found.append({"role": "system", "content": [_part(each) for each in parts]})
    if not body["messages"]:
        raise BadContent("messages: at least one message is required")
    for number, message in enumerate(body["messages"]):
        role, content = message["role"], message["content"]
        if role not in ("user", "assistant"):
            raise BadContent(
                f'messages: Unexpected role "{role}". The Messages API accepts a '
                'top-level `system` parameter, not "system" as an input message '
                "role."
            )
        if number == 0 and role != "user":
            raise BadContent('messages: first message must use the "user" role')
        if not content:
            raise BadContent(f"messages.{number}: all messages must have non-empty content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        found.append({"role": role, "content": [_part(each) for each in parts]})
    return found


def _part(block: dict[str, Any]) -> dict[str, Any]:
    kind = block["type"]
    if kind == "text":
        if not block["text"].strip():
            raise BadContent("messages: text content blocks must contain non-whitespace text")
        return {"type": "text", "text": block["text"]}
    source = block["source"] if kind in ("image", "document") else {}
    url = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": url}}
    if kind == "document":
        return {"type": "file", "file": {"filename": block.get("title", ""), "file_data": url}}
    raise BadContent(
        f"messages: Input tag '{kind}' found using 'type' does not match any of the expected tags"
    )


def _read_thinking(asked: dict[str, Any], body: dict[str, Any]) -> None:
    thinking, config = body.get("thinking", {}), body.get("output_config", {})
    effort = config.get("effort")
    if effort is not None and effort not in EFFORTS:
        raise BadContent("output_config.effort: Input should be 'low', 'medium', 'high' or 'max'")
    if thinking.get("type") not in ("enabled", "adaptive"):
        return
    if asked.get("temperature", 1) != 1:
        raise BadContent("`temperature` may only be set to 1 when thinking is enabled.")
    if thinking["type"] == "enabled":
        budget = thinking["budget_tokens"]
        if budget < 1024:
            raise BadContent(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
            )
        if budget >= body["max_tokens"]:
            raise BadContent("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("tool_choice", {}).get("type") in ("tool", "any"):
        raise BadContent("Thinking may not be enabled when tool_choice forces tool use.")
    asked["reasoning_effort"] = effort or "medium"


def _read_form(asked: dict[str, Any], body: dict[str, Any]) -> None:
    form = body.get("output_config", {}).get("format")
    if form:
        _check_schema(form["schema"])
        schema = {"name": "answer", "strict": True, "schema": form["schema"]}
        asked["response_format"] = {"type": "json_schema", "json_schema": schema}
    if body.get("tools"):
        asked["tools"] = [
            {
                "type": "function",
                "function": {"name": tool["name"], "parameters": tool["input_schema"]},
            }
            for tool in body["tools"]
        ]


def _check_schema(schema: dict[str, Any]) -> None:
    unions = 0
    waiting: list[Any] = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        if not isinstance(each, dict):
            continue
        for name in FORBIDDEN:
            if name in each:
                raise BadContent(
                    "output_config.format.schema: For "
                    f"'{each.get('type')}' type, property '{name}' is not supported"
                )
        if each.get("type") == "object" and each.get("additionalProperties") is not False:
            raise BadContent(
                "output_config.format.schema: For 'object' type, "
                "'additionalProperties' must be explicitly set to false"
            )
        unions += "anyOf" in each or isinstance(each.get("type"), list)
        waiting += each.get("properties", {}).values()
        waiting += [each.get("items"), each.get("anyOf")]
    if unions > MOST_UNIONS:
        raise BadContent(
            f"Schemas contains too many parameters with union types ({unions} "
            "parameters with type arrays or anyOf). This causes exponential "
            "compilation cost."
        )


def _is_kept(body: dict[str, Any]) -> bool:
    system = body.get("system")
    return isinstance(system, list) and any("cache_control" in each for each in system)


def _is_number(text: str | None) -> bool:
    return (text or "").replace(".", "", 1).isdigit()


def _input(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {"raw": arguments}


def _stop_reason(choice: dict[str, Any]) -> str:
    if choice["message"].get("refusal"):
        return "refusal"
    if choice["finish_reason"] == "length":
        return "max_tokens"
    return "tool_use" if choice["message"].get("tool_calls") else "end_turn"


def _said(fault: str, status: int, said: str) -> tuple[int, str]:
    """A fault of the simulator's, in the words of the documentation."""
    name = said.partition("'")[2].partition("'")[0]
    if fault == "model_not_found":
        return 404, f"model: {said.partition('`')[2].partition('`')[0]}"
    if fault == "server_error":
        return status, "Overloaded" if status == 529 else "Internal server error"
    if fault == "parameter":
        refused = f"`{name}` is deprecated for this model."
        return 400, NO_EFFORT if name == "reasoning_effort" else refused
    if fault == "form_refused":
        return status, NO_FORCED_TOOL if name == "tools" else NO_FORMAT
    return WORDS.get(fault, (status, said))


VENDOR = Anthropic()
