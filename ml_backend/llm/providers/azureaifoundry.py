"""Azure AI Foundry: any model of a resource or of an endpoint of its own, named in the body."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs

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
    SERVER_PARAMETERS,
    ProviderFacts,
)
from ml_backend.llm.token_limit import NEWER, OLDER
from ml_backend.llm.wire import CHAT, ChatCompletions, Place, Wire
from ml_backend.llm.wire.entra import headers_of, token_of
from ml_backend.records import Connection, ProviderName

INFERENCE = "2024-05-01-preview"
"""The one version of the Model Inference API."""
OF_DEPLOYMENTS = "2024-10-21"
"""The newest generally available one of the routes that name a deployment in the path."""
DEPLOYMENTS = "/openai/deployments/"
LIST = f"models?api-version={OF_DEPLOYMENTS}"
"""What a resource offers, below its ``/openai``."""
V1 = "/openai/v1"
MODELS = "/models"
OF_ONE_MODEL = (".models.ai.azure.com", ".inference.ai.azure.com", ".inference.ml.azure.com")
"""Endpoints that serve one model each, where chat completions are at the top."""
OF_OPENAI = (".openai.azure.com", ".cognitiveservices.azure.com")
"""Resources without the route of the Model Inference API."""
PASS_THROUGH = {"extra-parameters": "pass-through"}
"""Has parameters reach the model that the Model Inference API does not know itself."""

PROVIDER = ProviderFacts(
    ProviderName.AZURE_AI_FOUNDRY,
    "Azure AI Foundry",
    secrets=(API_KEY, AUTH_TOKEN),
    needs=(ENDPOINT,),
    takes=(DEPLOYMENT, VERSION),
    example={
        "endpoint": "https://my-resource.services.ai.azure.com",
        "model": "Llama-3.3-70B-Instruct",
    },
    parameters=SERVER_PARAMETERS,
    price_table="azure",
    keys="https://ai.azure.com",
    documentation="https://learn.microsoft.com/rest/api/aifoundry/modelinference",
    documented="2026-11-30",
    looked_up=(
        "addresses of a resource",
        "what is to replace the Model Inference API",
        "that PDFs are documented for its Responses API alone",
    ),
)


def open_model(connection: Connection, opening: Opening) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a key, a token or a usable endpoint."""
    if not (connection.api_key or token_of(connection)):
        raise no_key(connection)
    wire, limit_name = _wire(connection, opening)
    return ChatModel(
        connection,
        wire,
        opening,
        limit_name=limit_name,
    )


def _wire(connection: Connection, opening: Opening) -> tuple[Wire, str]:
    """Return what asks, and the name of the parameter that bounds an answer there."""
    parts = _address(connection)
    pasted, host = parts.path.rstrip("/"), (parts.hostname or "").casefold()
    path = pasted.removesuffix(f"/{CHAT}")
    prefix, v1, _ = path.partition(V1)
    given = _version(connection, parts)
    if v1 or (not path and host.endswith(OF_OPENAI)):
        query = {"api-version": given} if given else {}
        base = _below(parts, f"{prefix}{V1}")
        place = Place(base, headers_of(connection, key_too=True), query)
        return Wire(place, opening.gate, reach=opening.reach), NEWER
    if DEPLOYMENTS in path:
        dialect = _Inference(given or OF_DEPLOYMENTS, f"../../{LIST}")
        place = Place(_below(parts, path), headers_of(connection))
        return Wire(place, opening.gate, dialect=dialect, reach=opening.reach), NEWER
    is_one = (path != pasted and not path.endswith(MODELS)) or host.endswith(OF_ONE_MODEL)
    if not is_one:
        # A project's own address asks its resource.
        path = path.partition("/api/projects/")[0].removesuffix(MODELS) + MODELS
    # Endpoints of one model take their key as a token; a resource does not.
    headers = {**headers_of(connection, key_too=is_one), **PASS_THROUGH}
    version = given or INFERENCE
    models = f"info?api-version={version}" if is_one else f"../openai/{LIST}"
    dialect = _Inference(version, models)
    return Wire(
        Place(_below(parts, path), headers), opening.gate, dialect=dialect, reach=opening.reach
    ), OLDER


def _version(connection: Connection, parts: SplitResult) -> str:
    given = connection.api_version or parse_qs(parts.query).get("api-version", [""])[0]
    if given and not is_path_name(given):
        raise bad_setting(
            connection,
            f"its API version {given[:60]!r} is no name.",
            "Letters, digits, dots, hyphens and underscores make one.",
        )
    return given


def _address(connection: Connection) -> SplitResult:
    fix = "Give it the resource's address, such as https://my-resource.services.ai.azure.com."
    parts = web_address(connection, fix)
    if "/anthropic" in parts.path:
        raise bad_setting(
            connection,
            "its endpoint is that of Anthropic's own API.",
            "Make a connection of the provider Anthropic with this endpoint.",
        )
    return parts


def _below(parts: SplitResult, path: str) -> str:
    return parts._replace(path=f"{path}/", query="", fragment="").geturl()


class _Inference(ChatCompletions):
    """A dated version of it; an endpoint of one model lists none and tells what it is."""

    def __init__(self, version: str, models_route: str) -> None:
        self._version = version
        self.models_route = models_route

    def route(self, model: str) -> str:
        return f"{CHAT}?api-version={self._version}"

    def models(self, listing: object) -> tuple[list[str] | None, str]:
        if isinstance(listing, dict) and isinstance(listing.get("model_name"), str):
            return [listing["model_name"]], ""
        return super().models(listing)
