"""What Anthropic answers and refuses, in the words of chat completions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ml_backend.records import JsonObject

Blocks = list[JsonObject]

ENDS: Mapping[str, str] = {
    **dict.fromkeys(("end_turn", "tool_use", "stop_sequence", "pause_turn"), "stop"),
    **dict.fromkeys(("max_tokens", "model_context_window_exceeded"), "length"),
    "refusal": "content_filter",
}
REFUSED = "Anthropic's safety classifiers ended the answer"

TOGETHER = re.compile(r"temperature\W{1,5}and \W?top_p\W.{0,20}both", re.IGNORECASE)
TOOL_CHOICE = re.compile(r"tool_choice|forced? tool", re.IGNORECASE)
FORMAT = re.compile(r"output_config\W{1,3}format|\boutput[ _]formats?\b", re.IGNORECASE)
THOUGHTS = re.compile(r"\beffort\b|\bthinking\b|budget_tokens", re.IGNORECASE)
NOT_TAKEN = re.compile(
    r"not support|unsupported|not permitted|not allowed|deprecated|input should be|unexpected"
    r"|\binvalid\b|unknown|may only|must be",
    re.IGNORECASE,
)
USER = re.compile(r"metadata\.")
SAMPLED = re.compile(r"(?<!\w)(temperature|top_p|top_k)(?!\w)")


def completion(answer: JsonObject) -> JsonObject:
    """Return a message as a chat completion; anything else as it came."""
    blocks = answer.get("content")
    if answer.get("type") != "message" or not isinstance(blocks, list):
        return answer
    end = answer.get("stop_reason")
    message = _message([each for each in blocks if isinstance(each, dict)])
    if end == "refusal":
        message["refusal"] = _why_refused(answer.get("stop_details"))
    reason = ENDS.get(end, end) if isinstance(end, str) else None
    found: JsonObject = {
        "id": answer.get("id"),
        "object": "chat.completion",
        "model": answer.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    usage = answer.get("usage")
    if isinstance(usage, Mapping):
        found["usage"] = _usage(usage)
    return found


def with_name(body: object) -> object:
    """Return an error's body with the name of the parameter it refuses, where it refuses one."""
    error = body.get("error") if isinstance(body, dict) else None
    said = error.get("message") if isinstance(error, dict) else None
    name = _refused_name(said) if isinstance(said, str) else ""
    if not name or not isinstance(body, dict) or not isinstance(error, dict):
        return body
    return {**body, "error": {**error, "param": name, "code": "unsupported_parameter"}}


def _message(blocks: Blocks) -> JsonObject:
    texts = [each["text"] for each in blocks if _is_text(each, "text")]
    thoughts = [each["thinking"] for each in blocks if _is_text(each, "thinking")]
    calls = [
        {
            "id": each.get("id"),
            "type": "function",
            "function": {
                "name": each.get("name"),
                "arguments": _arguments(each.get("input")),
            },
        }
        for each in blocks
        if each.get("type") == "tool_use"
    ]
    message: JsonObject = {"role": "assistant", "content": "".join(texts) if texts else None}
    if thoughts:
        message["reasoning_content"] = "\n\n".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    return message


def _arguments(given: Any) -> str:
    try:
        return json.dumps(given, ensure_ascii=False)
    except RecursionError:  # it was read, and is too deep to be written
        return ""


def _is_text(block: JsonObject, kind: str) -> bool:
    return block.get("type") == kind and isinstance(block.get(kind), str)


def _why_refused(details: Any) -> str:
    details = details if isinstance(details, Mapping) else {}
    for name in ("explanation", "category"):
        said = details.get(name)
        if isinstance(said, str) and said.strip():
            return said if name == "explanation" else f"{REFUSED} ({said})"
    return REFUSED


def _usage(usage: Mapping[str, Any]) -> JsonObject:
    """Tokens with all that was kept; what is no number is left for whoever believes it or not."""
    fresh, answered = usage.get("input_tokens"), usage.get("output_tokens")
    written = usage.get("cache_creation_input_tokens") or 0
    read = usage.get("cache_read_input_tokens") or 0
    counted = [each for each in (fresh, written, read) if type(each) is int and each >= 0]
    details = usage.get("output_tokens_details")
    thoughts = details.get("thinking_tokens") if isinstance(details, Mapping) else None
    return {
        "prompt_tokens": sum(counted) if len(counted) == 3 else None,
        "completion_tokens": answered,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": thoughts or 0},
    }


def _refused_name(said: str) -> str:
    """The field of a chat completion that a refusal is about, "" for none that is known."""
    if TOOL_CHOICE.search(said):
        return ""
    if FORMAT.search(said):
        return "response_format"
    if TOGETHER.search(said):
        return "top_p"
    if USER.match(said):
        return "user"
    if not NOT_TAKEN.search(said):
        return ""
    if found := SAMPLED.search(said):
        return found[1]
    return "reasoning_effort" if THOUGHTS.search(said) else ""
