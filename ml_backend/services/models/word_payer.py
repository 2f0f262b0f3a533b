"""Calls that belong to no task, such as the word a check of a connection asks for, are paid too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ml_backend.errors import InvalidInput
from ml_backend.llm.model import NO_MODEL
from ml_backend.records import Connection, JsonObject, Person, Usage
from ml_backend.services.models.budgets import MAY_BE_CHARGED, BudgetGuard, cost_of, price_of
from ml_backend.services.models.paid_calls import PaidCalls
from ml_backend.services.models.spending import ConnectionBudget


@dataclass(slots=True)
class Bill:
    """What some calls have cost so far."""

    cost: float | None = 0.0
    """Dollars; None once nobody knows that of one."""

    def add(self, cost: float | None) -> None:
        """Add what a call cost, None where that is not known."""
        self.cost = None if self.cost is None or cost is None else self.cost + cost


class WordPayer:
    """Lets such calls out within their connection's budget and a person's calls of the day."""

    def __init__(
        self,
        connection: Connection,
        purse: ConnectionBudget,
        calls: PaidCalls,
        person: Person | None,
        bill: Bill | None = None,
    ) -> None:
        """``person`` is who has it asked; None by command, which has no limit of calls."""
        self._connection = connection
        self._purse = purse
        self._calls = calls
        self._person = person
        self._bill = bill or Bill()

    async def pay(
        self,
        model: str,
        messages: Sequence[JsonObject],
        most: int,
        ask: Callable[[], Awaitable[Usage]],
    ) -> None:
        """Have ``ask`` make one call, of at most so many tokens, and write down what it took.

        Raises BudgetReached before it asks, and InvalidInput where a budget needs a price that is
        not known; what ``ask`` raises passes.
        """
        # It reads refusals, whose patterns take a tenth of a second to compile.
        from ml_backend.llm.wire import CallFailed

        price = price_of(self._connection, model)
        if price is None and model == NO_MODEL and self._purse.limit is not None:
            raise InvalidInput(
                f"Connection {self._connection.title!r} has a budget and names no model, so nobody "
                "knows what asking costs.",
                field="model",
                fix="Give the connection a default model.",
            )
        calls = self._calls.of(self._person, self._connection, price)
        guard = BudgetGuard.require(self._purse, price, parameters={}, calls=calls)
        reserved = await guard.reserve(messages, None, 0, most)
        # A call nobody heard back from has, as far as anybody knows, cost its worst case.
        cost, usage = None, Usage()
        try:
            usage = guard.counted(await ask(), messages, None, 0, most)
            cost = cost_of(price, usage)
        except CallFailed as failed:
            if failed.trouble.kind not in MAY_BE_CHARGED:
                cost = cost_of(price, usage)
            raise
        finally:
            self._bill.add(cost)
            guard.settle(reserved, cost, usage)
            await asyncio.to_thread(guard.flush, at_once=True)
