"""Our worker in a thread of the tests, over any WSGI app."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from ml_backend.web.listening.worker import PatientWorker

App = Callable[[dict[str, Any], Any], Any]


@contextmanager
def listening(app: App, **options: Any) -> Iterator[Listening]:
    """A worker with two threads that answers by ``app``, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        config = Config()
        for name, value in {"threads": 2, "keepalive": 75, **options}.items():
            config.set(name, value)
        worker = PatientWorker(1, os.getppid(), [listener], None, 30, config, Logger(config))
        worker.wsgi = app
        worker.tpool = worker.get_thread_pool()
        import selectors

        worker.poller = selectors.DefaultSelector()
        worker.method_queue.init()
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        try:
            yield Listening(worker, listener.getsockname()[1])
        finally:
            worker.alive = False
            with suppress(OSError):
                worker.method_queue.defer(lambda: None)
            thread.join(20)
            for conn in list(worker._connections):
                conn.close()
            worker.tmp.close()


class Listening:
    """A worker at a port of this machine."""

    def __init__(self, worker: PatientWorker, port: int) -> None:
        self.worker = worker
        self.port = port

    def open(self, start: bytes = b"") -> socket.socket:
        """Open a connection and send a start on it."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        if start:
            sock.sendall(start)
        return sock

    def exchange(self, *parts: bytes) -> bytes:
        """Send parts with the connection closed after the answer; return all that came back."""
        with self.open() as sock:
            for part in parts:
                with suppress(OSError):
                    sock.sendall(part)
            return read_all(sock)

    def get(self, path: str = "/") -> bytes:
        return self.exchange(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )


def read_all(sock: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    got = bytearray()
    with suppress(ConnectionResetError):
        while data := sock.recv(1 << 16):
            got += data
    return bytes(got)


def read_until(sock: socket.socket, end: bytes, seconds: float = 20) -> bytes:
    got, until = bytearray(), time.monotonic() + seconds
    while end not in got and time.monotonic() < until:
        data = sock.recv(1 << 16)
        if not data:
            break
        got += data
    return bytes(got)
