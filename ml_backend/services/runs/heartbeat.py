"""The heartbeat of a run: keeps its claim, shows its progress, hears that it should stop."""

from __future__ import annotations

import threading
from typing import Any

from ml_backend.records import JsonObject
from ml_backend.services.runs.pipeline import RunTally
from ml_backend.services.writing.lease import Lease
from ml_backend.store import Store, totals_columns

BEAT_SECONDS = 1.0


class Heartbeat(Lease[int]):
    """The lease of a run: shows its progress every second and tells the work when to stop."""

    def __init__(
        self, store: Store, run_id: int, fence: int, shutdown: threading.Event, **timing: Any
    ) -> None:
        super().__init__(
            store.runs, run_id, fence, shutdown=shutdown, **{"every": BEAT_SECONDS, **timing}
        )
        self.stop_asking = threading.Event()
        """Set with ``over``, and when a person canceled; publishing what was answered goes on."""
        self.canceled = False
        self.tally: RunTally | None = None
        self._store = store
        self._run_id = run_id
        self._message = ""

    def say(self, message: str) -> None:
        """Show a message on the run with the next beat."""
        self._message = message

    def columns(self) -> JsonObject:
        """Return the run's columns as they stand now."""
        return {"message": self._message, **self.totals()}

    def totals(self) -> JsonObject:
        """Return the columns of the run's totals as far as they are known."""
        return totals_columns(self.tally.totals) if self.tally else {}

    def renewed(self) -> None:
        if self._store.runs.is_canceled(self._run_id):
            self.canceled = True
            self.stop_asking.set()

    def stopped(self) -> None:
        self.stop_asking.set()
