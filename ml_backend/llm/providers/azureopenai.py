"""Azure OpenAI: a deployment of a resource, or the resource's OpenAI-like v1 address."""

from __future__ import annotations

from ml_backend.addresses import is_path_name
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.explanations import bad_setting, no_key, web_address
from ml_backend.llm.model import Opening
from ml_backend.llm.provider_facts import (
    API_KEY,
    API_VERSION as VERSION,
    AUTH_TOKEN,
    DEPLOYMENT,
    ENDPOINT,
    ProviderFacts,
)
from ml_backend.llm.refusals.judging import Cure, Trouble
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


def open_model(connection: Connection, opening: Opening) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a key or the resource's address."""
    if not (connection.api_key or token_of(connection)):
        raise no_key(connection)
    _require_names(connection)
    wire = _wire(connection, opening)
    return ChatModel(connection, wire, opening)


def _wire(connection: Connection, opening: Opening) -> Wire:
    fix = "Give it the resource's address, such as https://my-resource.openai.azure.com."
    parts = web_address(connection, fix)
    prefix, v1, _ = parts.path.partition(V1)
    if v1:
        base_url = parts._replace(path=f"{prefix}{V1}/", query="", fragment="").geturl()
        return Wire(
            Place(base_url, headers_of(connection, key_too=True)), opening.gate, reach=opening.reach
        )
    # People paste the whole route of a deployment; a gateway's own prefix stays.
    prefix = parts.path.partition("/openai")[0].rstrip("/")
    name = connection.deployment
    below = f"/openai/deployments/{name}/" if name else "/openai/"
    place = Place(
        parts._replace(path=f"{prefix}{below}", query="", fragment="").geturl(),
        headers_of(connection),
        {"api-version": connection.api_version or API_VERSION},
    )
    return Wire(place, opening.gate, dialect=None if name else _Deployments(), reach=opening.reach)


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
