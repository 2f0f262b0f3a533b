"""Our app on a port of this process, for whatever calls it by HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import make_server

from ml_backend.container import Container
from ml_backend.web import create_app


@contextmanager
def serving(container: Container) -> Iterator[str]:
    """Yield the address of a container's app, on the HOST and PORT of its settings."""
    settings = container.settings
    server = make_server(settings.host, settings.port, create_app(container), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield settings.own_address()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
