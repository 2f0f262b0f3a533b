"""Whether a large body may come in: the app's own guards see the head of its request first."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gunicorn.http import wsgi

from ml_backend.web.server.body_limits import ADMITTED, HEAD_ONLY

if TYPE_CHECKING:
    from ml_backend.web.listening.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Turn:
    """What gunicorn's ``handle_request`` takes for a connection."""

    sock: Outbox
    client: Any
    server: Any


def is_admitted(app: Callable[..., Any], config: Any, req: Any, turn: Turn) -> bool:
    """Return whether the app would read the body of a request; else its refusal is answered."""
    response, environ = wsgi.create(req, turn.sock, turn.client, turn.server, config)
    environ.update({"wsgi.multithread": True, "wsgi.input": io.BytesIO(), HEAD_ONLY: True})
    said: list[Any] = []
    parts = app(environ, lambda *head: said.extend(head))
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = said[:2]
    if any(name == ADMITTED for name, _ in headers):
        return True
    response.force_close()
    response.start_response(status, headers)
    response.write(body)
    response.close()
    return False
