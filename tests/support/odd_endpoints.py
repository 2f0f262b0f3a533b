"""Servers that are no model providers, told byte by byte; they count who came."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Odd:
    """A listening port; ``heard`` has the requests as they came in."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def http(status: str, body: str, kind: str = "application/json", more: str = "") -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
    return f"{head}Connection: close\r\n{more}\r\n".encode() + content


@contextmanager
def odd_endpoint(answer: bytes | None) -> Iterator[Odd]:
    """A server that says the same to everybody; None never says anything."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = Odd(listening.getsockname()[1])
    taken: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            taken.append(peer)
            threading.Thread(target=speak, args=(peer,), daemon=True).start()

    def speak(peer: socket.socket) -> None:
        try:
            made.heard.append(peer.recv(65_536))
            if answer is not None:
                peer.sendall(answer)
                peer.close()
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield made
    finally:
        listening.shutdown(socket.SHUT_RDWR)  # or a thread in accept keeps it open
        listening.close()
        for peer in taken:
            peer.close()


@contextmanager
def closed_port() -> Iterator[Odd]:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    yield Odd(port)
