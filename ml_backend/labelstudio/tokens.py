"""The exchange of a personal access token, passed on for callers who think we are Label Studio."""

from __future__ import annotations

from typing import Any

from ml_backend.labelstudio import failures
from ml_backend.labelstudio.transport import checked_url, tls_context

SECONDS = 15.0


def exchange(url: str, refresh: str) -> tuple[int, Any]:
    """Label Studio's status and JSON for a personal access token.

    Raises LabelStudioUnreachable when it gives no answer of its own: busy or away.
    """
    import httpx

    address = checked_url(url)
    verify = tls_context() if address.startswith("https://") else False
    try:
        with httpx.Client(timeout=SECONDS, verify=verify) as client:
            response = client.post(f"{address}/api/token/refresh/", json={"refresh": refresh})
    except httpx.HTTPError as error:
        raise failures.unreachable(address, error, maybe_done=False) from error
    try:
        body = response.json()
    except ValueError as error:
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
