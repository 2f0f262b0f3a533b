"""Open connections: taken in, waited for, written to and closed by a worker's main thread."""

from __future__ import annotations

import errno
import resource
import selectors
import socket
import time
from collections import Counter
from functools import partial
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from ml_backend.web.listening.bodies import Room
from ml_backend.web.listening.connection import (
    ANSWER_RATE,
    ANSWER_SECONDS,
    BODY_RATE,
    HEAD_SECONDS,
    LINGER_SECONDS,
    Awaits,
    Connection,
    Pace,
    refusal,
)
from ml_backend.web.listening.outbox import LAST_CHUNK, Outbox
from ml_backend.web.listening.streams import MOST_WAITING

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
LOOK_EVERY = 0.5
"""Seconds between two looks for what is late."""

ROOM = 1 << 30
"""Bytes of large bodies and answers that may lie in files."""

IN_KERNEL = 128 << 10
"""Bytes of an answer that the system holds for a reader; left to itself it holds megabytes."""

FILES = 4096
"""Open files a worker asks the system for: a connection each, and what the app opens."""


class Keeper(ThreadWorker):  # type: ignore[misc]
    """``folder`` is where large bodies lie while they come in; None is the system's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_plain = bool(self.cfg.is_ssl or self.cfg.proxy_protocol not in ("off", False))
        self._connections: set[Connection] = set()
        self._looked = 0.0
        self.room = Room(ROOM)
        self.folder: str | None = None

    def init_process(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection; at the limit for that of whoever has most of them."""
        if self._is_plain:
            super().accept(listener)
            return
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self._make_room()
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, IN_KERNEL)
        conn = Connection(sock, client, listener.getsockname())
        self._connections.add(conn)
        self.nr_conns += 1
        self._await(conn, Awaits.REQUEST, self.cfg.keepalive or HEAD_SECONDS)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def _make_room(self) -> None:
        """Close the oldest unanswered connection of the client that has most of them."""
        open_to_it = (Awaits.REQUEST, Awaits.REST_OF_HEAD, Awaits.BODY, Awaits.READER, Awaits.END)
        found = [each for each in self._connections if each.awaits in open_to_it]
        of_client = Counter(each.address for each in found)
        if found:
            self._drop(min(found, key=lambda c: (c.answered > 0, -of_client[c.address], c.since)))

    def _drop(self, conn: Connection) -> None:
        if conn not in self._connections:
            return
        self._connections.discard(conn)
        self._register(conn, 0)
        self.nr_conns -= 1
        conn.close()
        if conn.stream is not None:
            conn.stream.close()

    def _await(self, conn: Connection, what: Awaits, seconds: float, events: int = READ) -> None:
        conn.awaits = what
        conn.until = time.monotonic() + seconds
        self._register(conn, events)

    def _register(self, conn: Connection, events: int) -> None:
        if events == conn.registered:
            return
        if not conn.registered:
            self.poller.register(conn.sock, events, partial(self._on_event, conn))
        elif not events:
            self.poller.unregister(conn.sock)
        else:
            self.poller.modify(conn.sock, events, partial(self._on_event, conn))
        conn.registered = events

    def murder_pending(self) -> None:
        """Close what is late; called after each wait for events."""
        super().murder_pending()
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        for conn in [each for each in self._connections if each.is_late(now)]:
            if conn.awaits in (Awaits.REST_OF_HEAD, Awaits.BODY):
                self._refuse(conn, 408, "Request Timeout", "The request came in too slowly.")
            else:
                self._drop(conn)
        if not self.alive:
            for conn in [each for each in self._connections if each.awaits is Awaits.EVENTS]:
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self._connections:
            conn.until = min(conn.until, deadline)

    def _on_event(self, conn: Connection, _fileobj: object) -> None:
        """Read, or write, what a connection is ready for."""
        raise NotImplementedError

    def _take(self, conn: Connection, data: bytes) -> None:
        """Take what came in on a connection."""
        raise NotImplementedError

    # What goes out.

    def _sent(self, conn: Connection, data: bytes = b"") -> Outbox | None:
        """Send what waits, and more; None where the other side is gone, and left."""
        outbox = conn.outbox
        assert outbox is not None  # nosec B101  # for types
        try:
            if data:
                outbox.sendall(data)
            else:
                outbox.flush()
        except OSError:
            self._drop(conn)
            return None
        return outbox

    def _write_on(self, conn: Connection) -> None:
        outbox = self._sent(conn)
        if outbox is None:
            return
        if outbox.waiting:
            self._await(conn, Awaits.READER, 0.0, WRITE)
        elif conn.is_kept:
            conn.begin_anew()
            stays = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
            self._await(conn, Awaits.REQUEST, stays)
            rest, conn.unread = conn.unread, b""
            if rest:
                self._take(conn, rest)
        else:
            self._end(conn)

    def _end(self, conn: Connection) -> None:
        """Say that nothing more comes, and wait a little for the other side to see it."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.pace = Pace(LINGER_SECONDS, BODY_RATE)
        self._await(conn, Awaits.END, 0.0)

    def _refuse(self, conn: Connection, status: int, name: str, said: str) -> None:
        conn.outbox = Outbox(conn.sock, self.room, self.folder)
        try:
            conn.outbox.sendall(refusal(status, name, said))
        except OSError:
            self._drop(conn)
            return
        conn.is_kept = False
        conn.pace = Pace(ANSWER_SECONDS, ANSWER_RATE)
        self._write_on(conn)

    # Answers that go on.

    def _begin_stream(self, conn: Connection, outbox: Outbox) -> None:
        assert outbox.stream is not None  # nosec B101  # for types
        conn.stream, outbox.stream = outbox.stream, None
        conn.pace = None
        self._await(conn, Awaits.EVENTS, 0.0)
        conn.stream.attach(lambda data: self.method_queue.defer(self._send_event, conn, data))

    def _send_event(self, conn: Connection, data: bytes | None) -> None:
        outbox = conn.outbox
        if outbox is None or conn not in self._connections:
            return
        if data is None:
            data = LAST_CHUNK if outbox.is_chunked else b""
            conn.is_kept, conn.stream = False, None
        elif outbox.is_chunked:
            data = b"%x\r\n%s\r\n" % (len(data), data) if data else b""
        if data and self._sent(conn, data) is None:
            return
        if conn.stream is None:
            conn.pace = Pace(ANSWER_SECONDS, ANSWER_RATE)
            self._write_on(conn)
        elif outbox.waiting > MOST_WAITING:
            self._drop(conn)
        else:
            self._stream_on(conn)

    def _stream_on(self, conn: Connection) -> None:
        outbox = self._sent(conn)
        if outbox is None:
            return
        if not outbox.waiting:
            conn.pace = None
        elif conn.pace is None:
            conn.pace = Pace(ANSWER_SECONDS - outbox.sent / ANSWER_RATE, ANSWER_RATE)
        self._register(conn, READ | WRITE if outbox.waiting else READ)
