"""What a refusal repeats of the request or of an answer, cut out before anybody judges its words.

A task that is a complaint about a wrong key, and a server that quotes what it cannot process, must
not add up to a key that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Self

SHORTEST = 12
"""Bytes of a piece that tell a quotation from words two texts have in common."""
MARK = "…"
# A piece goes from one quote, bracket, escape, colon or end of a sentence to the next.
PIECE = re.compile(
    r"\\(?:u[0-9a-fA-F]{4}|.)"
    r"|(?:[^\"'`“”‘’«»「」『』„{}\[\]\\\n.!?;:。！？；：]|[.'’](?=\w))+"
)


class Echoes:
    """Texts that a refusal may quote: nobody's words about the account."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = tuple(text for text in texts if text)

    @classmethod
    def of(cls, sent: Mapping[str, Any], answer: str = "") -> Self:
        """Return those of a request's body and of what the model had said."""
        return cls((*_texts(sent.get("messages")), answer))

    def cut(self, text: str) -> str:
        """Return a text with every piece that is quoted left out."""
        if not self._texts:
            return text
        return PIECE.sub(lambda found: MARK if self.holds(found[0]) else found[0], text)

    def holds(self, piece: str) -> bool:
        """Return whether a piece of a text, which may be cut short, is a quotation."""
        plain = _plain(piece).rstrip(f".{MARK}")
        is_long = len(plain.encode("utf-8", "replace")) >= SHORTEST
        return is_long and any(plain in text for text in self._plain)

    @cached_property
    def _plain(self) -> tuple[str, ...]:
        return tuple(map(_plain, self._texts))


NO_ECHOES = Echoes()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _texts(messages: object) -> Iterator[str]:
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, Mapping) else None
        for part in content if isinstance(content, list) else [content]:
            text = part.get("text") if isinstance(part, Mapping) else part
            if isinstance(text, str):
                yield text
