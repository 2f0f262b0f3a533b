"""Anthropic itself, or a gateway that speaks its Messages API."""

from __future__ import annotations

from collections.abc import MutableMapping
from urllib.parse import urlsplit

from ml_backend.llm.chat import ChatModel
from ml_backend.llm.dialects.anthropic import Messages
from ml_backend.llm.explanations import bad_setting, no_key
from ml_backend.llm.model import Gate
from ml_backend.llm.provider_facts import API_KEY, AUTH_TOKEN, ProviderFacts
from ml_backend.llm.reach import ANYWHERE, Reach
from ml_backend.llm.retry import Retry
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


def open_model(
    connection: Connection,
    *,
    gate: Gate,
    timeout: float,
    ladder: MutableMapping[str, str],
    retry: Retry,
    reach: Reach = ANYWHERE,
) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a key or token, or for no web address."""
    headers = {
        "Content-Type": "application/json",
        "anthropic-version": VERSION,
        **_opened_by(connection),
    }
    wire = Wire(Place(_base_url(connection), headers), gate, dialect=Messages(), reach=reach)
    return ChatModel(
        connection,
        wire,
        gate=gate,
        timeout=timeout,
        ladder=ladder,
        retry=retry,
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
    parts = urlsplit(connection.endpoint.strip() or PROVIDER.address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_setting(
            connection,
            "its endpoint is no web address.",
            f"Give it one such as {PROVIDER.address}, or none for Anthropic itself.",
        )
    path = parts.path.rstrip("/").removesuffix("/messages").removesuffix("/v1")
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=f"{path}/v1/", query="", fragment="").geturl()
