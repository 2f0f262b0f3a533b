"""What attachments became, kept for a while: pages are asked about again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from operator import attrgetter

from cachetools import TTLCache

from ml_backend.records import JsonObject


@dataclass(frozen=True, slots=True)
class Content:
    """What an attachment became: parts of a message.

    ``tokens`` bounds what they can be charged as, ``size`` is in bytes.
    """

    parts: tuple[JsonObject, ...] = ()
    tokens: int = 0
    size: int = 0
    is_scan: bool = False
    pixels: tuple[int, int] | None = None
    """Width and height of a picture as it is sent."""


class AttachmentCache:
    """The contents used last, bounded in bytes and in age; safe to share between threads."""

    def __init__(self, most_bytes: int, seconds: float) -> None:
        self._lock = threading.Lock()
        self._contents: TTLCache[Hashable, Content] = TTLCache(
            most_bytes, seconds, getsizeof=attrgetter("size")
        )
        self._coming: dict[Hashable, Future[Content]] = {}

    def find(
        self, key: Hashable, start: Callable[[], Future[Content]]
    ) -> Content | Future[Content]:
        """A content that is kept, else the one making of it that is under way or ``start``s now."""
        with self._lock:
            content = self._contents.get(key)
            if content is not None:
                return content
            coming = self._coming.get(key)
            if coming is None:
                coming = self._coming[key] = start()
        # Outside the lock: of a future that is done already it is called here and now.
        coming.add_done_callback(lambda done: self._arrived(key, done))
        return coming

    def _arrived(self, key: Hashable, done: Future[Content]) -> None:
        with self._lock:
            if self._coming.get(key) is not done:
                return
            del self._coming[key]
            if done.cancelled() or done.exception() is not None:
                return
            content = done.result()
            if content.size <= self._contents.maxsize:
                self._contents[key] = content
