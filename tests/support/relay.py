"""A relay before a server that remembers what went through it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Relay:
    """``seen`` has the path and the answer's status of each request, in order of answers."""

    url: str = ""
    seen: list[tuple[str, int]] = field(default_factory=list)

    def statuses(self, end: str) -> list[int]:
        """The answers to requests whose path ends so."""
        return [status for path, status in list(self.seen) if path.endswith(end)]


@contextmanager
def relaying(target: str) -> Iterator[Relay]:
    """Yield a relay that passes everything on to a server, the Host header included."""
    relay = Relay()
    netloc = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            onward = http.client.HTTPConnection(netloc, timeout=120)
            try:
                onward.request(self.command, self.path, body, dict(self.headers))
                answer = onward.getresponse()
                content = answer.read()
            finally:
                onward.close()
            relay.seen.append((self.path, answer.status))
            self.send_response(answer.status, answer.reason)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    relay.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
