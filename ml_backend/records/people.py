"""Who did what is remembered here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A Label Studio user, as known when they did what is remembered here."""

    id: int
    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    avatar: str | None = None
