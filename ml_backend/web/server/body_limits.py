"""How large a request may be, by what it is for; small before a secret or a token was seen."""

from __future__ import annotations

import re

from flask import Flask, request

from ml_backend.web.server.paths import TOKEN_REFRESH, is_api, is_page

BEFORE_LOGIN = 64 << 10
"""Bytes of a token and its JSON, many times over."""

PREDICT = 64 << 20
"""Label Studio sends all selected tasks in one request."""

SETUP = 16 << 20
"""A labeling config, and what an extra parameter says."""

API = 32 << 20
"""What somebody whose token counts may send."""

FORM = 2 << 20
"""No form has files; a prompt file goes through one, percent-encoded."""

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


def register(app: Flask) -> None:
    """Bound the bodies of an app's requests; before all else that may look into one."""

    @app.before_request
    def _bound() -> None:
        request.max_content_length = limit_of(request.path)
