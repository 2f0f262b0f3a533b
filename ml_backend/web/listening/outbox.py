"""Where a thread writes its answer: what the reader does not take yet waits without the thread."""

from __future__ import annotations

import errno
import select
import socket
import time
from typing import TYPE_CHECKING

from ml_backend.web.listening.bodies import Held, NoRoom, Room

if TYPE_CHECKING:
    from ml_backend.web.listening.streams import EventStream

MOST_HELD = 64 << 20
"""Bytes of an answer beyond which the thread waits for its reader after all."""

STALL_SECONDS = 10.0
"""How long a thread waits so for a reader that takes nothing."""

LAST_CHUNK = b"0\r\n\r\n"
PART = 1 << 20


class Outbox:
    """Stands in for the socket in gunicorn's hands; the socket itself never blocks."""

    def __init__(self, sock: socket.socket, room: Room, folder: str | None) -> None:
        self._sock = sock
        self._held = Held(room, folder)
        self._sent_of_held = 0
        self.sent = 0
        self.is_broken = False
        self.is_chunked = False
        self.stream: EventStream | None = None
        """Set by an answer that goes on after its thread has gone."""

    @property
    def waiting(self) -> int:
        """Bytes the reader has not taken."""
        return self._held.size - self._sent_of_held

    def sendall(self, data: bytes) -> None:
        """Send what goes, keep the rest; raises OSError for a reader that is gone or stands."""
        if self.stream is not None:
            if not self.sent and not self.waiting:
                self.is_chunked = b"\r\nTransfer-Encoding: chunked\r\n" in data
            elif data == LAST_CHUNK:
                return
        view = memoryview(data)
        if not self.waiting:
            view = view[self._send(view) :]
        while view:
            part = view[:PART]
            if self.waiting + len(part) > MOST_HELD:
                self._wait()
                continue
            try:
                self._held.add(part)
            except NoRoom:
                if not self.waiting:
                    raise OSError(errno.ENOBUFS, "no room for an answer") from None
                self._wait()
                continue
            view = view[len(part) :]

    def send(self, data: bytes) -> int:
        self.sendall(data)
        return len(data)

    def flush(self) -> None:
        """Send what of the kept goes without waiting; raises OSError when the reader is gone."""
        while self.waiting:
            block = self._held.read(self._sent_of_held)
            sent = self._send(memoryview(block))
            self._sent_of_held += sent
            if sent < len(block):
                return
        self._held.close()
        self._sent_of_held = 0

    def _wait(self) -> None:
        until = time.monotonic() + STALL_SECONDS
        before = self.sent
        while self.sent == before:
            left = until - time.monotonic()
            if left <= 0:
                self.is_broken = True
                raise OSError(errno.EPIPE, "the reader of an answer does not read")
            poll = select.poll()
            poll.register(self._sock, select.POLLOUT)
            poll.poll(left * 1000)
            self.flush()

    def _send(self, view: memoryview) -> int:
        try:
            sent = self._sock.send(view) if len(view) else 0
        except (BlockingIOError, InterruptedError):
            return 0
        self.sent += sent
        return sent

    def close(self) -> None:
        """Let go of what is kept; the socket is not ours to close."""
        self.is_broken = True
        self._held.close()
        self._sent_of_held = 0

    # What gunicorn may do with a socket besides.

    def shutdown(self, _how: int) -> None:
        raise OSError(errno.ENOTCONN, "not ours to shut down")

    def gettimeout(self) -> float:
        return 0.0

    def settimeout(self, _seconds: float | None) -> None:
        """Never blocks as it is."""

    def setblocking(self, _flag: bool) -> None:
        """Never blocks as it is."""

    def getsockname(self) -> object:
        return self._sock.getsockname()

    def getpeername(self) -> object:
        return self._sock.getpeername()
