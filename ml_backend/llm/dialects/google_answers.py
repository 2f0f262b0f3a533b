"""An answer of generateContent -> the chat completion that says the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ml_backend.records import JsonObject

ENDS = {"STOP": "stop", "MAX_TOKENS": "length", "FINISH_REASON_UNSPECIFIED": ""}
FILTERED = frozenset(
    {
        *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
        *("MODEL_ARMOR", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    }
)
BROKEN = frozenset({"OTHER", "IMAGE_OTHER", "NO_IMAGE", "MISSING_THOUGHT_SIGNATURE"})
"""Ended by nobody's will: asking again may bring an answer."""
FILTER = "content_filter"
SAID_LIMIT = 300


def as_completion(answer: JsonObject, sent: Mapping[str, Any]) -> JsonObject:
    """Return an answer as a chat completion; what is none, as an error, as it came."""
    candidates = answer.get("candidates")
    blocked = _blocked(answer.get("promptFeedback"))
    if not isinstance(candidates, list) and not blocked and "usageMetadata" not in answer:
        return answer
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    choices = [_choice(first)] if isinstance(first, Mapping) else []
    if blocked and not choices:
        message = {"role": "assistant", "content": None, "refusal": blocked}
        choices = [{"index": 0, "message": message, "finish_reason": FILTER}]
    return {
        "object": "chat.completion",
        "id": answer.get("responseId", ""),
        "model": answer.get("modelVersion") or sent.get("model"),
        "choices": choices,
        "usage": _usage(answer.get("usageMetadata")),
    }


def _blocked(feedback: object) -> str:
    """What is said of a question that the filter let nobody answer, "" where it did not."""
    reason = feedback.get("blockReason") if isinstance(feedback, Mapping) else None
    if not reason or not isinstance(feedback, Mapping):
        return ""
    told = feedback.get("blockReasonMessage")
    return f"Google's filter blocked the question ({reason})" + (f": {told}" if told else "")


def _choice(candidate: Mapping[str, Any]) -> JsonObject:
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, Mapping) else None
    parts = parts if isinstance(parts, list) else []
    message = _message([each for each in parts if isinstance(each, Mapping)])
    ended = candidate.get("finishReason")
    ended = ended if isinstance(ended, str) else ""
    told = candidate.get("finishMessage")
    if ended in FILTERED and not message["content"] and "tool_calls" not in message:
        why = f": {told[:SAID_LIMIT]}" if isinstance(told, str) and told else ""
        message["refusal"] = f"Google's filter stopped the answer ({ended}){why}"
    choice: JsonObject = {
        "index": 0,
        "message": message,
        "finish_reason": _end(ended),
        "native_finish_reason": ended,
    }
    if told:
        choice["finish_message"] = told
    if tokens := _tokens(candidate.get("logprobsResult")):
        choice["logprobs"] = {"content": tokens}
    return choice


def _end(reason: str) -> str:
    if reason in FILTERED:
        return FILTER
    if reason in BROKEN:
        return "error"
    # A call that is malformed is an answer of a form that did not work, and not an end.
    return ENDS.get(reason, reason.lower())


def _message(parts: list[Mapping[str, Any]]) -> JsonObject:
    said: list[str] = []
    thought: list[str] = []
    calls: list[JsonObject] = []
    for part in parts:
        text, call = part.get("text"), part.get("functionCall")
        if isinstance(text, str):
            (thought if part.get("thought") is True else said).append(text)
        if isinstance(call, Mapping):
            function = {
                "name": str(call.get("name", "")),
                "arguments": _arguments(call.get("args") or {}),
            }
            calls.append({"id": call.get("id", ""), "type": "function", "function": function})
    message: JsonObject = {"role": "assistant", "content": "".join(said) or None}
    if thought:
        message["reasoning_content"] = "".join(thought)
    if calls:
        message["tool_calls"] = calls
    return message


def _arguments(given: Any) -> str:
    try:
        return json.dumps(given, ensure_ascii=False)
    except RecursionError:  # it was read, and is too deep to be written
        return ""


def _tokens(result: object) -> list[JsonObject]:
    """The tokens that were chosen with their probabilities, and those that might have been."""
    if not isinstance(result, Mapping):
        return []
    chosen, others = result.get("chosenCandidates"), result.get("topCandidates")
    others = others if isinstance(others, list) else []
    found = []
    for position, each in enumerate(chosen if isinstance(chosen, list) else []):
        entry = _token(each)
        beside = others[position] if position < len(others) else None
        rows = beside.get("candidates") if isinstance(beside, Mapping) else None
        if isinstance(rows, list):
            entry["top_logprobs"] = [_token(row) for row in rows]
        found.append(entry)
    return found


def _token(entry: object) -> JsonObject:
    values = entry if isinstance(entry, Mapping) else {}
    return {"token": values.get("token"), "logprob": values.get("logProbability", 0.0)}


def _usage(counted: object) -> JsonObject | None:
    """What it took; a count of nothing is left out there."""
    if not isinstance(counted, Mapping) or "promptTokenCount" not in counted:
        return None
    prompt = _sum(counted, "promptTokenCount", "toolUsePromptTokenCount")
    completion = _sum(counted, "candidatesTokenCount", "thoughtsTokenCount")
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": counted.get("totalTokenCount"),
        "prompt_tokens_details": {"cached_tokens": _sum(counted, "cachedContentTokenCount")},
        "completion_tokens_details": {"reasoning_tokens": _sum(counted, "thoughtsTokenCount")},
    }


def _sum(counted: Mapping[str, Any], *names: str) -> int | None:
    values = [counted.get(name, 0) for name in names]
    return sum(values) if all(isinstance(each, int) for each in values) else None
