"""A completion that comes as server-sent events, although nobody asked for a stream -> one body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ml_backend.records import JsonObject

MEDIA_TYPE = "text/event-stream"
DONE = b"[DONE]"
LAST_LINE = re.compile(rb"(?:\A|[\r\n])data:[ \t]*\[DONE\]")
LONGEST_LAST_LINE = 64
BEGINS = re.compile(rb"\s*(?:data:|event:|id:|retry:|:)")
TRAILER = re.compile(r"\s*(?:data:\s*)?\[DONE\]\s*")
# No other sign ends a line of a stream: an answer may hold U+2028 and its kin.
LINE_END = re.compile(r"\r\n|\n|\r")
MOST_CALLS = 50
# What servers say that answer in no other way.
ONLY_STREAMS = re.compile(
    r"only supports? (?:the )?stream|(?:requires?|must (?:use|be)) (?:the )?stream"
    r"|stream['\"`]? (?:must|should|needs to|has to) be (?:set to )?['\"`]?(?:true|enabled)"
    r"|non-?stream\w* .{0,40}?not (?:be )?(?:supported|allowed|available)|仅支持流式|只支持流式",
    re.IGNORECASE,
)


def read_body(content: bytes, media_type: str = "") -> object:
    """Return the JSON of a body, put together where it came in pieces; raise ``ValueError``."""
    try:
        return json.loads(content)
    except ValueError:
        text = content.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not is_stream(content, media_type):
        value, end = json.JSONDecoder().raw_decode(text)
        if TRAILER.fullmatch(text, end):
            return value
    chunks = list(_chunks(text))
    if not chunks:
        raise ValueError("no event of the stream is JSON")
    return _join(chunks)


def wants_stream(status: int, text: str) -> bool:
    """Return whether a refusal says that the server answers by a stream alone."""
    return status in (400, 405, 422) and ONLY_STREAMS.search(text[:2000]) is not None


def is_stream(content: bytes | bytearray, media_type: str) -> bool:
    """Return whether a body is server-sent events, by what it says of itself or looks like."""
    return media_type.startswith(MEDIA_TYPE) or BEGINS.match(content) is not None


def _chunks(text: str) -> Iterator[JsonObject]:
    """The JSON objects of a stream: an event each, or, in some gateways, a line each.

    Raises ``ValueError`` for an event that is no JSON: without it the answer is another one.
    """
    lines: list[str] = []
    for line in [*LINE_END.split(text), ""]:
        if line.startswith("data:"):
            if line[5:].strip() == DONE.decode():
                break
            lines.append(line[5:])
        elif line.startswith("{"):
            yield from _objects([line])
        elif not line.strip():
            yield from _objects(lines)
            lines = []
    yield from _objects(lines)


def _objects(lines: list[str]) -> Iterator[JsonObject]:
    try:
        values = [json.loads("\n".join(lines))] if lines else []
    except (ValueError, RecursionError):
        # Not every server puts an empty line between its events.
        values = [_value(line) for line in lines]
    yield from (value for value in values if isinstance(value, dict))


def _value(line: str) -> Any:
    """The JSON of a line, None of one that is words, as some servers say that they still work."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        if line.lstrip().startswith("{"):
            raise ValueError("a piece of the stream is broken") from None
        return None


def _join(chunks: list[JsonObject]) -> JsonObject:
    whole: JsonObject = {"object": "chat.completion"}
    choice = _Choice()
    is_answer = False
    for chunk in chunks:
        for name in ("id", "model", "usage", "error"):
            if chunk.get(name):
                whole[name] = chunk[name]
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            is_answer = is_answer or "choices" in chunk
            whole = {**chunk, **whole} if "choices" not in chunk else whole
            continue
        is_answer = True
        for each in choices:
            if isinstance(each, dict) and each.get("index", 0) in (0, None):
                choice.add(each)
    if not is_answer:
        whole.pop("object")  # what came is something else, an error perhaps
        return whole
    whole["choices"] = [choice.whole()]
    return whole


class _Choice:
    """The first choice of a completion, gathered from its pieces."""

    def __init__(self) -> None:
        self._choice: JsonObject = {"index": 0}
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[Any]] = {}
        self._message: JsonObject = {}
        self._calls: dict[int, dict[str, list[str]]] = {}
        self._tokens: list[Any] = []

    def add(self, piece: JsonObject) -> None:
        for name in ("finish_reason", "native_finish_reason", "error"):
            if piece.get(name) is not None:
                self._choice[name] = piece[name]
        logprobs = piece.get("logprobs")
        tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
        self._tokens += tokens if isinstance(tokens, list) else []
        if isinstance(piece.get("text"), str):
            self._texts.setdefault("content", []).append(piece["text"])
        for name in ("delta", "message"):
            if isinstance(piece.get(name), dict):
                self._add_message(piece[name])

    def _add_message(self, delta: JsonObject) -> None:
        for name, value in delta.items():
            if name == "tool_calls":
                self._add_calls(value)
            elif name == "function_call":
                self._add_calls([{"index": 0, "function": value}])
            elif name == "role":
                self._message[name] = value
            elif isinstance(value, str):
                self._texts.setdefault(name, []).append(value)
            elif isinstance(value, list):
                self._lists.setdefault(name, []).extend(value)
            elif value is not None:
                self._message[name] = value

    def _add_calls(self, calls: Any) -> None:
        for position, call in enumerate(calls if isinstance(calls, list) else []):
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(function, dict):
                continue
            index = call.get("index")
            key = index if isinstance(index, int) else position
            if key not in self._calls and len(self._calls) >= MOST_CALLS:
                continue
            parts = self._calls.setdefault(key, {"name": [], "arguments": []})
            for name, pieces in parts.items():
                value = function.get(name)
                if isinstance(value, dict):
                    pieces.append(json.dumps(value, ensure_ascii=False))
                elif isinstance(value, str):
                    pieces.append(value)

    def whole(self) -> JsonObject:
        message = {**self._message, **self._lists}
        for name, pieces in self._texts.items():
            message[name] = "".join(pieces)
        if self._calls:
            message["tool_calls"] = [
                {"type": "function", "function": {n: "".join(p) for n, p in parts.items()}}
                for parts in self._calls.values()
            ]
        message.setdefault("content", None)
        choice = {**self._choice, "message": message}
        if self._tokens:
            choice["logprobs"] = {"content": self._tokens}
        return choice
