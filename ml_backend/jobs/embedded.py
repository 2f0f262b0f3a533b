"""The embedded engine: finds work by asking for it and hands it to a handler, in threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from ml_backend.jobs.repeater import Repeater

log = logging.getLogger(__name__)


class EmbeddedEngine:
    """Polls ``find`` for job ids and runs ``handle`` on each, at most ``width`` at a time.

    It holds no state worth keeping: claims and progress live in the store, so several engines, a
    restart or another kind of worker all do the same work safely.
    """

    def __init__(
        self,
        find: Callable[[], Sequence[int]],
        handle: Callable[[int], object],
        *,
        width: int = 4,
        every: float = 1.0,
    ) -> None:
        self._find = find
        self._handle = handle
        self._width = width
        self._lock = threading.Lock()
        self._active: set[int] = set()
        self._looking = Repeater("engine", self._start_found, every=every)

    def start(self) -> None:
        """Begin polling; a second call is harmless."""
        self._looking.start()

    def wake(self) -> None:
        """Look for work now rather than at the next poll."""
        self._looking.wake()

    def stop(self) -> None:
        """Start nothing more; jobs under way end by their own stop signal."""
        self._looking.stop()

    def wait_idle(self, timeout: float) -> bool:
        """Return whether every job under way has ended within ``timeout`` seconds."""
        until = time.monotonic() + timeout
        while self._active:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        return True

    def _start_found(self) -> None:
        for job in self._find():
            with self._lock:
                if len(self._active) >= self._width:
                    return
                if job in self._active:
                    continue
                self._active.add(job)
            threading.Thread(target=self._run, args=(job,), name=f"job-{job}", daemon=True).start()

    def _run(self, job: int) -> None:
        try:
            self._handle(job)
        except Exception:  # the handler reports its own failures; this is the last net
            log.exception("job %s ended with an unexpected error", job)
        finally:
            with self._lock:
                self._active.discard(job)
