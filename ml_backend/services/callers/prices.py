"""Who may say what a connection's models cost: whoever may change the connection."""

from __future__ import annotations

from ml_backend.errors import Forbidden
from ml_backend.records import Connection
from ml_backend.services.callers.access import Access, Caller
from ml_backend.services.models.given_prices import GivenPrices
from ml_backend.store.environment_prices import Pair


class CallerPrices:
    """Prices as callers give them; budgets are kept by them, so they are not everybody's to set."""

    def __init__(self, access: Access, prices: GivenPrices) -> None:
        self._access = access
        self._prices = prices

    def may_give(self, caller: Caller, connection: Connection) -> bool:
        """Return whether a caller may; the environment's are for the organization's owner."""
        if connection.id is None:
            return caller.user.owns_organization
        return self._access.may_use(caller, connection) and self._access.may_change(
            caller, connection
        )

    def give(
        self, caller: Caller, connection: Connection, model: str, price: Pair | None
    ) -> Connection:
        """Keep a model's price, None forgets it."""
        if not self.may_give(caller, connection):
            raise Forbidden(
                f"What the models of connection {connection.title!r} cost is for "
                f"{whose(connection)} to say.",
                fix="Ask them to, or use a connection of your own.",
            )
        return self._prices.give(connection, model, price)


def whose(connection: Connection) -> str:
    """Return who may change a connection, in words."""
    is_own = connection.id is not None and connection.created_by is not None
    if is_own and connection.scope.value != "Organization":
        return "its creator"
    return "the organization's owner"
