"""What the doctor found, looked for in a thread of its own: a model that is dead keeps no page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cachetools import FIFOCache

from ml_backend.services.health.doctor import FAIL, Check

log = logging.getLogger(__name__)

REMEMBERED = 64


@dataclass(slots=True)
class Round:
    """One look at everything; ``found`` grows until it is done."""

    began: float = field(default_factory=time.monotonic)
    found: list[Check] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def is_done(self) -> bool:
        return self.done.is_set()

    def look(self, checks: Callable[[], Iterator[Check]]) -> None:
        """Find everything; a check that breaks is a finding as well."""
        try:
            for check in checks():
                self.found.append(check)
        except Exception as error:  # a person waits for the findings, whatever went wrong
            log.exception("the checks ended early")
            message = f"The checks ended early: {type(error).__name__}."
            self.found.append(Check("checks", FAIL, message, "The server's log has more."))
        finally:
            self.done.set()


class Findings:
    """The last rounds, by who asked: what one person may read is not another's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rounds: FIFOCache[bytes, tuple[Round, Round | None]] = FIFOCache(REMEMBERED)
        """The newest round, and the one before it while that one goes on."""

    def look(
        self, key: bytes, checks: Callable[[], Iterator[Check]], *, fresh: float, wait: float
    ) -> Round:
        """Return what is found, looking again when the last look is older than ``fresh`` seconds.

        After ``wait`` seconds the round before this one is returned, or what this one has so far.
        """
        with self._lock:
            newest, before = self._rounds.get(key, (None, None))
            if newest is None or (newest.is_done and time.monotonic() - newest.began > fresh):
                before, newest = newest, Round()
                self._rounds[key] = (newest, before)
                threading.Thread(
                    target=newest.look, args=(checks,), name="doctor", daemon=True
                ).start()
        # Waiting is done without the lock: others look meanwhile.
        if newest.done.wait(wait) or before is None:
            return newest
        return before

    def forget(self, key: bytes) -> None:
        """Look anew the next time: something was changed."""
        with self._lock:
            self._rounds.pop(key, None)
