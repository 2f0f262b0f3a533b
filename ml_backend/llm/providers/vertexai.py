"""Gemini on Vertex AI: by a service account's key, a token, or a key of express mode."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ml_backend.llm.chat import ChatModel
from ml_backend.llm.dialects.google import (
    PARAMETERS,
    GenerateContent,
    model_in,
    no_model,
    page_after,
)
from ml_backend.llm.explanations import bad_setting, explain, no_key, web_address
from ml_backend.llm.model import Gate, Opening, Payer
from ml_backend.llm.models.vendors import bare_name
from ml_backend.llm.provider_facts import (
    API_KEY,
    AUTH_TOKEN,
    CREDENTIALS,
    ENDPOINT,
    LOCATION,
    PROJECT,
    ProviderFacts,
)
from ml_backend.llm.wire import CallFailed, Place, Wire
from ml_backend.llm.wire.google_token import (
    FORM,
    AccessTokens,
    Account,
    BadAccount,
    read_account,
)
from ml_backend.llm.wire.troubles import no_list
from ml_backend.records import Connection, ProviderName

GLOBAL = "global"
PROVIDER = ProviderFacts(
    ProviderName.VERTEX_AI,
    "Vertex AI",
    secrets=(CREDENTIALS, AUTH_TOKEN, API_KEY),
    takes=(PROJECT, LOCATION, ENDPOINT),
    address="https://aiplatform.googleapis.com",
    address_variable="VERTEX_BASE_URL",
    example={
        "google_project_id": "my-project",
        "google_location": GLOBAL,
        "model": "gemini-3.5-flash-lite",
        "endpoint": "https://aiplatform.googleapis.com",
    },
    parameters=PARAMETERS,
    protocol="Gemini",
    reads_pdf=True,
    price_table="google",
    keys="https://console.cloud.google.com/iam-admin/serviceaccounts",
    documentation="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
    documented="2026-11-30",
    looked_up=(
        "addresses by location, and those of 3.7 and 3.8 Flash",
        "the route of a model",
    ),
)
MULTI_REGIONS = ("us", "eu")
"""Which have an address of another shape than regions."""
REGION = re.compile(r"[a-z]{2,20}(?:-[a-z0-9]{1,20}){0,3}", re.ASCII)
PROJECT_NAME = re.compile(r"(?:[a-z0-9.-]{1,60}:)?[a-zA-Z0-9][a-zA-Z0-9-]{0,60}", re.ASCII)
OWN_MODEL = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?endpoints/(\d{1,30})", re.ASCII)
"""One that was tuned, and stands at an address of its own."""
OTHERS = re.compile(
    r"(?:^|/)(?:publishers/(?!google/)|claude|llama|mistral|codestral|jamba|deepseek|qwen|gpt-oss"
    r"|kimi|minimax|grok)",
    re.IGNORECASE,
)
PAGE = "v1beta1/publishers/google/models?pageSize=200"


def open_model(connection: Connection, opening: Opening) -> VertexModel:
    """Return the model; raise ``RunStopper`` without credentials, or with such as cannot serve."""
    base_url = _base_url(connection)
    opens = _opening(connection, base_url)
    if opens.account is None and not opens.headers:
        raise no_key(connection)
    project = _project(connection, opens)
    headers = {"Content-Type": "application/json", **opens.headers}
    tokens, authorize = None, None
    if opens.account is not None:
        asked = Wire(Place(opens.account.token_url, FORM), Gate(1), reach=opening.reach)
        tokens = AccessTokens(opens.account, asked)
        authorize = tokens.headers
        if opens.account.person:
            headers["x-goog-user-project"] = project  # whose quota a person uses
    place = Place(base_url, headers, authorize=authorize)
    dialect = _Vertex(project, _location(connection))
    wire = Wire(place, opening.gate, dialect=dialect, reach=opening.reach)
    return VertexModel(
        connection,
        wire,
        opening,
        close=tokens.close if tokens is not None else None,
    )


class VertexModel(ChatModel):
    """A model of a project: what opens the list of models may not open these."""

    def __init__(
        self,
        connection: Connection,
        wire: Wire,
        opening: Opening,
        *,
        close: Callable[[], Awaitable[None]] | None,
    ) -> None:
        super().__init__(connection, wire, opening, forms=PROVIDER.forms)
        self._close_tokens = close

    async def check(self, payer: Payer) -> list[str]:
        """Return the models on offer, where one of the project's answers."""
        model = self._connection.default_model
        try:
            await self._ask_for_a_word(payer)
        except CallFailed as failed:
            told = self._is_told(model)
            raise explain(failed.trouble, self._connection, model, told=told) from None
        names: list[str] = []
        with suppress(CallFailed):
            # It is Google's list and not the project's, and not for every key.
            names = await self._wire.models(self._timeout)
        return names if not model or model in names else [model, *names]

    async def close(self) -> None:
        """Close the pooled connections, those for tokens too."""
        await super().close()
        if self._close_tokens is not None:
            await self._close_tokens()


@dataclass(frozen=True, slots=True)
class _Credentials:
    """What opens a connection: headers, or an account that gets tokens."""

    headers: Mapping[str, str]
    account: Account | None = None


def _opening(connection: Connection, base_url: str) -> _Credentials:
    """Credentials go first, then a token, then a key; people paste any of these as the key."""
    token = connection.secrets.get(AUTH_TOKEN, "")
    key = connection.api_key.strip()
    text = connection.secrets.get(CREDENTIALS, "").strip() or (key if key[:1] == "{" else "")
    if text:
        try:
            return _Credentials({}, read_account(text, base_url))
        except BadAccount as bad:
            raise bad_setting(
                connection,
                f"{bad}.",
                "Give it the JSON key of a service account, as Google's console makes it, in "
                "google_application_credentials.",
            ) from None
    if not token and key.startswith("ya29."):
        token = key
    if token:
        return _Credentials({"Authorization": f"Bearer {token.strip()}"})
    return _Credentials({"x-goog-api-key": key} if key else {})


def _is_express(connection: Connection) -> bool:
    """Whether a key is all it has: of express mode, which knows no projects and locations."""
    has_more = any(connection.secrets.get(name) for name in (CREDENTIALS, AUTH_TOKEN))
    is_key = not connection.api_key.strip().startswith(("{", "ya29."))
    return is_key and not has_more and not connection.details.get(PROJECT)


def _project(connection: Connection, opens: _Credentials) -> str:
    """The project that is asked in, "" in express mode, whose key is of one."""
    named = str(connection.details.get(PROJECT) or "").strip()
    project = named or (opens.account.project if opens.account is not None else "")
    if not project and not _is_express(connection):
        raise bad_setting(
            connection,
            "it has no Google project.",
            "Give it google_project_id: the ID of the project, as in its console's address.",
        )
    if project and not PROJECT_NAME.fullmatch(project):
        raise bad_setting(
            connection,
            f"its Google project {project[:60]!r} is no name.",
            "Small letters, digits and hyphens make one.",
        )
    return project


def _location(connection: Connection) -> str:
    named = connection.details.get(LOCATION) if not _is_express(connection) else None
    location = str(named or GLOBAL).strip().lower()
    if not REGION.fullmatch(location):
        raise bad_setting(
            connection,
            f"its Google location {location[:60]!r} is no name.",
            f"{GLOBAL}, or a region such as europe-west4.",
        )
    return location


def _base_url(connection: Connection) -> str:
    """The connection's own address without version and path, else that of its location."""
    if not connection.endpoint.strip():
        location, host = _location(connection), "aiplatform.googleapis.com"
        if location in MULTI_REGIONS:
            host = f"aiplatform.{location}.rep.googleapis.com"
        elif location != GLOBAL:
            host = f"{location}-{host}"
        return f"https://{host}/"
    parts = web_address(connection, "Leave it out: the location has its address.")
    path = re.split(r"/v1(?:beta1|alpha|beta)?(?:/|$)", parts.path)[0].rstrip("/")
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=f"{path}/", query="", fragment="").geturl()


class _Vertex(GenerateContent):
    """Models of a project and location; without a project those of express mode."""

    def __init__(self, project: str, location: str) -> None:
        super().__init__()
        self._within = f"projects/{project}/locations/{location}/" if project else ""

    @property
    def models_route(self) -> str:
        if not self._within:
            raise no_list("express mode has no list of models")
        return PAGE

    def route(self, model: str) -> str:
        own = OWN_MODEL.fullmatch(model.strip())
        if own is not None and self._within:
            return f"v1/{self._within}endpoints/{own[1]}:generateContent"
        if OTHERS.search(model.strip()):
            raise no_model(
                f"“{model[:60]}” is not Google's: of Vertex AI's models those of Google are asked, "
                "others by a connection to their own vendor"
            )
        return f"v1/{self._within}publishers/google/models/{model_in(model)}:generateContent"

    def models(self, listing: object) -> tuple[list[str] | None, str]:
        rows = listing.get("publisherModels") if isinstance(listing, Mapping) else None
        if not isinstance(rows, list) or not isinstance(listing, Mapping):
            return None, ""
        found = [bare_name(str(row["name"])) for row in rows if _is_named(row)]
        page = listing.get("nextPageToken")
        names = [name for name in found if _answers(name)]
        return (
            names,
            page_after(PAGE, page),
        )


def _is_named(row: object) -> bool:
    return isinstance(row, Mapping) and bool(row.get("name"))


def _answers(name: str) -> bool:
    """Whether one of Google's models answers in words; the list does not say."""
    return name.startswith(("gemini", "gemma")) and not re.search(
        r"embedding|image|tts|audio|live", name
    )
