"""`python -m benchmarks.slow_connections`: how soon /health answers beside slow connections.

Two hundred at a time that say nothing, are slow with their head or their body, or do not read their
answer, and large bodies from people who are not known; and what memory the server takes meanwhile.
Words after it choose among the ways.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.fake_label_studio import TOKEN
from support.fake_label_studio_process import FakeLabelStudioProcess
from support.server import Installation

MANY = 200
SECONDS = 20.0
EVERY = 0.05
PATIENCE = 10.0
"""Seconds after which an answer of /health counts as none; it counts as that long."""

LARGE = 40 << 20
HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = (
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 60000\r\n\r\n"
)
UNREAD = b"GET /api/schema HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of /health, how often it did not answer, and megabytes at the most."""

    name: str
    p50: float
    p99: float
    missed: int
    asked: int
    megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.name:<28} p50 {self.p50:7.1f} ms   p99 {self.p99:8.1f} ms   "
            f"unanswered {self.missed}/{self.asked}   memory {self.megabytes:5.0f} MB"
        )


class Slow:
    """Connections that dribble a byte every other second, opened anew when they are closed."""

    def __init__(self, netloc: str, start: bytes, *, dribbles: bool = True) -> None:
        host, _, port = netloc.partition(":")
        self._at = (host, int(port))
        self._start = start
        self._dribbles = dribbles
        self._ended = threading.Event()
        self._socks: list[socket.socket | None] = [None] * MANY
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Slow:
        self._turn()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        for sock in self._socks:
            if sock is not None:
                sock.close()

    def _go_on(self) -> None:
        while not self._ended.wait(2.0):
            self._turn()

    def _turn(self) -> None:
        for number, sock in enumerate(self._socks):
            try:
                if sock is None:
                    self._socks[number] = self._open()
                elif self._dribbles:
                    sock.send(b"x")
            except OSError:
                self._socks[number] = None

    def _open(self) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(1.0)
        sock.connect(self._at)
        if self._start:
            sock.send(self._start)
        return sock


class Large:
    """Four clients that send a large body again and again."""

    def __init__(self, netloc: str, path: str, body: bytes) -> None:
        self._netloc, self._path, self._body = netloc, path, body
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(4)]
        self.statuses: list[int] = []

    def __enter__(self) -> Large:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for each in self._threads:
            each.join()

    def _send(self) -> None:
        while not self._ended.is_set():
            connection = http.client.HTTPConnection(self._netloc, timeout=60)
            with suppress(OSError, http.client.HTTPException):
                headers = {"Content-Type": "application/json"}
                connection.request("POST", self._path, self._body, headers)
                self.statuses.append(connection.getresponse().status)
            connection.close()


def measure(
    name: str, netloc: str, pid: int, around: Callable[[], Slow | Large] | None = None
) -> Figures:
    """Ask /health on a connection of its own again and again; return what came of it."""
    times: list[float] = []
    missed, most = 0, 0.0
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]

    def ask() -> None:
        nonlocal missed, most
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            began = time.perf_counter()
            connection = http.client.HTTPConnection(netloc, timeout=PATIENCE)
            try:
                connection.request("GET", "/health")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                missed += 1
            connection.close()
            times.append(time.perf_counter() - began)
            most = max(most, sum(each.memory_info().rss for each in processes))
            time.sleep(EVERY)

    if around is None:
        ask()
    else:
        with around():
            time.sleep(0.5)
            ask()
    ordered = sorted(times)
    return Figures(
        name,
        1000 * ordered[len(ordered) // 2],
        1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        missed,
        len(times),
        most / 1e6,
    )


def webhook() -> bytes:
    """Return the body of a bulk action, as large as it is for forty thousand annotations."""
    row = {"result": [{"value": {"choices": ["x"]}, "id": "r"}], "note": "x" * 900}
    rows = [{"id": number, "task": number, **row} for number in range(40_000)]
    said = {"action": "ANNOTATIONS_CREATED", "project": {"id": 1}, "annotations": rows}
    return json.dumps(said).encode()


def main() -> None:
    """Print a line for each way of being slow."""
    with tempfile.TemporaryDirectory() as folder, FakeLabelStudioProcess() as fake:
        server = Installation(
            Path(folder) / "data", LABEL_STUDIO_URL=fake.url, LABEL_STUDIO_API_KEY=TOKEN
        )
        with server.start():
            netloc = urlsplit(server.url).netloc
            brackets = b"[" + b"{}," * (LARGE // 3) + b"{}]"
            ways: dict[str, Callable[[], Slow | Large] | None] = {
                "nothing beside": None,
                "200 silent": lambda: Slow(netloc, b"", dribbles=False),
                "200 slow heads": lambda: Slow(netloc, HEAD),
                "200 slow bodies": lambda: Slow(netloc, BODY),
                "200 that do not read": lambda: Slow(netloc, UNREAD, dribbles=False),
                "40 MB to the webhook": lambda: Large(netloc, "/webhook", webhook()),
                "40 MB to the token refresh": lambda: Large(
                    netloc, "/api/token/refresh/", brackets
                ),
            }
            for name, around in ways.items():
                if not sys.argv[1:] or any(each in name for each in sys.argv[1:]):
                    print(measure(name, netloc, server.pid, around), flush=True)


if __name__ == "__main__":
    main()
