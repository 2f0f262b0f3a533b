"""gunicorn's worker with threads, which get whole requests only and wait for no reader.

gunicorn's own gives a thread to each connection that opens, for as long as it takes to send a
request and to read the answer: a few slow ones and the server is dead. Here the main thread, which
waits for all connections anyway, gathers a request as it comes in, and a thread sees it when it is
whole. Of a body that is more than a few kilobytes the head is looked at first (``body_limits``).
With TLS or the PROXY protocol by gunicorn's own options it is gunicorn's worker as it is.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from gunicorn.http import RequestParser
from gunicorn.http.errors import InvalidHeader, NoMoreData

from ml_backend.web.listening import heads
from ml_backend.web.listening.admission import Turn, is_admitted
from ml_backend.web.listening.bodies import BadBody, Body, Held, NoRoom
from ml_backend.web.listening.connection import (
    ANSWER_RATE,
    ANSWER_SECONDS,
    BODY_RATE,
    BODY_SECONDS,
    HEAD_SECONDS,
    LINGER_BYTES,
    Awaits,
    Connection,
    Pace,
    refusal,
)
from ml_backend.web.listening.keeper import Keeper
from ml_backend.web.listening.outbox import Outbox
from ml_backend.web.server.body_limits import BEFORE_LOGIN, LOOKED_THROUGH, limit_of

CHUNK = 256 << 10


class PatientWorker(Keeper):
    """Gathers requests in its main thread, has threads answer them."""

    # What comes in.

    def _on_event(self, conn: Connection, _fileobj: object) -> None:
        if conn.awaits is Awaits.READER:
            self._write_on(conn)
            return
        if conn.awaits is Awaits.EVENTS and conn.outbox is not None and conn.outbox.waiting:
            self._stream_on(conn)
            if conn not in self._connections:
                return
        try:
            data = conn.sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        conn.lingered += len(data) if conn.awaits is Awaits.END else 0
        if not data or conn.lingered > LINGER_BYTES:
            self._drop(conn)
        elif conn.awaits not in (Awaits.END, Awaits.EVENTS):
            self._take(conn, data)

    def _take(self, conn: Connection, data: bytes) -> None:
        try:
            if conn.head is None:
                self._take_head(conn, data)
            else:
                self._take_body(conn, data)
        except BadBody as error:
            self._refuse(conn, 400, "Bad Request", f"The request's body is none: {error}.")
        except NoRoom:
            self._refuse(conn, 503, "Service Unavailable", "Too much is being sent; come back.")

    def _take_head(self, conn: Connection, data: bytes) -> None:
        if conn.awaits is Awaits.REQUEST:
            self._await(conn, Awaits.REST_OF_HEAD, HEAD_SECONDS)
        seen = max(0, len(conn.buffer) - len(heads.END))
        conn.buffer += data
        end = conn.buffer.find(heads.END, seen)
        if end < 0:
            if len(conn.buffer) > heads.LONGEST:
                said = "The head of the request is too long."
                self._refuse(conn, 431, "Request Header Fields Too Large", said)
            return
        end += len(heads.END)
        raw, rest = bytes(conn.buffer[:end]).lstrip(b"\r\n"), bytes(conn.buffer[end:])
        conn.buffer.clear()
        conn.head = head = heads.read(raw)
        if not head.has_body:
            self._serve_soon(conn, rest)
            return
        limit = limit_of(head.path)
        most = LOOKED_THROUGH if limit is None else limit
        conn.body = Body(head.length, Held(self.room, self.folder), most)
        conn.pace = Pace(BODY_SECONDS, BODY_RATE)
        if head.length is not None and head.length > BEFORE_LOGIN:
            self._ask(conn, rest)
            return
        self._say_continue(conn)
        self._take_body(conn, rest)

    def _take_body(self, conn: Connection, data: bytes) -> None:
        body = conn.body
        assert body is not None  # nosec B101  # for types
        rest = body.take(data)
        if body.size > (BEFORE_LOGIN if conn.limit is None else conn.limit):
            self._ask(conn, rest)
        elif body.is_whole:
            self._serve_soon(conn, rest)
        else:
            self._await(conn, Awaits.BODY, 0.0)

    def _say_continue(self, conn: Connection) -> None:
        if conn.head is not None and conn.head.expects:
            try:
                conn.sock.send(heads.CONTINUE)
            except OSError:
                return  # what is wrong with it is seen by whoever reads next

    # What threads do: look at a head, answer a request.

    def _submit(self, conn: Connection, job: Callable[..., Any], then: Callable[..., None]) -> None:
        conn.awaits = Awaits.THREAD
        self._register(conn, 0)
        conn.outbox = Outbox(conn.sock, self.room, self.folder)
        future = self.tpool.submit(job, conn, conn.outbox)
        future.add_done_callback(lambda done: self.method_queue.defer(then, conn, done))

    def _ask(self, conn: Connection, unread: bytes) -> None:
        conn.unread = unread
        self._submit(conn, self._look_at_head, self._have_asked)

    def _look_at_head(self, conn: Connection, outbox: Outbox) -> bool:
        """Return whether a large body may come; if not, that is answered."""
        assert conn.head is not None  # nosec B101  # for types
        assert conn.body is not None  # nosec B101  # for types
        length = max(conn.body.size, conn.head.length or 0)
        head = conn.head.with_length(length)
        return self._guarded(
            conn,
            outbox,
            iter([head]),
            lambda req: is_admitted(
                self.wsgi, self.cfg, req, Turn(outbox, conn.client, conn.server)
            ),
        )

    def _have_asked(self, conn: Connection, done: Any) -> None:
        if done.cancelled() or done.exception() is not None or not done.result():
            self._is_answered(conn, done)
            return
        assert conn.head is not None  # nosec B101  # for types
        assert conn.body is not None  # nosec B101  # for types
        limit = limit_of(conn.head.path)
        if conn.limit is not None:
            self._refuse(conn, 413, "Request Entity Too Large", "The body is too large.")
            return
        conn.limit = 1 << 60 if limit is None else limit
        conn.pace = Pace(BODY_SECONDS, BODY_RATE)
        if conn.body.size == 0:
            self._say_continue(conn)
        rest, conn.unread = conn.unread, b""
        if conn.body.is_whole:
            self._serve_soon(conn, rest)
        else:
            self._await(conn, Awaits.BODY, 0.0)
            self._take(conn, rest)

    def _serve_soon(self, conn: Connection, unread: bytes) -> None:
        conn.unread = unread
        self._submit(conn, self._serve, self._is_answered)

    def _serve(self, conn: Connection, outbox: Outbox) -> bool:
        """Return whether the connection may be used again."""
        assert conn.head is not None  # nosec B101  # for types
        doubt = conn.head.doubt

        def answer(req: Any) -> bool:
            if doubt:
                raise InvalidHeader(doubt, req=req)
            return bool(self.handle_request(req, Turn(outbox, conn.client, conn.server)))

        return self._guarded(conn, outbox, conn.message(), answer)

    def _guarded(
        self, conn: Connection, outbox: Outbox, message: Any, answer: Callable[[Any], bool]
    ) -> bool:
        req = None
        try:
            req = next(RequestParser(self.cfg, message, conn.client))
            return answer(req)
        except (NoMoreData, StopIteration) as error:
            self.log.debug("Closing connection. %s", error)
        except OSError as error:
            outbox.is_broken = True
            if error.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
                self.log.exception("Socket error processing request.")
        except Exception as error:
            self.handle_error(req, outbox, conn.client, error)
        return False

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what gunicorn would, as JSON and with the headers of all answers."""
        said = _Said()
        super().handle_error(req, said, addr, exc)
        status, _, name = said.first_line().partition(" ")
        if status.isdigit():
            text = "An unexpected error." if int(status) >= 500 else f"Not a request: {exc}"
            client.sendall(refusal(int(status), name, text))

    def _is_answered(self, conn: Connection, done: Any) -> None:
        outbox = conn.outbox
        assert outbox is not None  # nosec B101  # for types
        if conn.body is not None:
            conn.body.held.close()
        is_kept = not done.cancelled() and done.exception() is None and bool(done.result())
        if outbox.is_broken:
            conn.stream = outbox.stream
            self._drop(conn)
        elif outbox.stream is not None:
            self._begin_stream(conn, outbox)
        else:
            conn.is_kept = is_kept
            conn.pace = Pace(ANSWER_SECONDS, ANSWER_RATE)
            self._write_on(conn)


class _Said:
    """Takes what gunicorn would answer."""

    def __init__(self) -> None:
        self._data = b""

    def first_line(self) -> str:
        """Return status and reason."""
        line = self._data.partition(b"\r\n")[0].decode("latin-1")
        return line.partition(" ")[2]

    def sendall(self, data: bytes) -> None:
        self._data += data

    def gettimeout(self) -> float:
        return 0.0

    def setblocking(self, _flag: bool) -> None:
        """Nothing is sent from here."""
