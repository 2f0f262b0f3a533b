"""What the server looks after by itself: nothing is kept longer than it should be."""

from __future__ import annotations

from ml_backend.services.upkeep.gone import Gone
from ml_backend.store import Store

ACCOUNT_DAYS = 30
"""After that what a run or race spent of its own budget is forgotten; its costs stay with it."""


class Upkeep:
    """Forgets what is too old, and what is gone from Label Studio."""

    def __init__(self, store: Store, gone: Gone, *, audit_days: int) -> None:
        self._store = store
        self._gone = gone
        self._audit_days = audit_days
        self._is_first = True

    def work(self) -> None:
        """Remove what is older than it is kept; Label Studio is not asked at a start."""
        self._store.audit.forget_older(self._audit_days)
        self._store.races.forget_orphans()
        self._store.allowances.forget_done(ACCOUNT_DAYS)
        if not self._is_first:
            self._gone.work()
        self._is_first = False
