"""Answers that go on: events sent for as long as somebody listens, without a thread for each.

A view makes an EventStream, keeps it where events come from, and returns ``answer(stream)``. Our
worker takes the connection over once the view has returned; any other WSGI server reads it in a
thread of its own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Response

MIMETYPE = "text/event-stream"
MOST_WAITING = 256 << 10
"""Bytes that a reader may be behind; one further behind is cut off, and comes back if it likes."""

Deliver = Callable[[bytes | None], None]


class EventStream:
    """One listener; any thread may ``send`` and ``close``, before it is answered too.

    ``on_close`` is called once, when either side has ended it; it must not wait for anything.
    """

    def __init__(self, on_close: Callable[[], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._on_close = on_close
        self._deliver: Deliver | None = None
        self._early: list[bytes] = []
        self._is_open = True

    @property
    def is_open(self) -> bool:
        return self._is_open

    def send(self, data: bytes) -> bool:
        """Send bytes on, whole events; False when nobody listens any more."""
        with self._lock:
            if not self._is_open:
                return False
            if self._deliver is None:
                self._early.append(data)
            else:
                self._deliver(data)
            return True

    def close(self) -> None:
        """End the answer after what was sent; nothing happens the second time."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            if self._deliver is not None:
                self._deliver(None)
        if self._on_close is not None:
            self._on_close()

    def attach(self, deliver: Deliver) -> None:
        """Have everything delivered so, what was sent before first; None is the end."""
        with self._lock:
            for data in self._early:
                deliver(data)
            self._early.clear()
            self._deliver = deliver
            if not self._is_open:
                deliver(None)


def answer(stream: EventStream) -> Response:
    """Return the response of a view that goes on sending."""
    from flask import Response, request  # late: gunicorn's master process needs none of it

    outbox = request.environ.get("gunicorn.socket")
    if outbox is not None and hasattr(outbox, "stream"):
        outbox.stream = stream
        response = Response(iter(()), mimetype=MIMETYPE)
    else:
        response = Response(_in_a_thread(stream), mimetype=MIMETYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _in_a_thread(stream: EventStream) -> Iterator[bytes]:
    events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    stream.attach(events.put)
    try:
        while (data := events.get()) is not None:
            yield data
    finally:
        stream.close()
