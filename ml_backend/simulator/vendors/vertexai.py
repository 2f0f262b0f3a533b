"""Vertex AI's API, and the address at which a service account gets its tokens.

The account's key ID is what a token stands for: it is the key that the server was told to take.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from ml_backend.simulator import google

PAGE = 2
BAD_KEY = (
    401,
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential.",
)
TOKEN = "ya29.simulated."  # noqa: S105  # nosec B105  # a prefix
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HOUR = 3600


class VertexAI:
    """Answers below projects and locations, or without them in express mode."""

    routes = (
        "/v1/projects/{project}/locations/{location}/publishers/google/models/{call}",
        "/v1/projects/{project}/locations/{location}/endpoints/{call}",
        "/v1/publishers/google/models/{call}",
    )
    model_routes = ("/v1beta1/publishers/google/models",)

    def __init__(self) -> None:
        self.further = {"/token": give_token}

    def key(self, request: web.Request) -> str:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return bearer.removeprefix(TOKEN) or request.headers.get("x-goog-api-key", "")

    def question(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        return google.question(google.called(request), body)

    def answer(self, answer: dict[str, Any], question: dict[str, Any]) -> object:
        return google.answer(answer, question["model"])

    def refusal(self, fault: str, status: int, error: dict[str, Any]) -> tuple[int, object]:
        return google.refusal(fault, status, error, BAD_KEY)

    def models(self, names: Sequence[str], request: web.Request) -> object:
        rows = [f"publishers/google/models/{name}" for name in (*names, "text-embedding-005")]
        found, following = google.page(rows, request, PAGE)
        listed = {"publisherModels": [{"name": name, "launchStage": "GA"} for name in found]}
        return listed | ({"nextPageToken": following} if following else {})


async def give_token(request: web.Request) -> web.Response:
    """Answer a service account that asks for a token with what its key signed."""
    form = await request.post()
    try:
        head, claims, _ = (_json(part) for part in str(form["assertion"]).split("."))
        is_asked = form["grant_type"] == GRANT and claims["aud"] == str(request.url)
        is_short = claims["exp"] - claims["iat"] <= HOUR and claims["exp"] > time.time()
        scope, key = claims["scope"], head["kid"]
    except (KeyError, TypeError, ValueError):
        return _refused("Invalid JWT: it cannot be read.")
    if not is_asked or not is_short or not str(scope).endswith("/auth/cloud-platform"):
        return _refused("Invalid JWT: Token must be a short-lived token (60 minutes).")
    if not key or "revoked" in key:
        return _refused("Invalid JWT Signature.")
    kind = {"token_type": "Bearer"}  # nosec B105  # no password
    return web.json_response({"access_token": f"{TOKEN}{key}", "expires_in": HOUR - 1, **kind})


def _json(part: str) -> Any:
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    try:
        return json.loads(data)
    except ValueError:
        return None  # a signature


def _refused(words: str) -> web.Response:
    return web.json_response({"error": "invalid_grant", "error_description": words}, status=400)


VENDOR = VertexAI()
