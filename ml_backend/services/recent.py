"""What was read a moment ago, so that a burst of calls reads it once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Remembers values for a while; at most ``size`` of them, the oldest go first."""

    def __init__(self, seconds: float, size: int = 256) -> None:
        self._seconds = seconds
        self._size = size
        self._lock = threading.Lock()
        self._kept: dict[K, tuple[float, V]] = {}

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of a key, made when none is new; what ``make`` raises passes."""
        value = self.find_new(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (time.monotonic(), value)
            while len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    def find_new(self, key: K) -> V | None:
        """Return the value of a key unless it is too old."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or time.monotonic() - kept[0] >= self._seconds:
            return None
        return kept[1]

    def find(self, key: K) -> V | None:
        """Return the last value of a key, however old; None when there never was one."""
        with self._lock:
            kept = self._kept.get(key)
        return kept[1] if kept else None
