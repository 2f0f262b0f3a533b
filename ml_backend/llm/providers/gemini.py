"""Gemini by a key of Google AI Studio, or a gateway that speaks its API."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ml_backend.llm.chat import ChatModel
from ml_backend.llm.dialects.google import PARAMETERS, GenerateContent, model_in, page_after
from ml_backend.llm.explanations import no_key, web_address
from ml_backend.llm.model import Opening
from ml_backend.llm.models.vendors import bare_name
from ml_backend.llm.provider_facts import ProviderFacts
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


def open_model(connection: Connection, opening: Opening) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a key, or with an endpoint that is none."""
    if not connection.api_key:
        raise no_key(connection)
    headers = {"x-goog-api-key": connection.api_key, "Content-Type": "application/json"}
    place = Place(_base_url(connection), headers)
    wire = Wire(place, opening.gate, dialect=_Gemini(), reach=opening.reach)
    return ChatModel(
        connection,
        wire,
        opening,
        forms=PROVIDER.forms,
    )


def _base_url(connection: Connection) -> str:
    """The address with its version; people paste it without, or one of a model's."""
    fix = f"Leave it out, or give it one such as {PROVIDER.address}."
    parts = web_address(connection, fix, own=PROVIDER.address)
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
            bare_name(str(row["name"]))
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
