"""Prices that people give for a connection's models, the environment's connection included."""

from __future__ import annotations

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.llm.prices import EVERY_MODEL, find_price
from ml_backend.records import Connection, PromptVersion, ProviderName
from ml_backend.services.models.pool import ModelPool
from ml_backend.store import Store
from ml_backend.store.environment_prices import Pair, place_of

MOST_DOLLARS = 1_000_000
LONGEST_MODEL = 200


class GivenPrices:
    """Keeps what people say that a model costs."""

    def __init__(self, store: Store, models: ModelPool) -> None:
        self._store = store
        self._models = models

    def give(self, connection: Connection, model: str, price: Pair | None) -> Connection:
        """Keep a model's price, None forgets it; return the connection as it is then."""
        model = check_model(model)
        if connection.provider is ProviderName.BASELINE:
            raise InvalidInput("The offline baseline asks no model: it is free.", field="model")
        if connection.provider is ProviderName.LOCAL:
            raise InvalidInput("A local model is free: it is your own machine.", field="model")
        if price is not None:
            check_price(price)
        if connection.id is not None:
            return self._store.connections.give_price(connection.id, model, price)
        if model == EVERY_MODEL:
            raise InvalidInput(
                "The price of every model of the environment's connection is set by OPENAI_PRICE.",
                field="model",
                fix="Name one model, or set OPENAI_PRICE where the server runs.",
            )
        if price is None and model not in self._store.environment_prices.of(place_of(connection)):
            raise NotFound(f"Nobody gave a price for {model!r} here.", field="model")
        self._store.environment_prices.give(place_of(connection), model, price)
        return self._models.default

    def without(self, version: PromptVersion) -> Connection | None:
        """Return the connection that answers a version, where nobody knows the model's price."""
        connection = self._models.connection(version.provider, version.connection_id)
        is_known = find_price(connection, version.model) is not None
        return None if is_known else connection


def check_model(model: str) -> str:
    """Return a model's name as it is kept, or raise InvalidInput."""
    model = model.strip()
    if not model or len(model) > LONGEST_MODEL or not model.isprintable():
        raise InvalidInput(
            f"{model[:60]!r} is no model's name.",
            field="model",
            fix="Name the model as its versions do.",
        )
    return model


def check_price(price: Pair) -> None:
    """Raise InvalidInput unless both are dollars; 0 is a price."""
    for dollars in price:
        if not 0 <= dollars <= MOST_DOLLARS:
            raise InvalidInput(
                f"{dollars:g} is no price.",
                field="prices",
                fix="Give dollars per million tokens; 0 for a server of your own.",
            )
