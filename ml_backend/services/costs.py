"""What calls cost: price × measured tokens; an unknown price stays unknown, never zero."""

from __future__ import annotations

import asyncio
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
                fix="Give the connection its prices (connections add --price), or leave --budget.",
            )
        return cls(limit, price, spent)

    async def reserve(
        self, messages: Sequence[dict[str, Any]], schema: object, file_tokens: int = 0
    ) -> float:
        """Set aside the most one call can cost; ``file_tokens`` bounds what files in it take.

        Raises BudgetReached when that could cross the limit even with nothing else in flight.
        """
        worst = self._worst_case(messages, schema, file_tokens)
        while self._spent + self._reserved + worst > self.limit:
            if self._reserved <= 0:
                raise BudgetReached(
                    f"The budget of ${self.limit:g} is used up: ${self._spent:.4f} spent, and the "
                    f"next call could cost ${worst:.4f}.",
                    kind=FailureKind.BUDGET,
                    fix="Start a run with --only-missing and another --budget for the rest; "
                    "answers already paid for are kept.",
                )
            self._settled.clear()
            await self._settled.wait()
        self._reserved += worst
        return worst

    def settle(self, reserved: float, cost: float | None) -> None:
        """Replace a reservation by what the call did cost; unknown counts as all of it."""
        self._reserved = max(0.0, self._reserved - reserved)
        if self._reserved < 1e-12:
            self._reserved = 0.0  # what float subtraction leaves is no call in flight
        self._spent += reserved if cost is None else cost
        self._settled.set()

    def _worst_case(
        self, messages: Sequence[dict[str, Any]], schema: object, file_tokens: int
    ) -> float:
        # A token is at least one byte, so bytes bound tokens from above whatever the tokenizer.
        words = [_without_files(message) for message in messages]
        size = len(json.dumps([words, schema], ensure_ascii=False).encode("utf-8", "replace"))
        return cost_of(self._price, Usage(size + file_tokens, COMPLETION_CAP)) or 0.0


def _without_files(message: dict[str, Any]) -> dict[str, Any]:
    """The message without pictures and files: their bytes say nothing of their tokens."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if part.get("type") == "text"]}
