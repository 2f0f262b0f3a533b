"""What a connection's model costs, given where the price is missed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, make_response, request
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput
from ml_backend.llm.prices import find_price
from ml_backend.records import Connection, PromptVersion
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.prices import whose
from ml_backend.services.models.given_prices import MOST_DOLLARS
from ml_backend.store.environment_prices import Pair
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import by_htmx, go, own_path, pages

ENVIRONMENT = "environment"
"""Stands for the environment's connection, which has no number."""

PRICE_GIVEN = "price-given"
"""The event after which everything that tells a cost asks anew."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A model whose price nobody knows, and what a person can do about it."""

    connection: str
    """Its number, or "environment"."""
    title: str
    model: str
    may_give: bool
    whose: str
    """Who else may, in words."""


def unpriced(caller: Caller, version: PromptVersion) -> Unpriced | None:
    """Return the model that answers a version where its price is unknown."""
    connection = services().given_prices.without(version)
    return None if connection is None else unpriced_at(caller, connection, version.model)


def unpriced_at(caller: Caller, connection: Connection, model: str) -> Unpriced | None:
    """Return a model of a connection where its price is unknown, None where it is known."""
    if not model or find_price(connection, model) is not None:
        return None
    return Unpriced(
        connection=ref_of(connection),
        title="the server's own" if connection.id is None else connection.title,
        model=model,
        may_give=services().prices.may_give(caller, connection),
        whose=whose(connection),
    )


def ref_of(connection: Connection) -> str:
    """Return how forms name a connection."""
    return ENVIRONMENT if connection.id is None else str(connection.id)


def connection_named(caller: Caller, ref: str) -> Connection:
    """Return a connection that the caller may use, by its number or "environment"."""
    if ref == ENVIRONMENT:
        return services().models.default
    is_number = ref.isascii() and ref.isdecimal() and len(ref) < 10
    return services().access.connection(caller, int(ref) if is_number else 0)


@pages.post("/prices")
def give_price() -> Response:
    """Keep what a model costs; 0 is a price."""
    said = say_price(identity.caller())
    if by_htmx():
        response = make_response("", 204)
        response.headers["HX-Trigger"] = PRICE_GIVEN
        return response
    flash(said)
    return go(own_path(request.form.get("next", ""), "/ui/connections"))


def say_price(caller: Caller) -> str:
    """Keep the price that the request's form gives and say it; raises what a person can mend."""
    form = request.form
    connection = connection_named(caller, form.get("priced_connection", ""))
    model = form.get("priced_model", "").strip()
    is_free = bool(form.get("free")) or form.get("do") == "free"
    price = (0.0, 0.0) if is_free else _pair()
    services().prices.give(caller, connection, model, price)
    return f"{model}: ${price[0]:g} and ${price[1]:g} per million tokens, for this connection."


def _pair() -> Pair:
    return (
        _dollars("price_in", "The price of the prompt"),
        _dollars("price_out", "The price of the answer"),
    )


def _dollars(name: str, what: str) -> float:
    text = request.form.get(name, "").strip()
    try:
        found = float(text.removeprefix("$"))
    except ValueError:
        found = -1.0
    if not 0 <= found <= MOST_DOLLARS:
        raise InvalidInput(
            f"{what} is {text[:30]!r}." if text else f"{what} is missing.",
            field=name,
            fix="Give dollars per million tokens, for example 0.25; 0 for a server of your own.",
        )
    return found
