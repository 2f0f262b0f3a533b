"""The heartbeat of a run: keeps its claim, shows its progress, hears that it should stop."""

from __future__ import annotations

import threading
import time

from ml_backend.records import JsonObject
from ml_backend.services.runs.pipeline import RunTally
from ml_backend.store import Store, totals_columns

CLAIM_SECONDS = 15.0


class Heartbeat:
    """Keeps a run's claim and shows its progress every second; tells the work when to stop."""

    def __init__(self, store: Store, run_id: int, fence: int, shutdown: threading.Event) -> None:
        self._store = store
        self._run_id = run_id
        self._fence = fence
        self._shutdown = shutdown
        self._ended = threading.Event()
        self.stop = threading.Event()
        """Set when the work must end: the claim is lost or the process shuts down."""
        self.stop_asking = threading.Event()
        """Set as well when a person canceled; publishing what was answered goes on."""
        self.canceled = False
        self.tally: RunTally | None = None
        self._message = ""
        self._thread = threading.Thread(target=self._beat, name=f"beat-{run_id}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def say(self, message: str) -> None:
        """Show a message on the run with the next beat."""
        self._message = message

    def columns(self) -> JsonObject:
        """Return the run's columns as they stand now."""
        return {"message": self._message, **self.totals()}

    def totals(self) -> JsonObject:
        """Return the columns of the run's totals as far as they are known."""
        return totals_columns(self.tally.totals) if self.tally else {}

    def _beat(self) -> None:
        try:
            while not self._ended.wait(1.0):
                if self._shutdown.is_set():
                    return
                held = self._store.runs.change(
                    self._run_id,
                    self._fence,
                    lease_until=time.time() + CLAIM_SECONDS,
                    **self.columns(),
                )
                if not held:
                    return
                if self._store.runs.is_canceled(self._run_id):
                    self.canceled = True
                    self.stop_asking.set()
        finally:
            if not self._ended.is_set():
                self.stop.set()
                self.stop_asking.set()
