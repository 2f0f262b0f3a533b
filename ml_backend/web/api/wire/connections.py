"""Connections to model providers: secrets go in, and never come out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import Field

from ml_backend.llm.models.catalogue import KnownModel
from ml_backend.llm.models.parameters import kinds_of
from ml_backend.llm.models.retiring import retirement_said
from ml_backend.prompting.parameters import schema_of
from ml_backend.records import Connection, JsonObject, ProviderName, Scope
from ml_backend.records.abilities import NAMES, Fact
from ml_backend.services.connecting.backend_urls import plain
from ml_backend.services.health.at_rest import key_problem
from ml_backend.services.models.spending import Spending
from ml_backend.web.api.wire.parts import Dollars, Exact, Given, Shown, UserSimple
from ml_backend.web.server.next_steps import for_api

Secret = Annotated[str, Field(max_length=20_000, json_schema_extra={"writeOnly": True})]
Model = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
OnePrice = Annotated[float, Field(ge=0, le=1_000_000)]
Price = Annotated[list[OnePrice], Field(min_length=2, max_length=2)]
Short = Annotated[str, Field(max_length=2_000)]
DETAILS = (
    "budget_alert_threshold",
    "cached_available_models",
    "google_location",
    "google_project_id",
    "is_internal",
    "preset",
)
SECRETS = ("auth_token", "google_application_credentials")


class ConnectionGiven(Given):
    """A connection, or what is to change of one; a secret that is not given stays."""

    provider: str | None = None
    api_key: Secret | None = None
    auth_token: Secret | None = None
    google_application_credentials: Secret | None = None
    endpoint: Short | None = None
    deployment_name: Short | None = None
    google_location: Short | None = None
    google_project_id: Short | None = None
    scope: Annotated[
        Scope | None,
        Field(
            description="Organization: for all, made by its owner. User: for its creator. Model: "
            "for whoever sees a prompt that uses it."
        ),
    ] = None
    budget_alert_threshold: Annotated[
        Dollars | None, Field(description="Dollars in a period from which people are warned.")
    ] = None
    budget_limit: Annotated[
        Dollars | None,
        Field(description="Dollars in a period that are never exceeded; null for no limit. Ours."),
    ] = None
    budget_reset_period: Annotated[
        Literal["Monthly", "Yearly"] | None,
        Field(description="Calendar month or year, in UTC; null never begins anew. Ours."),
    ] = None
    cached_available_models: Annotated[str, Field(max_length=100_000)] | None = None
    is_internal: bool | None = None
    preset: Annotated[
        Short | None,
        Field(
            description="A server that speaks OpenAI's protocol by its name (groq, ollama …): it "
            "is of provider Custom, and at its vendor's address where no endpoint is given. Ours."
        ),
    ] = None
    prices: Annotated[
        dict[Model, Price] | None,
        Field(
            description="Model: dollars per million tokens of the prompt and of the answer, all "
            'of them; "*" is every model without one of its own, [0, 0] a server of one\'s own. '
            "They go before the price table. Ours."
        ),
    ] = None

    def secrets(self) -> dict[str, str]:
        """Return the secrets given besides the key."""
        given = {name: getattr(self, name) for name in SECRETS}
        return {name: value.strip() for name, value in given.items() if value}

    def budget(self) -> JsonObject:
        """Return the columns of budget and prices that were given."""
        given: JsonObject = {}
        if "budget_limit" in self.model_fields_set:
            given["budget_limit"] = self.budget_limit
        if "budget_reset_period" in self.model_fields_set:
            given["budget_period"] = self.budget_reset_period or ""
        if self.prices is not None:
            given["prices"] = {name.strip(): price for name, price in self.prices.items()}
        return given

    def details(self) -> JsonObject:
        """Return what is kept as it is."""
        return {name: getattr(self, name) for name in DETAILS if name in self.model_fields_set}


class ConnectionAnswer(Shown):
    """A connection without its secrets; the SDK's ModelProviderConnection."""

    id: int
    provider: str
    endpoint: str | None = None
    deployment_name: str | None = None
    google_location: str | None = None
    google_project_id: str | None = None
    scope: Scope
    budget_alert_threshold: float | None = None
    budget_limit: float | None = None
    budget_reset_period: str | None = None
    budget_last_reset_date: datetime | None = None
    budget_total_spent: float | None = None
    budget_warning: str | None = None
    """What a person should know: the alert threshold is passed, the budget used up. Ours."""
    key_problem: str | None = None
    """That its key cannot be read, and what to do about it. Ours."""
    cached_available_models: str | None = None
    is_internal: bool | None = None
    preset: str | None = None
    """The preset that it was made with. Ours."""
    prices: dict[str, list[float]]
    """Model: dollars per million tokens of the prompt and of the answer, as given. Ours."""
    model_params: dict[str, Any] | None = None
    """JSON schema of the parameters that a version may set, which the provider takes."""
    organization: int | None = None
    created_by: UserSimple | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, connection: Connection, spending: Spending) -> ConnectionAnswer:
        kept = {name: connection.details.get(name) for name in DETAILS}
        return cls(
            id=connection.id or 0,
            provider=connection.provider.value,
            endpoint=endpoint_of(connection),
            deployment_name=connection.deployment or None,
            scope=connection.scope,
            budget_limit=connection.budget_limit,
            budget_reset_period=connection.budget_period or None,
            budget_last_reset_date=_midnight(spending.since),
            budget_total_spent=spending.cost,
            budget_warning=spending.warning or None,
            key_problem=for_api(key_problem(connection)) or None,
            organization=connection.organization,
            created_by=UserSimple.of(connection.created_by),
            created_at=connection.created_at,
            updated_at=connection.updated_at,
            prices=prices_of(connection),
            model_params=schema_of(kinds_of(connection)),
            **kept,
        )


class EnvironmentPricesGiven(Exact):
    """Prices of models at the environment's connection; null forgets one, others stay."""

    prices: dict[Model, Price | None]


class EnvironmentPrices(Shown):
    """What the environment's connection asks, and the prices that were given for it."""

    provider: str
    endpoint: str | None = None
    default_model: str | None = None
    prices: dict[str, list[float]]
    """"*" is OPENAI_PRICE, of every model that has none of its own."""
    budget_limit: float | None = None
    """OPENAI_BUDGET: dollars it may spend in a period."""
    budget_reset_period: str | None = None
    budget_total_spent: float | None = None
    budget_warning: str | None = None

    @classmethod
    def of(cls, connection: Connection, spending: Spending) -> EnvironmentPrices:
        return cls(
            provider=connection.provider.value,
            endpoint=plain(endpoint_of(connection) or "") or None,
            default_model=connection.default_model or None,
            prices=prices_of(connection),
            budget_limit=connection.budget_limit,
            budget_reset_period=connection.budget_period or None,
            budget_total_spent=spending.cost,
            budget_warning=spending.warning or None,
        )


def endpoint_of(connection: Connection) -> str | None:
    """Return where a connection leads; where a model file lies is its operator's matter."""
    is_local = connection.provider is ProviderName.LOCAL
    return None if is_local else connection.endpoint or None


def prices_of(connection: Connection) -> dict[str, list[float]]:
    return {name: [float(each) for each in price] for name, price in connection.prices.items()}


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None


class ProviderChoices(Shown):
    """The providers a connection can be made for."""

    provider_choices: list[str]


class ModelsQuery(Given):
    """Which models of a connection."""

    ask: Annotated[
        bool,
        Field(description="Ask the provider now which it has, and list those as well."),
    ] = False


class ModelFact(Shown):
    """One thing known of a model, and where it is from."""

    value: int | bool | str
    source: str
    """"measured", "given for this connection", or the page or table that says so."""
    date: str | None
    """As of when; null where that is not said."""


class ModelPrice(Shown):
    """Dollars per million tokens."""

    prompt: float
    completion: float
    cached: float | None
    """Of prompt tokens read from the provider's cache; null where the prompt's own price counts."""
    cache_write: float | None
    """Of prompt tokens written to it; null as above."""
    source: str
    date: str | None


class ModelAnswer(Shown):
    """A model behind a connection and what is known of it; null is unknown."""

    model: str
    context: ModelFact | None
    """Tokens."""
    images: ModelFact | None
    pdfs: ModelFact | None
    reasoning: ModelFact | None
    logprobs: ModelFact | None
    form: ModelFact | None
    """The best form of a structured answer: json_schema, tool, json_object or text."""
    deprecated: ModelFact | None
    retires: ModelFact | None
    """The day from which it is not answered any more."""
    replacement: ModelFact | None
    """What its vendor names in its place."""
    retirement: str | None
    """A sentence where it is retired, or will be within 90 days."""
    price: ModelPrice | None

    @classmethod
    def of(cls, known: KnownModel, today: date) -> ModelAnswer:
        facts = {name: _fact(getattr(known.abilities, name)) for name in NAMES}
        price = known.price
        return cls(
            model=known.name,
            retirement=retirement_said(known.name, known.abilities, today) or None,
            price=ModelPrice(
                prompt=price.prompt,
                completion=price.completion,
                cached=price.cached,
                cache_write=price.cache_write,
                source=price.source,
                date=price.dated or None,
            )
            if price
            else None,
            **facts,
        )


def _fact(fact: Fact | None) -> ModelFact | None:
    if fact is None:
        return None
    return ModelFact(value=fact.value, source=fact.source, date=fact.dated or None)


class TestGiven(Exact):
    """What is to be tested of a connection."""

    __test__ = False

    model: Annotated[
        str | None,
        Field(max_length=200, description="Without it the connection's own, or its only one."),
    ] = None


class MeasuredAnswer(Shown):
    """What a model was found to do; null is what was not found out. Ours."""

    model: str
    calls: int
    cost_usd: float | None = None
    form: str | None = None
    """The best form of a structured answer: json_schema, tool, json_object, text."""
    images: bool | None = None
    pdfs: bool | None = None
    logprobs: bool | None = None
    reasoning: bool | None = None
    reasoning_tokens: int | None = None
    context: int | None = None
    """Tokens, as the server tells."""
    limits: dict[str, int] | None = None
    """Limit in words: number, as the provider's headers tell."""
    seconds_per_call: float | None = None
    price: dict[str, Any] | None = None
    """Dollars per million tokens, and where they are from."""
    remarks: list[str]
    """Why something is unknown."""
