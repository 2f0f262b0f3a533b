"""How large a request may be, by what it is for; small before a secret or a token was seen.

Our worker (``listening``) asks about a large body before it reads it: the app's guards then see a
request whose environment has HEAD_ONLY and whose body is empty, and whatever they refuse is the
answer. A guard that looks into no body has to do nothing for it, but register before ``admit``.

Flask is imported late: gunicorn's master process comes through here and needs none of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ml_backend.web.server.paths import TOKEN_REFRESH, is_api, is_page

if TYPE_CHECKING:
    from flask import Flask, Response

BEFORE_LOGIN = 64 << 10
"""Bytes of a token and its JSON, many times over."""

PREDICT = 64 << 20
"""Label Studio sends all selected tasks in one request."""

SETUP = 16 << 20
"""A labeling config, and what an extra parameter says."""

API = 32 << 20
"""What somebody whose token counts may send."""

CONTAINERS = 1_000_000
"""Lists and objects in one body of JSON: each takes sixty bytes and more, however short it is."""

FORM = 2 << 20
"""No form has files; a prompt file goes through one, percent-encoded."""

LOOKED_THROUGH = 64 << 20
"""Bytes up to which a hint is looked through; the rest is seen to its end, and dropped."""

HEAD_ONLY = "prompts.head_only"
ADMITTED = "X-Prompts-Admitted"
SESSION_KEY = "key"
"""What the signed cookie of somebody signed in holds."""

SIGN_IN = "/ui/sign-in"
BACKEND = re.compile(r"(?:/prompts/[^/]+(?:/versions/[^/]+)?)?/(\w+)/?")
HINTS = frozenset({"webhook", "train"})
"""Of any length: read as they come in, a few ids of them kept."""


def limit_of(path: str) -> int | None:
    """Return the most bytes of a body to a path; None where it is not held as a whole."""
    plain = path.rstrip("/")
    if plain in (TOKEN_REFRESH, SIGN_IN):
        return BEFORE_LOGIN
    if is_api(path):
        return API
    if is_page(path):
        return FORM
    found = BACKEND.fullmatch(path)
    name = found[1] if found else ""
    if name in HINTS:
        return None
    return {"predict": PREDICT, "setup": SETUP}.get(name, BEFORE_LOGIN)


def is_dense(content: bytes) -> bool:
    """Return whether JSON has more lists and objects than anything needs: read it would be huge."""
    return content.count(b"{") + content.count(b"[") > CONTAINERS


def register(app: Flask) -> None:
    """Bound the bodies of an app's requests; before all else that may look into one."""
    from flask import request
    from werkzeug.exceptions import RequestEntityTooLarge

    @app.before_request
    def _bound() -> None:
        limit = limit_of(request.path)
        request.max_content_length = limit
        is_large = limit is not None and (request.content_length or 0) > limit
        if is_large and HEAD_ONLY in request.environ:
            raise RequestEntityTooLarge


def admit(app: Flask) -> None:
    """Say of a head that its body may come: after all guards of an app."""
    from flask import Response, request, session
    from werkzeug.exceptions import RequestEntityTooLarge

    @app.before_request
    def _admit() -> Response | None:
        if HEAD_ONLY not in request.environ:
            return None
        is_stranger = is_page(request.path) and not session.get(SESSION_KEY)
        if is_stranger and (request.content_length or 0) > BEFORE_LOGIN:
            raise RequestEntityTooLarge  # a form this large is of somebody who has signed in
        return Response(status=204, headers={ADMITTED: "1"})
