"""What was read a moment ago, so that a burst of calls reads it once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
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


class Shared(Generic[K, V]):
    """Answers by key, each of them new: made by one caller for all who ask in the meantime.

    ``seconds`` are those since it was begun to be made, so that no answer is older.
    """

    def __init__(self, seconds: float, size: int = 1024) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._made: LRUCache[K, tuple[float, Future[V]]] = LRUCache(size)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the answer of a key; what ``make`` raises is raised to all who share it."""
        with self._lock:
            began, future = self._made.get(key, (float("-inf"), None))
            is_mine = future is None or time.monotonic() - began > self._seconds
            if is_mine or future is None:
                future = Future()
                self._made[key] = (time.monotonic(), future)
        if not is_mine:
            return future.result()
        try:
            value = make()
        except BaseException as error:
            self._forget(key, future)
            future.set_exception(error)
            raise
        future.set_result(value)
        return value

    def find(self, key: K) -> V | None:
        """Return an answer that is there; None where it would have to be made or waited for."""
        with self._lock:
            began, future = self._made.get(key, (float("-inf"), None))
        if future is None or not future.done() or time.monotonic() - began > self._seconds:
            return None
        return None if future.exception() is not None else future.result()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._made.clear()

    def _forget(self, key: K, future: Future[V]) -> None:
        with self._lock:
            if self._made.get(key, (0.0, None))[1] is future:
                self._made.pop(key, None)
