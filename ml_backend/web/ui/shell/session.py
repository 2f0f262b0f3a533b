"""Who may see the pages: a Label Studio token, kept in the store, for a signed session cookie.

Every change carries the session's own token against requests that other sites make browsers send.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from ml_backend.errors import Forbidden, InvalidInput, LabelStudioAuthError, NotFound, PromptsError
from ml_backend.web.server.body_limits import SESSION_KEY
from ml_backend.web.server.errors import say_when, status_of
from ml_backend.web.server.identity import READING, Callers
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import alert_slot, by_htmx, go, pages, refusal

log = logging.getLogger(__name__)

KEY, CSRF = SESSION_KEY, "csrf"
OPEN_ENDPOINTS = frozenset({"ui.sign_in", "ui.take_sign_in", "ui.color_scheme"})
"""What needs no session."""

QUIET = "quiet"
READS = "reads"
V = TypeVar("V", bound=Callable[..., Any])

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class SameSiteSession(SecureCookieSessionInterface):
    """A cookie no script reads and no other site's form sends; Secure wherever HTTPS is spoken."""

    def get_cookie_name(self, app: Flask) -> str:
        # Browsers take a name that begins so over HTTPS alone; plain HTTP is for this machine.
        return "__Secure-ls_prompts" if request.is_secure else "ls_prompts"

    def get_cookie_httponly(self, app: Flask) -> bool:
        return True

    def get_cookie_samesite(self, app: Flask) -> str:
        return "Lax"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_path(self, app: Flask) -> str:
        return "/ui"


def quiet(view: V) -> V:
    """Mark a view whose calls come by themselves: they keep no session from idling."""
    setattr(view, QUIET, True)
    return view


def reading(view: V) -> V:
    """Mark a view that changes nothing and costs nothing, though it is sent a form."""
    setattr(view, READS, True)
    return view


def csrf_token() -> str:
    """Return the token that this session's forms carry."""
    if CSRF not in session:
        session[CSRF] = secrets.token_urlsafe(24)
    return str(session[CSRF])


CALLERS = "callers"
"""Where an app keeps who knows Label Studio's users."""

LARGEST_ID = 2**31 - 1


@pages.before_request
def _check() -> Response | None:
    _refuse_numbers(request.view_args or {})
    if request.method in UNSAFE:
        _require_csrf()
    _refuse_nul()
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    touch = not getattr(view, QUIET, False)
    key = session.get(KEY)
    token = services().store.web_sessions.token(str(key), touch=touch) if key else None
    if token is None:
        return to_sign_in()
    known: Callers = current_app.extensions[CALLERS]
    try:
        known.admit(token, reads=request.method in READING or getattr(view, READS, False))
    except LabelStudioAuthError:
        return to_sign_in("token")
    return None


@pages.after_request
def _secure(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Vary"] = "Cookie, HX-Request"
    return response


@pages.errorhandler(PromptsError)
def _refuse(error: PromptsError) -> Response:
    if isinstance(error, LabelStudioAuthError) and error.by_caller and error.status == 401:
        return to_sign_in("token")
    # What a person may not do in Label Studio is nothing that this server failed at.
    is_theirs = isinstance(error, LabelStudioAuthError) and error.by_caller
    status = status_of(error, api=is_theirs)
    level = logging.ERROR if status >= 500 else logging.WARNING
    log.log(level, "%s: %s", type(error).__name__, error)
    response = refusal(error.message, error.fix, 422 if status == 400 else status.value)
    say_when(error, response)
    return response


@pages.errorhandler(RequestEntityTooLarge)
def _refuse_large(_error: RequestEntityTooLarge) -> Response:
    return refusal("That is more than a form may hold.", "Shorten the longest text in it.", 413)


@pages.errorhandler(HTTPException)
def _refuse_http(error: HTTPException) -> Response:
    return refusal(error.description or error.name, "", error.code or 500)


@pages.errorhandler(Exception)
def _fail(error: Exception) -> Response:
    log.error("an unexpected error", exc_info=error)
    return refusal("An unexpected error.", "The server's log has it.", 500)


@pages.context_processor
def _context() -> dict[str, Any]:
    return {
        "caller": g.get("caller"),
        "is_away": services().bridge.is_away,
        "alert_slot": alert_slot(),
    }


def to_sign_in(why: str = "") -> Response:
    """Send a person to sign in, and back to where they were afterwards.

    ``why`` is one of sign_in.REASONS: an address shall not be able to say anything it likes there.
    """
    wanted = request.full_path.rstrip("?") if request.method == "GET" and not by_htmx() else ""
    if by_htmx():
        wanted = _current_path()
    query = urlencode({name: each for name, each in (("next", wanted), ("why", why)) if each})
    return go(f"/ui/sign-in{'?' if query else ''}{query}")


def _current_path() -> str:
    """Return the path of the page that htmx asks from."""
    try:
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _refuse_numbers(values: Mapping[str, Any]) -> None:
    """Raise NotFound for numbers in an address that no row has and no database takes."""
    for name, value in values.items():
        if isinstance(value, int) and value > LARGEST_ID:
            word = name.removesuffix("_id")
            raise NotFound(f"There is no {word} {str(value)[:20]}.", field=word)


def _refuse_nul() -> None:
    """Raise InvalidInput for a character that no text has and some databases refuse."""
    for name, texts in request.values.lists():
        if any("\0" in each for each in texts):
            raise InvalidInput(
                f"{name} holds a NUL character.", field=name, fix="Type it in, without pasting."
            )


def _require_csrf() -> None:
    given = request.form.get("csrf_token") or request.headers.get("X-CSRF-Token", "")
    expected = str(session.get(CSRF, ""))
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Forbidden(
            "This form is of another session.",
            fix="Go back, reload the page and send it again; what you typed is still there.",
        )
