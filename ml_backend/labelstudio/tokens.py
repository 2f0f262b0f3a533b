"""Tokens of Label Studio's users: what of them goes into a request, and their exchange.

A legacy token goes out as it is. A personal access token is a JWT that is only ever exchanged, for
an access token of five minutes; a caller may also bring such an access token itself.
"""

from __future__ import annotations

import base64
import json
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from ml_backend.labelstudio import failures
from ml_backend.labelstudio.addresses import checked_url, trust

REFRESH_PATH = "api/token/refresh/"
SECONDS = 15.0


class Token:
    """A token of either kind as requests carry it; safe to share between threads.

    ``exchange`` gives the access token for a personal access token, or raises.
    """

    def __init__(self, secret: str, exchange: Callable[[str], str]) -> None:
        self._secret = secret
        self._exchange = exchange
        self._lock = threading.Lock()
        claims = claims_of(secret)
        self._is_legacy = claims is None
        self._is_access = claims is not None and claims.get("token_type") == "access"
        self._access = ""
        self._until = 0.0

    def header(self) -> str:
        """The ``Authorization`` header; exchanges a personal access token where that is due."""
        if self._is_legacy:
            return f"Token {self._secret}"
        if self._is_access:
            return f"Bearer {self._secret}"
        with self._lock:
            if time.time() >= self._until:
                self._access = self._exchange(self._secret)
                self._until = _end_of(self._access)
            return f"Bearer {self._access}"

    def forget(self, header: str) -> bool:
        """True when a refused header can be had anew: Label Studio's clock may be another."""
        with self._lock:
            if not self._access:
                return False
            if header == f"Bearer {self._access}":
                self._until = 0.0
            return True


def claims_of(token: str) -> dict[str, Any] | None:
    """What a JWT says of itself, not verified; None for a legacy token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _end_of(access: str) -> float:
    end = (claims_of(access) or {}).get("exp")
    return float(end) if isinstance(end, int | float) else math.inf


def exchange(url: str, refresh: str) -> tuple[int, Any]:
    """Label Studio's status and JSON for a personal access token, for callers who think we are it.

    Raises LabelStudioUnreachable when it gives no answer of its own: busy or away.
    """
    import httpx

    address = checked_url(url)
    try:
        with httpx.Client(timeout=SECONDS, verify=trust(address)) as client:
            response = client.post(f"{address}/{REFRESH_PATH}", json={"refresh": refresh})
    except httpx.HTTPError as error:
        raise failures.unreachable(address, error, maybe_done=False) from error
    try:
        body = response.json()
    except (ValueError, RecursionError) as error:
        raise failures.not_label_studio(address, response.status_code) from error
    if response.status_code >= 500:
        raise failures.of_status(
            response.status_code,
            response.content,
            url=address,
            what="the token refresh",
            write=False,
            secret=refresh,
        )
    return response.status_code, body
