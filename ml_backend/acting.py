"""Who acts in this thread, for the audit log: set by each face, read where something is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ml_backend.records import Person


@dataclass(frozen=True, slots=True)
class Actor:
    """A person by a face, or what acts without one: a command, Label Studio, the server itself."""

    face: str
    """API, pages, command line, Label Studio, run, server."""
    person: Person | None = None
    name: str = ""
    """What is known of who acts where there is no person: a user of the machine, a project."""
    organization: int | None = None


SERVER = Actor("server")
_actor: ContextVar[Actor] = ContextVar("actor", default=SERVER)


def acting() -> Actor:
    """Return who acts; the server itself where nobody was named."""
    return _actor.get()


def act_as(actor: Actor) -> None:
    """Name who acts in this thread from here on."""
    _actor.set(actor)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Name who acts within."""
    before = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(before)
