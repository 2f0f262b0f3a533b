"""Basic authentication, when BASIC_AUTH_USER and BASIC_AUTH_PASS are set.

``/health`` answers without credentials, for container health checks, but not with wrong ones:
Label Studio explains a 401 there to the person who connects the backend. The API under /api/ checks
a Label Studio token instead (``identity``), and so do the pages under /ui/ (``ui.access``).
"""

from __future__ import annotations

import hashlib
import hmac

from flask import Flask, Response, jsonify, request

from ml_backend.errors import InvalidInput
from ml_backend.settings import Settings
from ml_backend.web.server.attempts import Attempts
from ml_backend.web.server.errors import reason_phrase
from ml_backend.web.server.paths import is_api, is_page, leads_to_pages

CHALLENGE = 'Basic realm="Prompts for Label Studio", charset="UTF-8"'
REFUSAL = "This server needs the user name and password of its BASIC_AUTH_USER and BASIC_AUTH_PASS."


def register(app: Flask, settings: Settings, attempts: Attempts) -> None:
    """Guard an app but for its API and its pages.

    Raises InvalidInput when only one of the two settings is there.
    """
    user, password = settings.basic_auth_user, settings.basic_auth_pass
    if not user and not password:
        return
    if not user or not password:
        missing = "BASIC_AUTH_PASS" if user else "BASIC_AUTH_USER"
        raise InvalidInput(
            f"{missing} is not set, though its counterpart is.",
            field=missing,
            fix="Set both, or neither.",
        )

    @app.before_request
    def _check() -> Response | None:
        if is_api(request.path) or is_page(request.path):
            return None
        if leads_to_pages(request.method, request.path, request.accept_mimetypes.accept_html):
            return None
        given = request.authorization
        is_health = request.path.rstrip("/").endswith("/health")
        if is_health and "Authorization" not in request.headers:
            return None
        if given is not None and given.type == "basic":
            name, secret = given.username or "", given.password or ""
            pair = f"{name}\0{secret}".encode("utf-8", "surrogatepass")

            def is_right() -> bool:
                right_user, right_password = _same(name, user), _same(secret, password)
                return right_user and right_password

            if attempts.password(hashlib.sha256(pair).digest(), is_right):
                return None
        response = jsonify(error=REFUSAL, kind="Unauthorized")
        response.status = f"401 {reason_phrase(REFUSAL)}"
        response.headers["WWW-Authenticate"] = CHALLENGE
        return response


def _same(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how much was right."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
