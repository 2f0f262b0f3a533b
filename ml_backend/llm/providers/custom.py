"""Any OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, SGLang, a gateway; no key needed."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from ml_backend.llm.chat import ChatModel
from ml_backend.llm.explanations import web_address
from ml_backend.llm.model import Opening
from ml_backend.llm.provider_facts import ENDPOINT, SERVER_PARAMETERS, ProviderFacts
from ml_backend.llm.token_limit import OLDER
from ml_backend.llm.wire import CHAT, Place, Wire, http_client
from ml_backend.records import Connection, ProviderName

PROVIDER = ProviderFacts(
    ProviderName.CUSTOM,
    "Any OpenAI-compatible server",
    needs_secret=False,
    needs=(ENDPOINT,),
    takes=(),
    example={"endpoint": "http://localhost:11434/v1", "model": "llama3.2"},
    parameters=SERVER_PARAMETERS,
)


def open_model(connection: Connection, opening: Opening) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a usable endpoint."""
    base_url = _base_url(connection)
    import openai

    # The client's own environment settings belong to OpenAI and are not for other servers.
    headers: dict[str, Any] = {
        "OpenAI-Organization": openai.Omit(),
        "OpenAI-Project": openai.Omit(),
    }
    if not connection.api_key:
        headers["Authorization"] = _basic_auth(connection.endpoint) or openai.Omit()
    http = http_client(base_url)
    client = openai.AsyncOpenAI(
        api_key=connection.api_key or "none",
        base_url=base_url,
        max_retries=0,
        default_headers=cast(dict[str, str], headers),
        http_client=http,
    )
    wire = Wire(Place.of(client), opening.gate, reach=opening.reach)
    return ChatModel(
        connection,
        wire,
        opening,
        limit_name=OLDER,
    )


def _base_url(connection: Connection) -> str:
    parts = web_address(connection, "Give it one such as http://localhost:11434/v1.")
    path = parts.path.rstrip("/").removesuffix(f"/{CHAT}")
    # All known servers keep these routes under /v1; a bare host is what people paste.
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=path or "/v1", query="", fragment="").geturl()


def _basic_auth(endpoint: str) -> str:
    """The header for ``http://user:password@host``, "" for an address without a user."""
    parts = urlsplit(endpoint.strip())
    if not parts.username:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"
