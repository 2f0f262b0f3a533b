"""What was read a moment ago, so that a burst of calls reads it once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import LRUCache, TTLCache

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Remembers values for a while; safe to share among threads.

    At most ``size`` of them: those that nobody asked for the longest go first.
    """

    def __init__(self, seconds: float, size: int = 256) -> None:
        self._lock = threading.Lock()
        self._new: TTLCache[K, V] = TTLCache(size, seconds)
        self._last: LRUCache[K, V] = LRUCache(size)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of a key, made when none is new; what ``make`` raises passes."""
        value = self.find_new(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._new[key] = self._last[key] = value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._new.clear()
            self._last.clear()

    def forget(self, key: K) -> None:
        """Forget the value of a key."""
        with self._lock:
            self._new.pop(key, None)
            self._last.pop(key, None)

    def find_new(self, key: K) -> V | None:
        """Return the value of a key unless it is too old."""
        with self._lock:
            return self._new.get(key)

    def find(self, key: K) -> V | None:
        """Return the last value of a key, however old; None when there never was one."""
        with self._lock:
            return self._last.get(key)
