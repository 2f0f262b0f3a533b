"""Acceptances that were interrupted, read back by the server itself: nobody need count again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ml_backend.errors import PromptsError
from ml_backend.labelstudio import LabelStudioReader
from ml_backend.services.accepting.book import AcceptanceBook
from ml_backend.services.writing.writer import Acting
from ml_backend.store import Store

log = logging.getLogger(__name__)

AGAIN_AFTER = 300.0
"""Seconds until a project is read again in which something is interrupted still."""


class ReadingBack:
    """Brings the book to what Label Studio has, where a process died before it wrote that down.

    What an interrupted acceptance did not make waits for whoever asks again: nothing is made here.
    """

    def __init__(
        self,
        store: Store,
        studio: LabelStudioReader,
        book: AcceptanceBook[Acting],
        is_written: Callable[[], bool],
        *,
        shutdown: threading.Event,
    ) -> None:
        """``is_written`` says whether anybody holds the right to write: then all goes on."""
        self._store = store
        self._studio = studio
        self._book = book
        self._is_written = is_written
        self._shutdown = shutdown
        self._put_off: dict[tuple[int, int], float] = {}

    def work(self) -> None:
        """Read back what is open, a project at a time; for a repeater."""
        acts = self._store.acceptances.open()  # the newest first
        newest = {act.project_id: act.id for act in reversed(acts)}
        for project_id, number in newest.items():
            key = (project_id, number)
            if self._shutdown.is_set() or self._is_written():
                return
            if self._put_off.get(key, 0.0) > time.monotonic():
                continue
            try:
                self._book.settle(self._studio, project_id)
            except PromptsError as error:
                log.warning("acceptances of project %s: %s", project_id, error)
            self._put_off[key] = time.monotonic() + AGAIN_AFTER
        self._put_off = {key: at for key, at in self._put_off.items() if key in newest.items()}
