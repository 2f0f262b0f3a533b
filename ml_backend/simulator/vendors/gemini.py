"""Gemini's API as of https://ai.google.dev/api/generate-content.

It documents no headers of limits: what is over is told in the details of a refusal alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from ml_backend.simulator import google

CONTEXT, LONGEST_ANSWER = 1_048_576, 65_536
PAGE = 2
"""Models on a page of the list, whatever was asked for."""
BAD_KEY = (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")


class Gemini:
    """Answers below ``models/``, opened by a header."""

    routes = ("/v1beta/models/{call}",)
    model_routes = ("/v1beta/models",)

    def key(self, request: web.Request) -> str:
        return request.headers.get("x-goog-api-key", "") or request.query.get("key", "")

    def question(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        return google.question(google.called(request), body)

    def answer(self, answer: dict[str, Any], question: dict[str, Any]) -> object:
        return google.answer(answer, question["model"])

    def refusal(self, fault: str, status: int, error: dict[str, Any]) -> tuple[int, object]:
        return google.refusal(fault, status, error, BAD_KEY)

    def models(self, names: Sequence[str], request: web.Request) -> object:
        rows: list[dict[str, Any]] = [
            {
                "name": f"models/{name}",
                "baseModelId": name,
                "inputTokenLimit": CONTEXT,
                "outputTokenLimit": LONGEST_ANSWER,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
                "thinking": True,
            }
            for name in names
        ]
        rows.append({"name": "models/embeds", "supportedGenerationMethods": ["embedContent"]})
        found, following = google.page([str(row["name"]) for row in rows], request, PAGE)
        listed = {"models": [row for row in rows if row["name"] in found]}
        return listed | ({"nextPageToken": following} if following else {})


VENDOR = Gemini()
