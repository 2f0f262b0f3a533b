"""What was asked of the simulated server."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ml_backend.simulator.contents import Part


@dataclass(slots=True)
class Statistics:
    """Counts since the start or the last reset."""

    calls: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    by_message: Counter[str] = field(default_factory=Counter)
    markers: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    images: int = 0
    image_bytes: int = 0
    files: int = 0
    file_bytes: int = 0

    def enter(self, users: list[str], form: str, watched: list[str]) -> None:
        """Count a call that has come in."""
        self.calls += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self.forms[form] += 1
        last = users[-1] if users else ""
        self.by_message[hashlib.sha256(last.encode("utf-8", "replace")).hexdigest()] += 1
        for marker in dict.fromkeys(watched):
            if any(marker in user for user in users):
                self.markers[marker] += 1

    def see(self, parts: list[Part]) -> None:
        """Count the pictures and files of a call."""
        images = [part.size for part in parts if part.kind == "image"]
        files = [part.size for part in parts if part.kind == "file"]
        self.images += len(images)
        self.image_bytes += sum(images)
        self.files += len(files)
        self.file_bytes += sum(files)

    def leave(self, outcome: int | str) -> None:
        """Count a call that is over, by its HTTP status or what became of it instead."""
        self.in_flight -= 1
        self.statuses[str(outcome)] += 1

    def clear(self) -> None:
        """Start afresh; calls still in flight stay so."""
        fresh = Statistics(in_flight=self.in_flight, max_in_flight=self.in_flight)
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}
