"""Connections to model providers: `client.model_providers` of the SDK."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ml_backend.errors import InvalidInput
from ml_backend.records import Connection, ProviderName
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.connection_rules import provider_choices
from ml_backend.services.models.measured_said import document
from ml_backend.services.models.spending import spending_of
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.connections import (
    ConnectionAnswer,
    ConnectionGiven,
    EnvironmentPrices,
    EnvironmentPricesGiven,
    MeasuredAnswer,
    ModelAnswer,
    ModelsQuery,
    ProviderChoices,
    TestGiven,
)
from ml_backend.web.api.wire.parts import ordered
from ml_backend.web.api.wire.prompts import OrderQuery
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("providers_api", "model providers")

CONNECTIONS = "/model-provider-connections/"


@api.add("GET", CONNECTIONS, list[ConnectionAnswer], query=OrderQuery)
def list_connections(query: OrderQuery) -> list[ConnectionAnswer]:
    """List the connections you may use."""
    found = ordered(
        services().connections.visible(identity.caller()),
        query.ordering,
        {
            "id": lambda each: each.id,
            "provider": lambda each: each.provider.value,
            "created_at": lambda each: each.created_at,
            "updated_at": lambda each: each.updated_at,
            "scope": lambda each: each.scope.value,
        },
    )
    return [_answer(each) for each in found]


@api.add("POST", CONNECTIONS, ConnectionAnswer, status=201, body=ConnectionGiven)
def create_connection(body: ConnectionGiven) -> ConnectionAnswer:
    """Keep a connection; secrets are encrypted and never shown."""
    provider = body.provider or (ProviderName.CUSTOM.value if body.preset else "")
    if not provider:
        raise InvalidInput("This field is required.", field="provider")
    made = services().connections.create(
        identity.caller(),
        provider,
        scope=body.scope,
        api_key=(body.api_key or "").strip(),
        secrets=body.secrets(),
        endpoint=(body.endpoint or "").strip(),
        deployment=body.deployment_name or "",
        details=body.details(),
        **body.budget(),
    )
    return _answer(made)


@api.add("GET", f"{CONNECTIONS}<id>/", ConnectionAnswer)
def get_connection(id: int) -> ConnectionAnswer:
    """Return a connection without its secrets."""
    return _answer(services().access.connection(identity.caller(), id))


@api.add("PATCH", f"{CONNECTIONS}<id>/", ConnectionAnswer, body=ConnectionGiven)
def update_connection(id: int, body: ConnectionGiven) -> ConnectionAnswer:
    """Change a connection; a new endpoint needs its key again."""
    caller = identity.caller()
    connection = services().access.connection(caller, id)
    columns: dict[str, Any] = body.budget()
    if body.provider is not None:
        columns["provider"] = body.provider
    if body.endpoint is not None:
        columns["endpoint"] = body.endpoint.strip()
    if body.deployment_name is not None:
        columns["deployment"] = body.deployment_name
    changed = services().connections.update(
        caller,
        connection,
        api_key=body.api_key.strip() if body.api_key is not None else None,
        secrets=body.secrets() or None,
        scope=body.scope,
        details=body.details() or None,
        **columns,
    )
    return _answer(changed)


@api.add("DELETE", f"{CONNECTIONS}<id>/", status=204)
def delete_connection(id: int) -> None:
    """Remove a connection that no version uses."""
    caller = identity.caller()
    services().connections.delete(caller, services().access.connection(caller, id))


@api.add("GET", f"{CONNECTIONS}<id>/models", list[ModelAnswer], query=ModelsQuery)
def list_models(id: int, query: ModelsQuery) -> list[ModelAnswer]:
    """List the models of a connection, with what is known of each and what it costs. Ours."""
    caller = identity.caller()
    return _models(services().access.connection(caller, id), query, caller)


@api.add("GET", f"{CONNECTIONS}environment/models", list[ModelAnswer], query=ModelsQuery)
def list_environment_models(query: ModelsQuery) -> list[ModelAnswer]:
    """List the models of the connection that the server's environment makes. Ours."""
    return _models(services().models.default, query, identity.caller())


@api.add("POST", f"{CONNECTIONS}<id>/test", MeasuredAnswer, body=TestGiven)
def test_connection(id: int, body: TestGiven) -> MeasuredAnswer:
    """Find out what a connection's model can, by up to eight small calls that are paid for. Ours.

    What is found out is kept; what is not is null.
    """
    caller = identity.caller()
    return _measure(services().access.connection(caller, id), body, caller)


@api.add("POST", f"{CONNECTIONS}environment/test", MeasuredAnswer, body=TestGiven)
def test_environment(body: TestGiven) -> MeasuredAnswer:
    """Find out what a model can at the connection that the server's environment makes. Ours."""
    return _measure(services().models.default, body, identity.caller())


@api.add("GET", f"{CONNECTIONS}provider-choices", ProviderChoices)
def list_provider_choices() -> ProviderChoices:
    """List the providers a connection can be made for."""
    return ProviderChoices(provider_choices=provider_choices())


@api.add("GET", f"{CONNECTIONS}environment/prices", EnvironmentPrices)
def get_environment_prices() -> EnvironmentPrices:
    """Return prices and budget of the connection that the server's environment makes."""
    identity.caller()
    return _of_environment(services().models.default)


@api.add(
    "PATCH", f"{CONNECTIONS}environment/prices", EnvironmentPrices, body=EnvironmentPricesGiven
)
def set_environment_prices(body: EnvironmentPricesGiven) -> EnvironmentPrices:
    """Say what models cost at the environment's connection; for the organization's owner."""
    caller = identity.caller()
    connection = services().models.default
    for model, price in body.prices.items():
        pair = None if price is None else (price[0], price[1])
        connection = services().prices.give(caller, connection, model, pair)
    return _of_environment(connection)


def _of_environment(connection: Connection) -> EnvironmentPrices:
    return EnvironmentPrices.of(connection, spending_of(services().store, connection))


def _models(connection: Connection, query: ModelsQuery, caller: Caller) -> list[ModelAnswer]:
    checks = services().connection_checks
    found = checks.run(connection, caller.person) if query.ask else checks.last(connection)
    names = found.models if found is not None else ()
    today = datetime.now(UTC).date()
    return [
        ModelAnswer.of(each, today) for each in services().model_catalogue.of(connection, names)
    ]


def _measure(connection: Connection, body: TestGiven, caller: Caller) -> MeasuredAnswer:
    found = services().measuring.measure(connection, body.model or "", person=caller.person)
    return MeasuredAnswer(**document(found))


def _answer(connection: Connection) -> ConnectionAnswer:
    return ConnectionAnswer.of(connection, spending_of(services().store, connection))
