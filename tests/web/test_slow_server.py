"""A server as a process beside connections that are slow, and bodies that are large."""

from __future__ import annotations

import http.client
import socket
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from support.fake_label_studio import FakeLabelStudio
from support.server import Installation

SLOW = (
    b"",
    b"POST /setup HTT",
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-",
    b"POST /setup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    b"POST /train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    b"GET /api/schema HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20,
)


@pytest.mark.slow
def test_a_server_goes_on_beside_slow_connections_and_large_bodies(
    tmp_path: Path, studio: FakeLabelStudio
) -> None:
    settings = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": studio.token}
    with Installation(tmp_path / "data", **settings).start() as server, ExitStack() as opened:
        port = int(server.settings["PORT"])

        def ask(method: str, path: str, body: bytes | None = None) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            opened.callback(connection.close)
            connection.request(method, path, body, {"Content-Type": "application/json"})
            return connection.getresponse().status

        for start in SLOW * 10:
            sock = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            sock.sendall(start)
        assert ask("GET", "/health") == 200
        [worker] = psutil.Process(server.pid).children()
        before = worker.memory_info().rss
        for path, status in (("/api/token/refresh/", 413), ("/webhook", 400), ("/train", 400)):
            assert ask("POST", path, b"[" + b'{"a":[]},' * 4_000_000 + b"0]") in (status, 200)
        assert worker.memory_info().rss - before < 100e6
        assert ask("GET", "/health") == 200
