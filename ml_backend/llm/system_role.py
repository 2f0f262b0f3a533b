"""Messages for a model without a system role: its text goes in front of the first user message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_backend.records import JsonObject

SYSTEM_ROLES = ("system", "developer")


def without_system(messages: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the same conversation in roles that alternate, a user's message first.

    The messages given are left as they are: they are asked with again, and a key is made of them.
    """
    rules = [part for message in messages if _is_system(message) for part in _parts(message)]
    rest = [message for message in messages if not _is_system(message)]
    if rules and (not rest or rest[0].get("role") != "user"):
        rest.insert(0, {"role": "user", "content": ""})
    folded: list[JsonObject] = []
    for message in rest:
        parts = [*rules, *_parts(message)] if not folded else _parts(message)
        if folded and folded[-1].get("role") == message.get("role") == "user":
            last = folded.pop()
            message, parts = last, [*_parts(last), *parts]
        folded.append({**message, "content": _joined(parts)})
    return folded


def _is_system(message: JsonObject) -> bool:
    return message.get("role") in SYSTEM_ROLES


def _parts(message: JsonObject) -> list[Any]:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    return [part for part in parts if part.get("type") != "text" or part.get("text")]


def _joined(parts: list[Any]) -> str | list[Any]:
    """One text where there is nothing else, so that servers which know no parts take it too."""
    if all(part.get("type") == "text" for part in parts):
        return "\n\n".join(part["text"] for part in parts)
    return parts
