"""The embedded engine: finds work by asking for it and hands it to its handler, in threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ml_backend.jobs.repeater import Repeater

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handler:
    """What works on one kind: ``claimable`` says what is open, ``handle`` does one of it.

    At most ``width`` of what is found go on at a time, so that no kind keeps another waiting.
    ``at_once`` begins what is offered here however much goes on, also before ``start()``: for a
    caller waits for it.
    """

    handle: Callable[[int], object]
    claimable: Callable[[], Sequence[int]]
    width: int = 4
    at_once: bool = False


class EmbeddedEngine:
    """Works in this process on what is offered, and on what every look finds unclaimed.

    It holds no state worth keeping: claims and progress live in the store, so several engines, a
    restart or another kind of worker all do the same work safely.
    """

    def __init__(self, handlers: Mapping[str, Handler], *, every: float = 1.0) -> None:
        self._handlers = handlers
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._active: set[tuple[str, int]] = set()
        self._offers: list[tuple[int, str, int]] = []
        self._stopped = False
        self._looking = Repeater("engine", self._look, every=every)

    def offer(self, kind: str, key: int, *, priority: int = 0) -> None:
        """Begin soon; at once where the handler says so. What finds no room is found by a look."""
        with self._lock:
            if self._handlers[kind].at_once:
                self._begin(kind, key)
                return
            self._offers.append((priority, kind, key))
        self._looking.wake()

    def start(self) -> None:
        """Begin to look; a second call is harmless."""
        self._looking.start()

    def stop(self, timeout: float) -> bool:
        """Begin nothing more; work under way ends by its own stop signal."""
        self._looking.stop()
        until = time.monotonic() + timeout
        with self._idle:
            self._stopped = True
            return self._idle.wait_for(lambda: not self._active, max(0.0, until - time.monotonic()))

    def _look(self) -> None:
        with self._lock:
            offers, self._offers = self._offers, []
            for _, kind, key in sorted(offers, key=lambda offer: -offer[0]):
                self._begin_where_room(kind, key)
        for kind, handler in self._handlers.items():
            try:
                found = handler.claimable()
            except Exception:  # one kind's trouble, or an absent database, must not end the other
                log.exception("looking for open %ss failed; trying again", kind)
                continue
            with self._lock:
                for key in found:
                    self._begin_where_room(kind, key)

    def _begin_where_room(self, kind: str, key: int) -> None:
        going_on = sum(active == kind for active, _ in self._active)
        if going_on < self._handlers[kind].width:
            self._begin(kind, key)

    def _begin(self, kind: str, key: int) -> None:
        if self._stopped or (kind, key) in self._active:
            return
        self._active.add((kind, key))
        name = f"{kind}-{key}"
        threading.Thread(target=self._run, args=(kind, key), name=name, daemon=True).start()

    def _run(self, kind: str, key: int) -> None:
        try:
            self._handlers[kind].handle(key)
        except Exception:  # the handler reports its own failures; this is the last net
            log.exception("%s %s ended with an unexpected error", kind, key)
        finally:
            with self._idle:
                self._active.discard((kind, key))
                self._idle.notify_all()
