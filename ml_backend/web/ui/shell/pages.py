"""The blueprint of the pages, and how a page, a dialog or a part of a page is answered.

A form that is sent with htmx and refused gets its error beside it (422 and the like, into the slot
that the form's hidden field ``alert`` names); without htmx a page that says what to do next.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from ml_backend.web.server.paths import PAGES

pages = Blueprint("ui", __name__, url_prefix=PAGES, template_folder="../templates")

HOME = f"{PAGES}/prompts"
SLOT = re.compile(r"[a-z][a-z-]{0,40}")
RUN = "run"
"""What is flashed with it is of a run that goes on; its page shows it no longer than that."""

DIALOG_SLOT, PAGE_SLOT = "dialog-alert", "alert"


def by_htmx() -> bool:
    """Return whether only a part of a page is asked for."""
    history = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not history


def for_target(name: str) -> bool:
    """Return whether htmx asks for what goes into the element of that id."""
    return by_htmx() and request.headers.get("HX-Target") == name


def dialog(template: str, *, status: int = 200, **context: Any) -> Response:
    """Return a dialog to htmx, and the same as a page of its own otherwise."""
    layout = "layouts/dialog.html" if by_htmx() else "layouts/page.html"
    return make_response(render_template(template, layout=layout, **context), status)


def alert_slot() -> str:
    """Return the element for what keeps a dialog's form from being done: that of dialog or page.

    A dialog opened as a page of its own has no slot of dialogs, and htmx sends no form whose
    target is not there. A part of it that comes later is told by who asks for it.
    """
    named = _slot()
    if named in (DIALOG_SLOT, PAGE_SLOT):
        return named
    return DIALOG_SLOT if by_htmx() else PAGE_SLOT


def go(address: str) -> AnyResponse:
    """Send the browser on to a page of ours, by htmx too."""
    if by_htmx():
        response = Response(status=204)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, 303)


def refusal(message: str, fix: str, status: int) -> Response:
    """Return an error as the page, or as the part of it, that says what to do next."""
    if by_htmx():
        response = make_response(render_template("parts/alert.html", message=message, fix=fix))
        slot = _slot()
        # A refused dialog is none to show: what it would say belongs to the page it was opened on.
        if request.method != "GET" or slot is not None or for_target("dlg"):
            response.headers["HX-Retarget"] = f"#{slot if SLOT.fullmatch(slot or '') else 'alert'}"
            response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Push-Url"] = "false"
        response.status_code = status
        return response
    text = render_template("shell/refusal.html", message=message, fix=fix, status=status)
    return make_response(text, status)


def _slot() -> str | None:
    """Return the element that the request names for its errors."""
    try:
        return request.values.get("alert")
    except RequestEntityTooLarge:
        return None


def own_path(wanted: str, otherwise: str = HOME) -> str:
    """Return a path of our own pages, ``otherwise`` for anything else."""
    is_own = wanted.startswith("/ui/") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_own and "/ui/sign-" not in wanted else otherwise
