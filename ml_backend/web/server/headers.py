"""What every answer tells browsers not to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""For all that is not one of the pages, which have a policy of their own."""

YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Protect an app's answers, errors and its documentation among them."""
    from flask import request  # late: gunicorn's master process needs none of it

    @app.after_request
    def _protect(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", POLICY)
        headers["X-Content-Type-Options"] = "nosniff"
        headers.setdefault("Referrer-Policy", "same-origin")
        said = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip()
        if request.is_secure or said == "https":
            # Believed of anybody: without TLS browsers pass the header over (RFC 6797, 8.1).
            headers["Strict-Transport-Security"] = f"max-age={YEAR}"
        return response
