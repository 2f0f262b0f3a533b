"""What calls cost: price × measured tokens; an unknown price stays unknown, never zero."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_backend.errors import BudgetReached, InvalidInput
from ml_backend.llm.prices import Price, find_price
from ml_backend.next_steps import Step
from ml_backend.prompting.completion_limit import given_limit
from ml_backend.records import Connection, FailureKind, JsonObject, ProviderName, Usage
from ml_backend.services.models.spending import ConnectionBudget

COMPLETION_CAP = 4096
"""Completion tokens a call may use under a budget, so that its worst case is known."""


def price_of(connection: Connection, model: str) -> Price | None:
    """Return a model's price; the offline baseline is free, an unknown price is None."""
    if connection.provider is ProviderName.BASELINE:
        return Price(0.0, 0.0, source="offline baseline: no provider is paid", dated="")
    return find_price(connection, model)


def cost_of(price: Price | None, usage: Usage) -> float | None:
    """Return dollars for measured tokens, None when the price is unknown."""
    return None if price is None else price.cost(usage)


class Budget:
    """A limit in dollars that is never crossed: spent plus the worst case of calls in flight.

    Used from the event loop alone. A call that would not fit beside those in flight waits for
    them: they mostly cost a fraction of their worst case.
    """

    def __init__(self, limit: float, price: Price, spent: float) -> None:
        self.limit = limit
        self._price = price
        self._spent = spent
        self._reserved = 0.0
        self._settled = asyncio.Event()

    @classmethod
    def require(cls, limit: float | None, price: Price | None, spent: float) -> Budget | None:
        """Return the guard of a limit; raises InvalidInput when the price is unknown."""
        if limit is None:
            return None
        if price is None:
            raise InvalidInput(
                "A budget needs a known price, and this model's price is unknown.",
                field="budget",
                fix=Step.ADD_PRICE_OR_DROP_BUDGET(),
            )
        return cls(limit, price, spent)

    async def reserve(
        self, messages: Sequence[dict[str, Any]], schema: object, file_tokens: int = 0
    ) -> float:
        """Set aside the most one call can cost; ``file_tokens`` bounds what files in it take.

        Raises BudgetReached when that could cross the limit even with nothing else in flight.
        """
        worst = worst_case(self._price, messages, schema, file_tokens)
        await self.take(worst)
        return worst

    async def take(self, worst: float) -> None:
        """Set aside so many dollars; raises BudgetReached as ``reserve`` does."""
        while self._spent + self._reserved + worst > self.limit:
            if self._reserved <= 0:
                raise self._reached(worst)
            self._settled.clear()
            await self._settled.wait()
        self._reserved += worst

    def _reached(self, worst: float) -> BudgetReached:
        if self._spent <= 0:
            return BudgetReached(
                f"The budget of ${self.limit:g} is less than a single call could cost: "
                f"${worst:.4f}.",
                kind=FailureKind.BUDGET,
                fix="Give more, or let the version answer at less length: max_completion_tokens "
                "in its parameters.",
            )
        return BudgetReached(
            f"The budget of ${self.limit:g} is used up: ${self._spent:.4f} spent, and the "
            f"next call could cost ${worst:.4f}.",
            kind=FailureKind.BUDGET,
            fix=f"{Step.ASK_THE_REST()} Answers already paid for are kept.",
        )

    def settle(self, reserved: float, cost: float | None) -> None:
        """Replace a reservation by what the call did cost; unknown counts as all of it."""
        self._reserved = max(0.0, self._reserved - reserved)
        if self._reserved < 1e-12:
            self._reserved = 0.0  # what float subtraction leaves is no call in flight
        self._spent += reserved if cost is None else cost
        self._settled.set()


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most a call can cost, and whether its connection's purse holds that."""

    worst: float
    held: bool


class BudgetGuard:
    """What a call may cost by the run's budget and by its connection's, and what it did cost."""

    def __init__(
        self,
        price: Price | None,
        purse: ConnectionBudget,
        budget: Budget | None,
        parameters: JsonObject,
    ) -> None:
        self._price = price
        self._purse = purse
        self._budget = budget
        self._cap = completion_cap(parameters)

    @classmethod
    def require(
        cls,
        purse: ConnectionBudget,
        price: Price | None,
        *,
        limit: float | None,
        spent: float,
        parameters: JsonObject,
    ) -> BudgetGuard:
        """Return the guard of a run's limit and a connection's; a limit needs a known price."""
        if purse.limit is not None and price is None:
            raise InvalidInput(
                "The connection has a budget, and this model's price is unknown.",
                field="budget",
                fix=Step.ADD_PRICE_OR_LIFT_LIMIT(),
            )
        return cls(price, purse, Budget.require(limit, price, spent), parameters)

    @property
    def is_limited(self) -> bool:
        return self._budget is not None or self._purse.limit is not None

    def bounded(self, limit: int) -> int:
        """Return the limit of a first call: under a budget there is always one, and no huge one."""
        return min(limit or COMPLETION_CAP, COMPLETION_CAP) if self.is_limited else limit

    async def reserve(
        self,
        messages: Sequence[dict[str, Any]],
        schema: object,
        file_tokens: int = 0,
        cap: int = 0,
    ) -> Reservation:
        """Set aside the most a call can cost; raises BudgetReached when it may not be made.

        ``cap`` is the call's own limit of completion tokens. A lower one than a budget always has
        is no reason to set less aside: a server may pass it over.
        """
        worst = 0.0
        if self.is_limited and self._price is not None:
            worst = worst_case(self._price, messages, schema, file_tokens, max(cap, self._cap))
        if self._budget is not None:
            await self._budget.take(worst)
        try:
            held = await self._purse.take(worst)
        except BaseException:
            if self._budget is not None:
                self._budget.settle(worst, 0.0)
            raise
        return Reservation(worst, held)

    def settle(self, reserved: Reservation, cost: float | None, usage: Usage) -> None:
        """Replace a reservation by what the call did cost; unknown counts as all of it."""
        if self._budget is not None:
            self._budget.settle(reserved.worst, cost)
        if cost is None and reserved.worst:
            cost = reserved.worst
        self._purse.settle(reserved.worst if reserved.held else 0.0, cost, usage)

    def flush(self, *, at_once: bool = False) -> None:
        """Write down what was spent: by the second, and at once where a connection has a limit."""
        if at_once or self._purse.limit is not None or self._purse.is_due:
            self._purse.flush()


def worst_case(
    price: Price,
    messages: Sequence[dict[str, Any]],
    schema: object,
    file_tokens: int = 0,
    cap: int = COMPLETION_CAP,
) -> float:
    """Return the most dollars a call can cost; ``cap`` is on its completion tokens."""
    # A token is at least one byte, so bytes bound tokens from above whatever the tokenizer.
    words = [_without_files(message) for message in messages]
    size = len(json.dumps([words, schema], ensure_ascii=False).encode("utf-8", "replace"))
    return price.cost(Usage(size + file_tokens, cap))


def completion_cap(parameters: JsonObject) -> int:
    """Return the most completion tokens of a call: what a version asks for, else ours."""
    return given_limit(parameters) or COMPLETION_CAP


def _without_files(message: dict[str, Any]) -> dict[str, Any]:
    """The message without pictures and files: their bytes say nothing of their tokens."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if part.get("type") == "text"]}
