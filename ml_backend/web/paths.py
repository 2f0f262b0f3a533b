"""Which paths are whose: the API under /api/ checks Label Studio tokens, all else basic auth."""

from __future__ import annotations

API = "/api/"
TOKEN_REFRESH = "/api/token/refresh"  # noqa: S105 - a path
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
