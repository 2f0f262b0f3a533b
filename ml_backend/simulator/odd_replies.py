"""Replies with HTTP 200, or nearly so, of shapes that some servers give them: a fault each."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

JSON = "application/json"
STREAM = "text/event-stream"
PIECE = 7
DRIP_STEP = 0.02


@dataclass(frozen=True, slots=True)
class Shaped:
    """A reply as it goes out."""

    content: bytes
    media_type: str = JSON
    status: int = 200


def shape(fault: str, completion: bytes, asked: Mapping[str, Any]) -> Shaped:
    """Return a completion in the shape that a fault gives it; as it is for any other."""
    if fault == "stream_unless_told" and asked.get("stream") is False:
        return Shaped(completion)
    make = SHAPES.get(fault)
    return make(json.loads(completion)) if make else Shaped(completion)


def told(reply: Any, status: int | None) -> Shaped:
    """Return a body that was told word for word: JSON, or a text, which may be a stream."""
    if not isinstance(reply, str):
        return Shaped(json.dumps(reply).encode(), status=status or 200)
    media_type = STREAM if reply.startswith(("data:", "event:", ":")) else JSON
    return Shaped(reply.encode(), media_type, status or 200)


def _stream(completion: dict[str, Any]) -> Shaped:
    """The completion piece by piece: the thinking, the text or call, the end, the usage."""
    base = {"id": completion["id"], "object": "chat.completion.chunk", "model": completion["model"]}
    [choice] = completion["choices"]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": text} for text in ("Let me ", "see.")]
    deltas += [{"content": text} for text in _pieces(message.get("content") or "")]
    for call in message.get("tool_calls", ()):
        function = call["function"]
        head = {"index": 0, "id": call["id"], "type": "function"}
        deltas.append({"tool_calls": [{**head, "function": {**function, "arguments": ""}}]})
        for text in _pieces(function["arguments"]):
            deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})
    chunks = [
        {**base, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas
    ]
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    chunks += [{**base, "choices": [end]}, {**base, "choices": [], "usage": completion["usage"]}]
    lines = [": a comment to keep the line open\n\n"]
    lines += [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Shaped("".join([*lines, "data: [DONE]\n\n"]).encode(), STREAM)


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _trailer(completion: dict[str, Any]) -> Shaped:
    return Shaped(json.dumps(completion).encode() + b"\n\ndata: [DONE]\n\n")


def _error_in_choice(completion: dict[str, Any]) -> Shaped:
    choice = {
        "index": 0,
        "finish_reason": "error",
        "error": {"code": 502, "message": "Upstream went away"},
        "message": {"role": "assistant", "content": ""},
    }
    return Shaped(json.dumps({**completion, "choices": [choice]}).encode())


def _only_reasoning(completion: dict[str, Any]) -> Shaped:
    message = completion["choices"][0]["message"]
    message.update(content=None, reasoning_content=message.get("content") or "")
    return Shaped(json.dumps(completion).encode())


def _bare_call(completion: dict[str, Any]) -> Shaped:
    call = {"id": "1", "type": "function", "function": None}
    choice = completion["choices"][0]
    choice.update(message={"content": None, "tool_calls": [call]}, finish_reason="tool_calls")
    return Shaped(json.dumps(completion).encode())


def _invalid_json(completion: dict[str, Any]) -> Shaped:
    text = completion["choices"][0]["message"].get("content") or ""
    error = {
        "message": "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' "
        "for more details.",
        "type": "invalid_request_error",
        "code": "json_validate_failed",
        "failed_generation": text.rstrip("}") + ",",
    }
    return Shaped(json.dumps({"error": error}).encode(), status=400)


SHAPES: Mapping[str, Callable[[dict[str, Any]], Shaped]] = {
    "stream": _stream,
    "stream_unless_told": _stream,
    "done_trailer": _trailer,
    "error_in_choice": _error_in_choice,
    "only_reasoning": _only_reasoning,
    "bare_call": _bare_call,
    "invalid_json": _invalid_json,
}


async def drip(request: web.Request, content: bytes, seconds: float) -> web.StreamResponse:
    """Send the answer byte by byte, so that no single read is ever slow."""
    response = web.StreamResponse(headers={"Content-Type": JSON})
    response.content_length = len(content)
    await response.prepare(request)
    steps = max(1, math.ceil(seconds / DRIP_STEP))
    size = max(1, math.ceil(len(content) / steps))
    for start in range(0, len(content), size):
        await asyncio.sleep(seconds * size / len(content))
        await response.write(content[start : start + size])
    return response
