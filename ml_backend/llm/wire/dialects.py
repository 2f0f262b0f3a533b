"""How a provider's own API says what chat completions say; one ``Dialect`` a provider, and pure.

Requests and answers are chat completions everywhere else: reading, refusals, streams and usage know
one shape. A provider with another one translates at the wire, both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ml_backend.records import JsonObject

CHAT = "chat/completions"
MODELS = "models"


class Dialect(Protocol):
    """One provider's way to say it; keeps nothing of a call."""

    @property
    def models_route(self) -> str:
        """The path of the list of models below the base URL, with its query."""

    def route(self, model: str) -> str:
        """Return the path of a model's answers below the base URL, with its query.

        Raises ``CallFailed`` for what is no name: in a path it could lead elsewhere.
        """

    def request(self, body: JsonObject) -> JsonObject:
        """Return what is sent for a chat completion's body; raises ``CallFailed``.

        The answer's form is one of its ``ProviderFacts``. What has no place there is left out and
        never passed on by its name.
        """

    def answer(self, answer: JsonObject, sent: JsonObject) -> JsonObject:
        """Return an answer as a chat completion; anything else as it came.

        ``sent`` is the chat completion's body, not what ``request`` made of it. What a filter or a
        limit cut off says so by ``finish_reason``: "stop", "length", "content_filter"; a call of
        the answer's tool stands in ``tool_calls``; tokens as OpenAI counts them: ``prompt_tokens``
        with all that was cached, ``completion_tokens`` with all thoughts, the parts in
        ``prompt_tokens_details`` (``cached_tokens``, ``cache_write_tokens``) and
        ``completion_tokens_details`` (``reasoning_tokens``).
        """

    def refusal(self, status: int, body: object) -> object:
        """Return an error's body in a shape that ``refusals`` reads."""

    def models(self, listing: object) -> tuple[list[str] | None, str]:
        """Return names and the route of the next page, "" for none; None for what is no list."""


class ChatCompletions:
    """OpenAI's own, and whoever speaks it."""

    models_route = MODELS

    def route(self, model: str) -> str:
        return CHAT

    def request(self, body: JsonObject) -> JsonObject:
        return body

    def answer(self, answer: JsonObject, sent: JsonObject) -> JsonObject:
        return answer

    def refusal(self, status: int, body: object) -> object:
        return body

    def models(self, listing: object) -> tuple[list[str] | None, str]:
        rows = listing.get("data", listing) if isinstance(listing, dict) else listing
        if rows is None and listing is not None:  # Ollama without any model
            return [], ""
        if not isinstance(rows, list):
            return None, ""
        return names_in(rows, "id"), ""


def names_in(rows: Sequence[object], field: str) -> list[str]:
    """Return the names in a list of models, those with none left out; of any type, as they came."""
    return [row[field] for row in rows if isinstance(row, dict) and row.get(field)]
