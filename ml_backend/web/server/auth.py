"""Who calls the ML backend's routes: by the operator's user and password, or a project's secret.

Each call gets a ``Bearer``, which says the one project it may be about. Without credentials calls
go on where the server is reached from this machine alone and no BASIC_AUTH_USER is set: as those
of open connections, see ``services.serving.gate``. Other routes outside of /api/ and /ui/ (metrics)
are for the operator. ``/health`` answers without credentials, for container health checks, but not
with wrong ones: Label Studio explains a 401 there to who connects the backend. The API under /api/
checks a Label Studio token instead (``identity``), and so do the pages under /ui/
(``ui.access``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from flask import Flask, Response, g, jsonify, request

from ml_backend.errors import InvalidInput
from ml_backend.services.connecting.project_secrets import (
    OPEN,
    OPERATOR,
    Bearer,
    ProjectSecrets,
    Way,
)
from ml_backend.services.health.own_names import OF_THIS_MACHINE
from ml_backend.settings import Settings, is_loopback
from ml_backend.web.server.attempts import Attempts
from ml_backend.web.server.errors import reason_phrase
from ml_backend.web.server.hosts import is_allowed, is_passed_on, name_of
from ml_backend.web.server.paths import is_api, is_page, leads_to_pages

CHALLENGE = 'Basic realm="Prompts for Label Studio", charset="UTF-8"'
REFUSAL = (
    "This server needs the secret that connecting a project gives Label Studio, or the user name "
    "and password of its BASIC_AUTH_USER and BASIC_AUTH_PASS."
)
NOT_THEIRS = "A project's secret opens what Label Studio asks of an ML backend, and nothing else."
PROTOCOL = "ml_"
"""How the endpoints of the ML backend protocol begin."""

OF_EVENTS = frozenset({"webhook", "health"})
"""What may be called with what a webhook bears."""


def bearer() -> Bearer:
    """Return what the call was let in by."""
    found: Bearer = g.bearer
    return found


def register(
    app: Flask,
    settings: Settings,
    open_secrets: Callable[[], ProjectSecrets],
    attempts: Attempts,
) -> None:
    """Guard an app but for its API and its pages.

    Raises InvalidInput when only one of the two settings is there.
    """
    user, password = settings.basic_auth_user, settings.basic_auth_pass
    if bool(user) != bool(password):
        missing = "BASIC_AUTH_PASS" if user else "BASIC_AUTH_USER"
        raise InvalidInput(
            f"{missing} is not set, though its counterpart is.",
            field=missing,
            fix="Set both, or neither.",
        )
    guards = _Guards(settings, open_secrets, attempts)

    @app.before_request
    def _check() -> Response | None:
        if is_api(request.path) or is_page(request.path):
            return None
        if leads_to_pages(request.method, request.path, request.accept_mimetypes.accept_html):
            g.bearer = OPEN
            return None
        is_health = request.path.rstrip("/").endswith("/health")
        found = guards.recognise()
        if found is None and is_health and "Authorization" not in request.headers:
            found = OPEN
        if found is None:
            return _refuse(401, REFUSAL, "Unauthorized")
        g.bearer = found
        if found.way in (Way.PROJECT, Way.EVENTS) and not _is_theirs(found, request.endpoint or ""):
            return _refuse(403, NOT_THEIRS, "Forbidden")
        return None


class _Guards:
    """Knows what credentials open."""

    def __init__(
        self, settings: Settings, open_secrets: Callable[[], ProjectSecrets], attempts: Attempts
    ) -> None:
        self._user = settings.basic_auth_user or ""
        self._password = settings.basic_auth_pass or ""
        self._is_open = not self._user and is_loopback(settings.host)
        self._open_secrets = open_secrets
        self._attempts = attempts

    def recognise(self) -> Bearer | None:
        """Return what the credentials of the request open, None for none or wrong ones."""
        given = request.authorization
        if given is not None and given.type == "basic":
            name, word = given.username or "", given.password or ""
            is_project = ProjectSecrets.names_project(name)
            found: Bearer | None = None

            def is_right() -> bool:
                nonlocal found
                found = self._opened(name, word)
                return found is not None

            # A pair of the operator's may be named like a project's secret.
            if is_project and name != self._user:
                if self._attempts.secret(is_right):
                    return found
            elif self._user:
                pair = f"{name}\0{word}".encode("utf-8", "surrogatepass")
                if self._attempts.password(hashlib.sha256(pair).digest(), is_right):
                    return found
            if is_project:
                return None
        # What else stands there may be a proxy's, as it was before there were secrets.
        is_near = self._is_open and is_allowed(name_of(request.host), OF_THIS_MACHINE)
        return OPEN if is_near and not is_passed_on() else None

    def _opened(self, name: str, word: str) -> Bearer | None:
        right_user, right_password = _same(name, self._user), _same(word, self._password)
        if self._user and right_user and right_password:
            return OPERATOR
        is_project = ProjectSecrets.names_project(name)
        return self._open_secrets().recognise(name, word) if is_project else None


def _is_theirs(found: Bearer, endpoint: str) -> bool:
    """Return whether what a project brings opens an endpoint at all."""
    if not endpoint.startswith(PROTOCOL):
        return False
    return found.way is Way.PROJECT or endpoint.rpartition(".")[2] in OF_EVENTS


def _refuse(status: int, words: str, kind: str) -> Response:
    response = jsonify(error=words, kind=kind)
    response.status = f"{status} {reason_phrase(words)}"
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def _same(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how much was right."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
