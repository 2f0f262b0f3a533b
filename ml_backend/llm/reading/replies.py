"""What a chat completion says, wherever an engine puts it; no shape of it raises.

Engines agree on ``choices[0].message.content`` and little else: parts instead of a text, calls of a
tool with the arguments parsed or none, the answer among the reasoning, the message left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ml_backend.records import JsonObject

# As ChatGPT's, DeepSeek's and vLLM's, OpenRouter's, Ollama's and others' servers call it.
REASONING = (
    *("reasoning_content", "reasoning", "reasoning_details", "reasoning_text", "thinking"),
    *("thinking_content", "thinking_blocks", "thought", "thoughts", "analysis"),
)
THOUGHTS = frozenset({"thinking", "reasoning", "thought", "redacted_thinking", "reasoning_text"})
TEXTS = ("text", "thinking", "reasoning", "content", "summary")
CUT_OFF = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"}
)
FILTERED = frozenset(
    {"content_filter", "content_filtered", "sensitive", "safety", "prohibited_content", "blocklist"}
)
BROKEN = frozenset(
    {
        *("error", "network_error", "insufficient_system_resource", "internal_error"),
        *("server_error", "upstream_error", "failed", "abort", "aborted", "timeout"),
    }
)
FINISHED = frozenset(
    {
        *("stop", "end_turn", "endturn", "eos", "eos_token", "complete", "completed"),
        *("tool_calls", "tool_use", "function_call"),
    }
)
LONGEST_RAW = 4000
NOTHING = frozenset({"{}", "[]", "null", "None", '""', "[{}]", '"{}"'})
"""Arguments of a call that says nothing."""


@dataclass(frozen=True, slots=True)
class Said:
    """One reply, read."""

    text: str
    """The answer, "" without one."""
    reasoning: str
    """What it thought, where it says nothing else."""
    reason: str
    """Why it ended, in lower case, "" when that was not said."""
    refusal: str
    tokens: list[Mapping[str, Any]]
    """Those of the text with their probabilities, where they were asked for."""
    raw: str
    """The reply itself, for people, where there is no text."""

    @property
    def is_cut_off(self) -> bool:
        return self.reason in CUT_OFF

    @property
    def is_filtered(self) -> bool:
        return self.reason in FILTERED

    @property
    def is_finished(self) -> bool:
        """Whether the model ended by itself, and said so."""
        return self.reason in FINISHED


def is_completion(answer: Mapping[str, Any]) -> bool:
    """Return whether a body is a chat completion, be it one without a choice."""
    kind = answer.get("object")
    return "choices" in answer or (isinstance(kind, str) and kind.startswith("chat.completion"))


def read_reply(answer: Mapping[str, Any], *, tool: bool) -> Said:
    """Return what a completion says; ``tool`` when the answer was asked for as a tool's call."""
    choice = first_choice(answer)
    message = _message(choice)
    refusal = message.get("refusal")
    text = read_text(message, tool=tool)
    blank = not text.strip()
    return Said(
        text=text,
        reasoning=_reasoning(message) if blank else "",
        reason=end_of(choice),
        refusal=_text(refusal) if isinstance(refusal, str | Mapping) else "",
        tokens=_tokens(choice),
        raw=json.dumps(answer, ensure_ascii=False)[:LONGEST_RAW] if blank else "",
    )


def first_choice(answer: Mapping[str, Any]) -> JsonObject:
    """Return the first choice of a completion, empty where there is none."""
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else choices
    return first if isinstance(first, dict) else {}


def end_of(choice: Mapping[str, Any]) -> str:
    """Return why a choice ended, in lower case, "" when that is not said."""
    reason = choice.get("finish_reason")
    return reason.lower() if isinstance(reason, str) else ""


def read_text(message: Mapping[str, Any], *, tool: bool) -> str:
    """Return the text of the answer in a reply's ``message``, "" when there is none."""
    content, call = _content(message.get("content")), _called(message)
    first, second = (call, content) if tool else (content, call)
    # A call of nothing is none beside a text.
    return first if first.strip() and not (_is_empty(first) and second.strip()) else second or first


def _is_empty(text: str) -> bool:
    return "".join(text.split()) in NOTHING


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in ("message", "delta"):
        message = choice.get(name)
        if isinstance(message, Mapping):
            return message
        if isinstance(message, str):
            return {"content": message}
    return {"content": choice.get("text")}


def _content(content: object) -> str:
    if isinstance(content, list):
        return "".join(_content(each) for each in content if not _is_thought(each))
    if isinstance(content, Mapping):
        for name in ("text", "json", "content", "value"):
            if name in content and ("type" in content or len(content) == 1):
                inner = content[name]
                return inner if isinstance(inner, str) else _content(inner)
        return "" if "type" in content else json.dumps(content, ensure_ascii=False)
    return content if isinstance(content, str) else ""


def _called(message: Mapping[str, Any]) -> str:
    """The arguments of the calls; several that differ are for the reader to refuse."""
    calls = message.get("tool_calls")
    calls = calls if isinstance(calls, list) else [calls, message.get("function_call")]
    found = dict.fromkeys(filter(None, (_arguments(each).strip() for each in calls)))
    return "\n".join(found)


def _arguments(call: object) -> str:
    if not isinstance(call, Mapping):
        return ""
    function = call.get("function")
    for each in (function, call):
        if isinstance(each, Mapping):
            for name in ("arguments", "input", "parameters"):
                value = each.get(name)
                if isinstance(value, str) and value.strip():
                    return value
                if isinstance(value, Mapping):
                    return json.dumps(value, ensure_ascii=False)
    return ""


def _reasoning(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts = [each for each in content if _is_thought(each)] if isinstance(content, list) else []
    texts = [_text(message.get(name)) for name in REASONING] + [_text(each) for each in parts]
    return "\n\n".join(dict.fromkeys(text for text in texts if text.strip()))


def _is_thought(part: object) -> bool:
    if not isinstance(part, Mapping):
        return False
    kind = part.get("type")
    return part.get("thought") is True or (isinstance(kind, str) and kind in THOUGHTS)


def _text(value: object) -> str:
    """All text of a value: a string, or what its parts hold."""
    return "".join(_texts(value, 0))


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < 5:
        for each in value:
            yield from _texts(each, depth + 1)
    elif isinstance(value, Mapping) and depth < 5:
        name = next((name for name in TEXTS if name in value), "")
        yield from _texts(value.get(name), depth + 1)


def _tokens(choice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = choice.get("logprobs")
    tokens = found.get("content") if isinstance(found, Mapping) else None
    tokens = tokens if isinstance(tokens, list) else []
    return tokens if all(isinstance(each, Mapping) for each in tokens) else []
