"""What a provider says a call took, as far as it can be true: it is money, and from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from ml_backend.records import JsonObject, Usage

UNKNOWN = Usage(uncounted=1)
"""One call, and nobody knows what it took."""

SMALL = 4096
"""So many tokens of a prompt are believed without a look at it: templates of servers add some."""

OF_A_FILE = 65_536
"""The most tokens that a picture or document is turned into, beside its bytes."""

Path = tuple[str, ...]
"""Where a number stands within what is said of a call."""

MOST_THOUGHTS = 262_144
"""More tokens than any model thinks before it answers; beyond that there must be words."""


def read_usage(answer: JsonObject, messages: Sequence[JsonObject], schema: object) -> Usage:
    """Return what an answer says that it took; ``UNKNOWN`` for nothing, or what cannot be.

    A call takes a token at least, no more for its prompt than that has bytes, and none for an
    answer that is longer than what came.
    """
    said: Any = answer.get("usage")
    if not isinstance(said, Mapping):
        return UNKNOWN
    prompt, completion = said.get("prompt_tokens"), said.get("completion_tokens")
    if not _is_count(prompt, least=1) or not _is_count(completion, least=0):
        return UNKNOWN
    if prompt > SMALL and prompt > SMALL + _most_of_prompt(messages, schema):
        return UNKNOWN
    if completion > MOST_THOUGHTS and completion > MOST_THOUGHTS + _bytes(answer.get("choices")):
        return UNKNOWN
    return _with_kinds(said, prompt, completion)


_CACHED: tuple[Path, ...] = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),  # DeepSeek
    ("cache_read_input_tokens",),  # gateways in front of Anthropic
    ("cached_tokens",),  # Moonshot, Together
)
_WRITTEN: tuple[Path, ...] = (
    ("prompt_tokens_details", "cache_write_tokens"),
    ("cache_creation_input_tokens",),
)
_THOUGHT: tuple[Path, ...] = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("reasoning_tokens",),
)


def _with_kinds(said: Mapping[str, Any], prompt: int, completion: int) -> Usage:
    cached = _part(said, _CACHED, prompt)
    written = _part(said, _WRITTEN, prompt)
    if cached + written > prompt:
        # One of them is wrong, and nobody knows which: all of it is taken for the usual price.
        cached = written = 0
    thought = _part(said, _THOUGHT, completion)
    return Usage(prompt, completion, 0, cached, written, thought)


def _part(said: Mapping[str, Any], paths: tuple[Path, ...], whole: int) -> int:
    """How many of the tokens are of a kind, by the first place that says so; 0 for no belief."""
    for path in paths:
        value: Any = said.get(path[0])
        if len(path) > 1:
            value = value.get(path[1]) if isinstance(value, Mapping) else None
        if value and _is_count(value, least=0):
            return value if value <= whole else 0
    return 0


def _is_count(value: object, *, least: int) -> TypeGuard[int]:
    # No float, be it a whole one: a server that counts in fractions counts something else.
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _most_of_prompt(messages: Sequence[JsonObject], schema: object) -> int:
    files = sum(
        1
        for message in messages
        if isinstance(content := message.get("content"), list)
        for part in content
        if isinstance(part, Mapping) and part.get("type") != "text"
    )
    return _bytes([messages, schema]) + files * OF_A_FILE


def _bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace"))
