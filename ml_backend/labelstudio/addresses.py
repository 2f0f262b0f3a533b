"""The address of a Label Studio, and what a connection to it trusts."""

from __future__ import annotations

import ssl
from functools import cache
from urllib.parse import urlsplit

from ml_backend.errors import InvalidInput


def checked_url(url: str) -> str:
    """``url`` without a closing slash; InvalidInput when it cannot be Label Studio's address."""
    cleaned = url.strip().rstrip("/")
    parts = urlsplit(cleaned)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            "The address of Label Studio must start with http:// or https:// and name a host.",
            field="LABEL_STUDIO_URL",
            fix="For example LABEL_STUDIO_URL=http://localhost:8080",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput(
            "The address of Label Studio must not hold a user name, a password, ? or #.",
            field="LABEL_STUDIO_URL",
            fix="Give the token as LABEL_STUDIO_API_KEY and the plain address here.",
        )
    return cleaned


def trust(url: str) -> ssl.SSLContext | bool:
    """What httpx calls ``verify``: building a TLS context takes 50 ms, and http:// needs none."""
    return tls_context() if url.startswith("https://") else False


@cache
def tls_context() -> ssl.SSLContext:
    """The trust settings all clients share; safe between threads."""
    import httpx

    return httpx.create_ssl_context()
