"""By which names the server may be called, and how that is said."""

from __future__ import annotations

from collections.abc import Sequence

OF_THIS_MACHINE = ("localhost", "*.localhost", "host.docker.internal", "host.containers.internal")
"""Beside the loopback addresses; the last two are what containers call their host."""


def own_names(allowed: Sequence[str], *, is_open: bool) -> tuple[str, ...]:
    """Return the names, () for any: a server open to others may be called what they call it."""
    return () if is_open and not allowed else (*allowed, *OF_THIS_MACHINE)


def say_names(allowed: Sequence[str], *, is_open: bool) -> str:
    """Return which those are, and which setting has more."""
    names = own_names(allowed, is_open=is_open)
    if not names:
        return "Any host name is answered, since it listens to others; ALLOWED_HOSTS names some."
    more = "" if allowed else "; further ones go into ALLOWED_HOSTS"
    return f"Host names answered: loopback addresses, {', '.join(names)}{more}."
