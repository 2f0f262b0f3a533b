"""What calls cost: price × measured tokens; an unknown price stays unknown, never zero."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ml_backend.errors import BudgetReached, InvalidInput
from ml_backend.llm.prices import Price, find_price
from ml_backend.records import Connection, FailureKind, ProviderName, Usage

COMPLETION_CAP = 4096
"""Completion tokens a call may use under a budget, so that its worst case is known."""


def price_of(connection: Connection, model: str) -> Price | None:
    """Return a model's price; the offline baseline is free, an unknown price is None."""
    if connection.provider is ProviderName.BASELINE:
        return Price(0.0, 0.0, source="offline baseline: no provider is paid", dated="")
    return find_price(connection, model)


def cost_of(price: Price | None, usage: Usage) -> float | None:
    """Return dollars for measured tokens, None when the price is unknown."""
    if price is None:
        return None
    return (usage.prompt_tokens * price.prompt + usage.completion_tokens * price.completion) / 1e6


class Budget:
    """A limit in dollars that is never crossed: spent plus the worst case of calls in flight."""

    def __init__(self, limit: float, price: Price, spent: float) -> None:
        self.limit = limit
        self._price = price
        self._spent = spent
        self._reserved = 0.0

    @classmethod
    def require(cls, limit: float | None, price: Price | None, spent: float) -> Budget | None:
        """Return the guard of a limit; raises InvalidInput when the price is unknown."""
        if limit is None:
            return None
        if price is None:
            raise InvalidInput(
                "A budget needs a known price, and this model's price is unknown.",
                field="budget",
                fix="Give the connection its prices (connections add --price), or leave --budget.",
            )
        return cls(limit, price, spent)

    def reserve(self, messages: Sequence[dict[str, Any]], schema: object) -> float:
        """Set aside the most one call can cost; raises BudgetReached when that could cross."""
        # A token is at least one byte, so bytes bound tokens from above whatever the tokenizer.
        size = len(json.dumps([messages, schema], ensure_ascii=False).encode())
        worst = cost_of(self._price, Usage(size, COMPLETION_CAP)) or 0.0
        if self._spent + self._reserved + worst > self.limit:
            raise BudgetReached(
                f"The budget of ${self.limit:g} is used up: ${self._spent:.4f} spent, and the next "
                f"call could cost ${worst:.4f}.",
                kind=FailureKind.BUDGET,
                fix="Raise --budget and resume the run; answers already paid for are kept.",
            )
        self._reserved += worst
        return worst

    def settle(self, reserved: float, cost: float | None) -> None:
        """Replace a reservation by what the call did cost."""
        self._reserved -= reserved
        self._spent += cost or 0.0
