"""A connection while no thread has it: what is awaited of it, and until when."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from ml_backend.addresses import network_of
from ml_backend.web.listening.bodies import Body
from ml_backend.web.listening.heads import Head
from ml_backend.web.listening.outbox import Outbox
from ml_backend.web.listening.streams import EventStream
from ml_backend.web.server.headers import POLICY

HEAD_SECONDS = 10.0
"""From a head's first byte to its last."""

BODY_SECONDS, BODY_RATE = 10.0, 8 << 10
"""A body may take so long, and a second more for each so many bytes of it that have come."""

ANSWER_SECONDS, ANSWER_RATE = 30.0, 4 << 10
"""An answer may take its reader so long, and a second more for each so many bytes taken."""

LINGER_SECONDS = 3.0
"""What is still on its way is read and dropped, so that the answer before it is not lost; longer
only while as much comes in as a body must."""

LINGER_BYTES = 256 << 20


class Awaits(Enum):
    """What is next."""

    REQUEST = auto()
    REST_OF_HEAD = auto()
    BODY = auto()
    THREAD = auto()
    READER = auto()
    EVENTS = auto()
    END = auto()


@dataclass(slots=True)
class Pace:
    """How fast bytes must get on."""

    seconds: float
    rate: int
    began: float = field(default_factory=time.monotonic)

    def is_missed(self, done: int) -> bool:
        return time.monotonic() - self.began > self.seconds + done / self.rate


@dataclass(eq=False, slots=True)
class Connection:
    """Belongs to the worker's main thread, but for while it awaits a thread."""

    sock: socket.socket
    client: Any
    server: Any
    awaits: Awaits = Awaits.REQUEST
    since: float = field(default_factory=time.monotonic)
    until: float = 0.0
    buffer: bytearray = field(default_factory=bytearray)
    head: Head | None = None
    body: Body | None = None
    pace: Pace | None = None
    answered: int = 0
    unread: bytes = b""
    """What was read beyond what is being looked at."""

    limit: int | None = None
    """The most bytes of the body, once its head was looked at; None before that."""

    outbox: Outbox | None = None
    stream: EventStream | None = None
    is_kept: bool = False
    lingered: int = 0
    registered: int = 0

    @property
    def address(self) -> str:
        """The client's address, of IPv6 the network that one client has to itself."""
        return network_of(self.client[0] if isinstance(self.client, tuple) else "")

    def message(self) -> Iterator[bytes]:
        """Yield the whole request as gunicorn reads it; of a body what was kept of it."""
        assert self.head is not None  # nosec B101  # for types
        if self.body is None:
            yield self.head.raw
            return
        yield self.head.with_length(self.body.held.size)
        yield from self.body.held.blocks()

    def is_late(self, now: float) -> bool:
        """Return whether what is awaited should have been there by now."""
        if self.awaits in (Awaits.REQUEST, Awaits.REST_OF_HEAD):
            return now > self.until
        done = 0
        if self.awaits is Awaits.BODY and self.body is not None:
            done = self.body.size
        elif self.awaits is Awaits.END:
            done = self.lingered
        elif self.outbox is not None:
            done = self.outbox.sent
        return (
            self.awaits is not Awaits.THREAD and self.pace is not None and self.pace.is_missed(done)
        )

    def begin_anew(self) -> None:
        """Await another request, after one was answered."""
        if self.body is not None:
            self.body.held.close()
        self.head = self.body = self.pace = self.outbox = self.limit = None
        self.answered += 1

    def close(self) -> None:
        for part in (self.body.held if self.body else None, self.outbox):
            if part is not None:
                part.close()
        self.sock.close()


def refusal(status: int, name: str, said: str) -> bytes:
    """Return the answer to what is no request that the app could look at."""
    body = json.dumps({"error": said, "kind": name}).encode()
    head = (
        f"HTTP/1.1 {status} {name}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Content-Type-Options: nosniff\r\n"
        f"Content-Security-Policy: {POLICY}\r\nReferrer-Policy: same-origin\r\n"
        "Cache-Control: no-store\r\n\r\n"
    )
    return head.encode("latin-1") + body
