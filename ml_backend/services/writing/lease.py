"""A named lease kept while some work lasts, so that of several servers one alone does it."""

from __future__ import annotations

import logging
import threading

import sqlalchemy as sa

from ml_backend.services.writing.writer import holder_name
from ml_backend.store import Store

log = logging.getLogger(__name__)

HOLD_SECONDS = 15.0
"""As long as a dead server's hold keeps others away."""


class Lease:
    """``with Lease(store, name) as got:`` where ``got`` says whether it is ours."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._fence: int | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"hold-{name}", daemon=True)

    def __enter__(self) -> bool:
        self._fence = self._store.writing.acquire(self._name, holder_name(), HOLD_SECONDS)
        if self._fence is not None:
            self._thread.start()
        return self._fence is not None

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._fence is None:
            return
        self._thread.join()
        self.let_go()

    def let_go(self) -> None:
        """Leave it to others now; harmless when it was never ours."""
        self._ended.set()
        if self._fence is None:
            return
        try:
            self._store.writing.release(self._name, self._fence)
        except sa.exc.SQLAlchemyError:
            log.warning("%s could not be let go; it ends by itself", self._name)

    def _renew(self) -> None:
        while not self._ended.wait(HOLD_SECONDS / 3):
            assert self._fence is not None
            try:
                if not self._store.writing.renew(self._name, self._fence, HOLD_SECONDS):
                    return
            except sa.exc.SQLAlchemyError:
                log.warning("%s could not be renewed", self._name)
