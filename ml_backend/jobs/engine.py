"""The engine: what takes work by its kind and key to a handler, wherever that may be."""

from __future__ import annotations

from typing import Protocol

RUN = "run"
JOB = "job"


class Engine(Protocol):
    """Delivers work. What is open and who holds it stands in the store, which alone is trusted:

    an offer may be lost or come twice, so handlers do no harm when called for what is done.
    """

    def offer(self, kind: str, key: int, *, priority: int = 0) -> None:
        """Hint that there is work; harmless when repeated. A higher priority goes first."""

    def start(self) -> None:
        """Work in this process; a second call is harmless."""

    def stop(self, timeout: float) -> bool:
        """Begin nothing more; return whether all work under way ended within so many seconds."""
