"""What comes back beside answers, for who measures a model: headers, usage, lists as they came.

A context's own: whoever asks within ``hearing`` is heard, nobody else is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from ml_backend.records import JsonObject


@dataclass(slots=True)
class Heard:
    """All that came within one ``hearing``."""

    calls: int = 0
    headers: list[Mapping[str, str]] = field(default_factory=list)
    """Of chat completions, refused ones too."""
    answers: list[JsonObject] = field(default_factory=list)
    listings: list[object] = field(default_factory=list)
    listing: Callable[[str], Awaitable[object]] | None = None
    """Asks for what a server tells at a path below its address; raises as calls do."""


LISTENER: ContextVar[Heard | None] = ContextVar("listener", default=None)


@contextmanager
def hearing() -> Iterator[Heard]:
    """Hear what models are told from here on, by this task."""
    heard = Heard()
    token = LISTENER.set(heard)
    try:
        yield heard
    finally:
        LISTENER.reset(token)
