"""What a server of ours says of itself, asked over HTTP."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from ml_backend.certificates import tls_context
from ml_backend.errors import PromptsError

HEALTH_SECONDS = 3.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Projects name backends: what answers there does not lead us on."""

    def redirect_request(self, *_: Any) -> None:
        return None


def read_health(address: str) -> dict[str, Any]:
    """Return what our server says at ``/health``; raises OSError or ValueError when it is none."""
    if urlsplit(address).scheme not in ("http", "https"):
        raise ValueError("not a web address")
    try:
        trust = tls_context() if address.startswith("https://") else None
    except PromptsError as error:
        raise OSError(error.message) from error
    opener = urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=trust))
    with opener.open(f"{address}/health", timeout=HEALTH_SECONDS) as response:
        health = json.loads(response.read(100_000))
    if not isinstance(health, dict) or "status" not in health:
        raise ValueError("something else answers there")
    return health
