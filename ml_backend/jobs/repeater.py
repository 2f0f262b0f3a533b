"""A thread that does one thing again and again until it is told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Repeater:
    """Calls ``work`` every ``every`` seconds, and at once when woken, in a thread of its own.

    What ``work`` raises is logged and costs that one call. Calls never overlap.
    """

    def __init__(self, name: str, work: Callable[[], object], *, every: float = 1.0) -> None:
        self._name = name
        self._work = work
        self._every = every
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call is harmless."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._repeat, name=self._name, daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Call now rather than at the next turn; during a call, once more right after it."""
        self._wake.set()

    def stop(self) -> None:
        """Call no more; a call under way goes on to its end."""
        self._stop.set()
        self._wake.set()

    def join(self, timeout: float) -> bool:
        """Return whether the thread has ended within ``timeout`` seconds."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(max(0.0, timeout))
        return not thread.is_alive()

    def _repeat(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._work()
            except Exception:  # it must outlive a locked or absent database
                log.exception("%s failed; trying again", self._name)
            self._wake.wait(self._every)
