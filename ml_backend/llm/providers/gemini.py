"""Gemini by a key of Google AI Studio, or a gateway that speaks its API."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from urllib.parse import urlsplit

from ml_backend.llm.chat import ChatModel
from ml_backend.llm.dialects.google import PARAMETERS, GenerateContent, model_in, page_after
from ml_backend.llm.explanations import bad_setting, no_key
from ml_backend.llm.model import Gate
from ml_backend.llm.provider_facts import ProviderFacts
from ml_backend.llm.reach import ANYWHERE, Reach
from ml_backend.llm.retry import Retry
from ml_backend.llm.wire import Place, Wire
from ml_backend.records import Connection, JsonObject, ProviderName

PROVIDER = ProviderFacts(
    ProviderName.GEMINI,
    "Gemini",
    address="https://generativelanguage.googleapis.com/v1beta",
    address_variable="GEMINI_BASE_URL",
    example={
        "endpoint": "https://generativelanguage.googleapis.com/v1beta",
        "model": "gemini-3.5-flash-lite",
    },
    parameters=PARAMETERS,
    protocol="Gemini",
    reads_pdf=True,
    price_table="google",
    keys="https://aistudio.google.com/apikey",
    documentation="https://ai.google.dev/api/generate-content",
    documented="2026-11-30",
    looked_up=(
        "names of generationConfig, by Google's own clients",
        "levels of thinking, and their refusal in reports of users",
    ),
)
VERSION = "v1beta"
PAGE = "models?pageSize=1000"
ANSWERS = "generateContent"


def open_model(
    connection: Connection,
    *,
    gate: Gate,
    timeout: float,
    ladder: MutableMapping[str, str],
    retry: Retry,
    reach: Reach = ANYWHERE,
) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a key, or with an endpoint that is none."""
    if not connection.api_key:
        raise no_key(connection)
    headers = {"x-goog-api-key": connection.api_key, "Content-Type": "application/json"}
    place = Place(_base_url(connection), headers)
    wire = Wire(place, gate, dialect=_Gemini(), reach=reach)
    return ChatModel(
        connection,
        wire,
        gate=gate,
        timeout=timeout,
        ladder=ladder,
        retry=retry,
        forms=PROVIDER.forms,
    )


def _base_url(connection: Connection) -> str:
    """The address with its version; people paste it without, or one of a model's."""
    parts = urlsplit((connection.endpoint or PROVIDER.address).strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise bad_setting(
            connection,
            "its endpoint is no web address.",
            f"Leave it out, or give it one such as {PROVIDER.address}.",
        )
    found = re.search(r"(.*?)/(v1(?:alpha|beta)?)(?:/|$)", parts.path)
    path = f"{found[1]}/{found[2]}" if found else f"{parts.path.rstrip('/')}/{VERSION}"
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=f"{path}/", query="", fragment="").geturl()


class _Gemini(GenerateContent):
    """Models below ``models/``, and the list of them in pages."""

    models_route = PAGE

    def route(self, model: str) -> str:
        return f"models/{model_in(model)}:{ANSWERS}"

    def models(self, listing: object) -> tuple[list[str] | None, str]:
        rows = listing.get("models") if isinstance(listing, Mapping) else None
        if not isinstance(rows, list) or not isinstance(listing, Mapping):
            return None, ""
        names = [
            str(row["name"]).removeprefix("models/")
            for row in rows
            if isinstance(row, Mapping) and row.get("name") and _answers(dict(row))
        ]
        page = listing.get("nextPageToken")
        return (
            names,
            page_after(PAGE, page),
        )


def _answers(row: JsonObject) -> bool:
    """Whether a model answers at all: others embed, or make pictures; gateways may not say."""
    methods = row.get("supportedGenerationMethods")
    return not isinstance(methods, list) or ANSWERS in methods
