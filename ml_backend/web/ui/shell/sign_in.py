"""Signing in with a Label Studio token, signing out, and the choice of light or dark."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response

from ml_backend.acting import Actor
from ml_backend.errors import LabelStudioAuthError, LabelStudioError, PromptsError, TooManyTries
from ml_backend.records import FAILED, AuditAction
from ml_backend.web.server.attempts import attempts
from ml_backend.web.server.errors import say_when
from ml_backend.web.server.identity import Callers
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.next_steps import for_pages
from ml_backend.web.ui.shell.pages import by_htmx, go, own_path, pages
from ml_backend.web.ui.shell.session import CSRF, KEY

MOST_REFUSED, REFUSED_SECONDS = 20, 60.0
"""Of sign-ins that were refused so many are told in so many seconds."""

YEAR = 31_536_000
REFUSED = "token"
REASONS = {REFUSED: "Label Studio no longer takes your token."}
"""What the address may say of why one signs in anew."""


@pages.get("/sign-in")
def sign_in() -> Response:
    """Ask for a token."""
    return _form(REASONS.get(request.args.get("why", ""), ""))


@pages.post("/sign-in")
def take_sign_in() -> Response:
    """Try a token at Label Studio and open a session with it."""
    token = request.form.get("token", "").strip()
    if not token:
        return _form("The token is missing.", 422)
    try:
        caller = Callers(services().studio_as, services().bridge, attempts()).admit(token)
    except LabelStudioAuthError:
        services().store.audit.tell_rarely(
            AuditAction.SIGN_IN_REFUSED,
            MOST_REFUSED,
            REFUSED_SECONDS,
            outcome=FAILED,
            actor=Actor("pages"),
        )
        return _form("Token refused. Copy a new one from Account & Settings.", 422)
    except LabelStudioError as error:
        address = services().settings.label_studio_url
        return _form(
            f"Label Studio at {address} did not answer. Check LABEL_STUDIO_URL, or start it. "
            f"({error.message})",
            503,
        )
    except TooManyTries as error:
        response = _form(str(error), 429)
        say_when(error, response)
        return response
    except PromptsError as error:
        return _form(for_pages(str(error)), 422)
    wanted = own_path(request.form.get("next", ""))
    services().store.web_sessions.remove(str(session.get(KEY, "")))
    session.clear()
    session[KEY] = services().store.web_sessions.create(token, caller.person)
    return redirect(wanted, 303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session, here and for whoever copied its cookie."""
    services().store.web_sessions.remove(str(session.get(KEY, "")))
    session.clear()
    flash("You are signed out.")
    response = go("/ui/sign-in")
    # Drafts of prompts are kept in the browser: they go with the person.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@pages.post("/color-scheme")
def color_scheme() -> Response:
    """Choose light, dark or the system's."""
    chosen = request.form.get("scheme", "")
    response = make_response(redirect(own_path(request.form.get("next", "")), 303))
    if chosen in ("light", "dark"):
        response.set_cookie("color_scheme", chosen, max_age=YEAR, path="/ui", samesite="Lax")
    else:
        response.delete_cookie("color_scheme", path="/ui")
    return response


def _form(message: str = "", status: int = 200) -> Response:
    wanted = own_path(request.values.get("next", ""))
    if by_htmx():
        return go("/ui/sign-in")
    text = render_template(
        "shell/sign_in.html",
        message=message,
        next=wanted,
        address=services().settings.label_studio_url,
        session_key=CSRF,
    )
    return make_response(text, status)
