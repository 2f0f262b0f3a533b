"""The lease: the right to work on something alone, kept for as long as the work lasts.

One rule for runs, jobs, writing and events: while the database fails, renewing is tried again until
the lease is over; then, or as soon as another has taken it, the holder stops and writes no more.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, Self, TypeVar

import sqlalchemy as sa

from ml_backend.store import Store

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
"""As long as a dead process's lease keeps others away."""

RETRY_SECONDS = 1.0
"""Between two tries while the database fails."""

LOOK_SECONDS = 0.2
"""How soon a holder hears that its process shuts down."""

Key = TypeVar("Key", contravariant=True)
OneKey = TypeVar("OneKey", int, str)


def holder_name() -> str:
    """Return who holds a lease or run, for people: host, process and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


class Claimed(Protocol[Key]):
    """What keeps a lease in the store; both say whether it still is this fence's."""

    def renew(self, key: Key, fence: int, seconds: float, /, **columns: Any) -> bool: ...

    def release(self, key: Key, fence: int, /) -> bool: ...


class Lease(Generic[OneKey]):
    """Renews a claim in a thread from ``with`` on; its end lets go of it.

    The claim was made at ``since`` by ``clock``. ``shutdown`` ends the lease early.
    """

    def __init__(
        self,
        claimed: Claimed[OneKey],
        key: OneKey,
        fence: int,
        *,
        seconds: float = LEASE_SECONDS,
        every: float | None = None,
        since: float | None = None,
        shutdown: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fence = fence
        self.over = threading.Event()
        """Set when the holder must stop: it is another's, it ran out, or the process ends."""
        self._claimed: Claimed[OneKey] = claimed
        self.key: OneKey = key
        self._seconds = seconds
        self._every = seconds / 4 if every is None else every
        self._shutdown = shutdown
        self._clock = clock
        self._renewed_at = clock() if since is None else since
        self._due_at = self._renewed_at + self._every
        self._failing = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{key}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        finished = self._ended.is_set()
        self.end()
        if not finished:
            self.let_go()

    def end(self) -> None:
        """Renew no more, so that the holder can finish the row without being overwritten."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def is_held(self) -> bool:
        """Return whether the holder may still write; asked right before each write.

        By the clock, too: the thread that renews may itself be stuck in a locked database.
        """
        stopped = self.over.is_set() or self._ended.is_set()
        return not stopped and self._clock() < self._renewed_at + self._seconds

    def let_go(self) -> None:
        """Leave it to others now; harmless when it is theirs already."""
        self._ended.set()
        try:
            self._claimed.release(self.key, self.fence)
        except sa.exc.SQLAlchemyError:
            log.warning("the lease %s could not be let go; it ends by itself", self.key)

    def beat(self) -> None:
        """Renew when it is time to; called again and again."""
        if self.over.is_set():
            return
        now = self._clock()
        if self._shutdown is not None and self._shutdown.is_set():
            self._stop()
        elif now >= self._renewed_at + self._seconds:
            log.error("the lease %s ran out before it could be renewed: stopping", self.key)
            self._stop()
        elif now >= self._due_at:
            self._renew(now)

    def columns(self) -> Mapping[str, Any]:
        """Return what is shown on the row with each renewal."""
        return {}

    def renewed(self) -> None:
        """Do what follows each renewal."""

    def stopped(self) -> None:
        """Do what follows ``over``."""

    def _renew(self, now: float) -> None:
        try:
            held = self._claimed.renew(self.key, self.fence, self._seconds, **self.columns())
            if held:
                # From before the call: the store counts from a later moment, never an earlier.
                self._renewed_at = now
                self.renewed()
        except sa.exc.SQLAlchemyError as error:
            if not self._failing:
                log.warning("the lease %s is not renewed, trying again: %s", self.key, error)
            self._failing = True
            self._due_at = now + min(RETRY_SECONDS, self._every)
            return
        self._failing = False
        self._due_at = now + self._every
        if not held:
            log.warning("the lease %s was taken over: stopping", self.key)
            self._stop()

    def _stop(self) -> None:
        self.over.set()
        self.stopped()

    def _keep(self) -> None:
        try:
            while not self._ended.wait(min(LOOK_SECONDS, self._every)) and not self.over.is_set():
                self.beat()
        finally:
            # Also when renewing failed for another reason: nothing is written under such a lease.
            if not self._ended.is_set() and not self.over.is_set():
                self._stop()


class NamedLease:
    """``with NamedLease(store, name) as got:`` where ``got`` is the lease, None if another's."""

    def __init__(self, store: Store, name: str, *, seconds: float = LEASE_SECONDS) -> None:
        self._store = store
        self._name = name
        self._seconds = seconds
        self._lease: Lease[str] | None = None

    def __enter__(self) -> Lease[str] | None:
        since = time.monotonic()
        fence = self._store.writing.acquire(self._name, holder_name(), self._seconds)
        if fence is None:
            return None
        self._lease = Lease(
            self._store.writing, self._name, fence, seconds=self._seconds, since=since
        )
        return self._lease.__enter__()

    def __exit__(self, *_: object) -> None:
        if self._lease is not None:
            self._lease.__exit__()

    def let_go(self) -> None:
        """Leave it to others now; harmless when it was never ours."""
        if self._lease is not None:
            self._lease.let_go()
