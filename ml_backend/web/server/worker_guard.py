"""A worker process's way out: quickly, with its claims let go, and never as an orphan."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker

    from ml_backend.container import Container

log = logging.getLogger(__name__)

LOOK_EVERY = 0.2
LEAVE_SECONDS = 3.0
"""From being told to stop until the process ends, however long its requests would still take."""

ORPHAN_SECONDS = 1.0


class WorkerGuard:
    """Watches a worker: a killed master must not leave it holding port and claims.

    gunicorn looks for its parent too, but then waits for open requests; and Python, at exit, for
    the threads that answer them.
    """

    def __init__(self, worker: Worker, container: Container) -> None:
        self._worker = worker
        self._container = container
        self._parent = os.getppid()
        self._lock = threading.Lock()
        self._until: float | None = None

    def start(self) -> None:
        """Watch from a thread of its own."""
        threading.Thread(target=self._watch, name="guard", daemon=True).start()

    def leave(self) -> None:
        """Let go of everything and end the process."""
        self._begin(LEAVE_SECONDS)
        self._finish()

    def _watch(self) -> None:
        while self._worker.alive:
            if os.getppid() != self._parent:
                log.warning("the server's master is gone; its worker ends too")
                self._begin(ORPHAN_SECONDS)
                self._finish()
            time.sleep(LOOK_EVERY)
        # Requests under way may still end, as long as there is time.
        until = self._begin(LEAVE_SECONDS)
        time.sleep(max(0.0, until - time.monotonic()))
        self._finish()

    def _begin(self, seconds: float) -> float:
        with self._lock:
            if self._until is None:
                self._until = time.monotonic() + seconds
                self._container.close()
            return self._until

    def _finish(self) -> None:
        until = self._begin(0.0)
        self._container.close(max(0.0, until - time.monotonic()))
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
