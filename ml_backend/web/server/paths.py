"""Which paths are whose.

The API under /api/ checks Label Studio tokens, the pages under /ui/ the session that such a token
opened, all else basic auth.
"""

from __future__ import annotations

import re

API = "/api/"
PAGES = "/ui"
BACKEND = re.compile(r"/|(/prompts/[^/]+)(/versions/[^/]+)?/?")
PREFIXES = {
    "": "",
    "prompt": "/prompts/<prompt>",
    "version": "/prompts/<prompt>/versions/<version>",
}
"""Where each route of the ML backend protocol stands besides the root."""
TOKEN_REFRESH = "/api/token/refresh"  # noqa: S105  # nosec B105  # a path
SCHEMA = "/api/schema"
DOCUMENTATION = "/api/docs"
PUBLIC = frozenset({TOKEN_REFRESH, SCHEMA, DOCUMENTATION})
"""What needs no token: it says nothing of anybody, or is where a token comes from."""


def is_api(path: str) -> bool:
    """Return whether a path is the API's, where a Label Studio token counts and no basic auth."""
    return path.startswith(API)


def is_public(path: str) -> bool:
    """Return whether a path of the API answers without a token."""
    return path.rstrip("/") in PUBLIC


def is_page(path: str) -> bool:
    """Return whether a path is one of the web pages, or what belongs to them."""
    return path == PAGES or path.startswith(f"{PAGES}/")


def leads_to_pages(method: str, path: str, accepts_html: bool) -> bool:
    """Return whether a browser opened an address that is an ML backend's for Label Studio."""
    return method == "GET" and accepts_html and BACKEND.fullmatch(path) is not None
