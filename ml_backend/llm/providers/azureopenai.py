"""Azure OpenAI: a deployment of a resource, or the resource's OpenAI-like v1 address."""

from __future__ import annotations

from collections.abc import MutableMapping
from urllib.parse import urlsplit

from ml_backend.addresses import is_path_name
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.explanations import bad_setting, no_key
from ml_backend.llm.model import Gate
from ml_backend.llm.provider_facts import (
    API_KEY,
    API_VERSION as VERSION,
    AUTH_TOKEN,
    DEPLOYMENT,
    ENDPOINT,
    ProviderFacts,
)
from ml_backend.llm.reach import ANYWHERE, Reach
from ml_backend.llm.refusals.judging import Cure, Trouble
from ml_backend.llm.retry import Retry
from ml_backend.llm.wire import CHAT, CallFailed, ChatCompletions, Place, Wire
from ml_backend.llm.wire.entra import headers_of, token_of
from ml_backend.records import Connection, FailureKind, ProviderName

# The newest generally available version of the dated kind; structured outputs came with it.
API_VERSION = "2024-10-21"
V1 = "/openai/v1"


PROVIDER = ProviderFacts(
    ProviderName.AZURE_OPENAI,
    "Azure OpenAI",
    secrets=(API_KEY, AUTH_TOKEN),
    needs=(ENDPOINT,),
    takes=(DEPLOYMENT, VERSION),
    example={"endpoint": "https://my-resource.openai.azure.com", "deployment": "gpt-6-luna"},
    reads_pdf=True,
    price_table="azure",
    keys="https://ai.azure.com",
    documentation="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
    documented="2026-11-30",
    looked_up=(
        "the address /openai/v1, which needs no API version",
        "the role for tokens",
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
    """Return the model; raise ``RunStopper`` without a key or the resource's address."""
    if not (connection.api_key or token_of(connection)):
        raise no_key(connection)
    _require_names(connection)
    wire = _wire(connection, gate, reach)
    return ChatModel(connection, wire, gate=gate, timeout=timeout, ladder=ladder, retry=retry)


def _wire(connection: Connection, gate: Gate, reach: Reach) -> Wire:
    parts = urlsplit(connection.endpoint.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise bad_setting(
            connection,
            "it has no endpoint." if not connection.endpoint else "its endpoint is no web address.",
            "Give it the resource's address, such as https://my-resource.openai.azure.com.",
        )
    prefix, v1, _ = parts.path.partition(V1)
    if v1:
        base_url = parts._replace(path=f"{prefix}{V1}/", query="", fragment="").geturl()
        return Wire(Place(base_url, headers_of(connection, key_too=True)), gate, reach=reach)
    # People paste the whole route of a deployment; a gateway's own prefix stays.
    prefix = parts.path.partition("/openai")[0].rstrip("/")
    name = connection.deployment
    below = f"/openai/deployments/{name}/" if name else "/openai/"
    place = Place(
        parts._replace(path=f"{prefix}{below}", query="", fragment="").geturl(),
        headers_of(connection),
        {"api-version": connection.api_version or API_VERSION},
    )
    return Wire(place, gate, dialect=None if name else _Deployments(), reach=reach)


class _Deployments(ChatCompletions):
    """Chat completions below the name of a deployment, which is that of the model."""

    def route(self, model: str) -> str:
        if not is_path_name(model):
            said = f"{model[:60]!r} is no name that a deployment can have"
            raise CallFailed(Trouble(Cure.STOP, FailureKind.MODEL_NOT_FOUND, said))
        return f"deployments/{model}/{CHAT}"


def _require_names(connection: Connection) -> None:
    """Raise ``RunStopper`` for what would lead to another place than the resource's own."""
    for name, value in (
        ("deployment", connection.deployment),
        ("API version", connection.api_version),
    ):
        if value and not is_path_name(value):
            raise bad_setting(
                connection,
                f"its {name} {value[:60]!r} is no name.",
                "Letters, digits, dots, hyphens and underscores make one.",
            )
