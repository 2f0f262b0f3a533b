"""Anthropic itself, or a gateway that speaks its Messages API."""

from __future__ import annotations

from ml_backend.llm.chat import ChatModel
from ml_backend.llm.dialects.anthropic import Messages
from ml_backend.llm.explanations import no_key, web_address
from ml_backend.llm.model import Opening
from ml_backend.llm.provider_facts import API_KEY, AUTH_TOKEN, ProviderFacts
from ml_backend.llm.token_limit import OLDER
from ml_backend.llm.wire import Place, Wire
from ml_backend.records import Connection, ProviderName
from ml_backend.records.abilities import JSON_SCHEMA, TEXT, TOOL

VERSION = "2023-06-01"
"""Of the API, which every request names."""

PROVIDER = ProviderFacts(
    ProviderName.ANTHROPIC,
    "Anthropic",
    secrets=(API_KEY, AUTH_TOKEN),
    address="https://api.anthropic.com/v1",
    address_variable="ANTHROPIC_BASE_URL",
    example={"endpoint": "https://api.anthropic.com/v1", "model": "claude-haiku-4-5"},
    forms=(JSON_SCHEMA, TOOL, TEXT),
    parameters=frozenset(
        {
            *("temperature", "top_p", "top_k", "max_completion_tokens", "max_tokens"),
            *("reasoning_effort", "stop", "user", "extra_body"),
        }
    ),
    protocol="Anthropic",
    reads_pdf=True,
    price_table="anthropic",
    keys="https://platform.claude.com/settings/keys",
    documentation="https://platform.claude.com/docs/en/api/messages",
    documented="2026-11-30",
    looked_up=(
        "structured outputs and their keywords",
        "reasons to stop",
        "the list of models",
        "thinking and effort from 4.6 on",
        "status codes and types of errors",
        "refusals of thinking and of forced tools, in reports of users",
    ),
)


def open_model(connection: Connection, opening: Opening) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a key or token, or for no web address."""
    headers = {
        "Content-Type": "application/json",
        "anthropic-version": VERSION,
        **_opened_by(connection),
    }
    wire = Wire(
        Place(_base_url(connection), headers), opening.gate, dialect=Messages(), reach=opening.reach
    )
    return ChatModel(
        connection,
        wire,
        opening,
        limit_name=OLDER,
        forms=PROVIDER.forms,
    )


def _opened_by(connection: Connection) -> dict[str, str]:
    """The header that opens it: a key, else a token, which is kept in the key's place as well."""
    token = connection.secrets.get(AUTH_TOKEN, "")
    if connection.api_key and connection.api_key != token:
        return {"x-api-key": connection.api_key}
    if token:
        return {"Authorization": f"Bearer {token}"}
    raise no_key(connection)


def _base_url(connection: Connection) -> str:
    """The address with its version, as Anthropic's own clients take it: with or without."""
    fix = f"Give it one such as {PROVIDER.address}, or none for Anthropic itself."
    parts = web_address(connection, fix, own=PROVIDER.address)
    path = parts.path.rstrip("/").removesuffix("/messages").removesuffix("/v1")
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=f"{path}/v1/", query="", fragment="").geturl()
