"""What calls cost: price × measured tokens; an unknown price stays unknown, never zero."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_backend.errors import BudgetReached, InvalidInput
from ml_backend.llm.prices import MILLION, Price, find_price
from ml_backend.next_steps import Step
from ml_backend.prompting.completion_limit import given_limit
from ml_backend.records import Connection, FailureKind, JsonObject, ProviderName, Usage
from ml_backend.services.models.allowance import Allowance, Hold, Known
from ml_backend.services.models.call_sizes import CallSize
from ml_backend.services.models.spending import ConnectionBudget
from ml_backend.store import Account, Claim, Spent, Standing, Store, allotted
from ml_backend.store.allowances import RUN

COMPLETION_CAP = 4096
"""Completion tokens a call may use under a budget, so that the most it costs is known."""

MAY_BE_CHARGED = frozenset({FailureKind.TIMEOUT, FailureKind.CONNECTION})
"""Failures after which a provider may have answered, and charges for it."""


def price_of(connection: Connection, model: str) -> Price | None:
    """Return a model's price; the offline baseline is free, an unknown price is None."""
    if connection.provider is ProviderName.BASELINE:
        return Price(0.0, 0.0, source="offline baseline: no provider is paid", dated="")
    return find_price(connection, model)


def cost_of(price: Price | None, usage: Usage) -> float | None:
    """Return dollars for measured tokens, None when the price is unknown."""
    return None if price is None else price.cost(usage)


def rates_of(price: Price, prompt_tokens: float) -> tuple[float, float]:
    """Return dollars for one prompt and one completion token; long prompts may cost more."""
    prompt, completion = price.prompt, price.completion
    for tier in price.tiers:
        if prompt_tokens > tier.above:
            prompt, completion = tier.prompt, tier.completion
    return prompt / MILLION, completion / MILLION


class Budget(Allowance):
    """A run's own limit in dollars; of a try, which no other process goes on with, for itself."""

    def __init__(
        self,
        limit: float,
        spent: float,
        *,
        store: Store | None = None,
        run_id: int | None = None,
        account: Account | None = None,
    ) -> None:
        """``spent`` is what the run's answers have cost so far; ``account`` is no run's."""
        super().__init__(self._write, _refusal)
        self._limit = limit
        self._store = store
        self._account = Account(f"{RUN}{run_id}") if run_id is not None else account
        self._alone = Standing(Spent(cost=spent))
        self.size = CallSize()
        if store is not None and self._account is not None:
            store.allowances.open(self._account, spent)

    @classmethod
    def require(
        cls,
        limit: float | None,
        price: Price | None,
        spent: float,
        *,
        store: Store | None = None,
        run_id: int | None = None,
    ) -> Budget | None:
        """Return the guard of a limit; raises InvalidInput when the price is unknown."""
        if limit is None:
            return None
        if not 0 <= limit < math.inf:
            raise InvalidInput(
                f"A budget of ${limit:g} is no limit to keep.",
                field="budget",
                fix="Give dollars, for example 2.50.",
            )
        if price is None:
            raise InvalidInput(
                "A budget needs a known price, and this model's price is unknown.",
                field="budget",
                fix=Step.ADD_PRICE_OR_DROP_BUDGET(),
            )
        return cls(limit, spent, store=store, run_id=run_id)

    def _write(self, claim: Claim) -> Known:
        if self._store is not None and self._account is not None:
            found = self._store.allowances.claim(self._account, self._limit, "", claim)
            return Known(self._limit, found)
        spent = (self._alone.spent or Spent()) + claim.spent
        self._alone = Standing(spent, allotted(self._limit - spent.cost, claim))
        return Known(self._limit, self._alone)


def _refusal(known: Known, worst: float) -> BudgetReached:
    limit = known.limit or 0.0
    spent = known.standing.spent.cost if known.standing.spent else 0.0
    if spent <= 0:
        return BudgetReached(
            f"The budget of ${limit:g} is less than a single call could cost: ${worst:.4f}.",
            kind=FailureKind.BUDGET,
            fix="Give more, or let the version answer at less length: max_completion_tokens "
            "in its parameters.",
        )
    return BudgetReached(
        f"The budget of ${limit:g} is used up: ${spent:.4f} spent, and the next call could cost "
        f"${worst:.4f}.",
        kind=FailureKind.BUDGET,
        fix=f"{Step.ASK_THE_REST()} Answers already paid for are kept.",
    )


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is set aside for a call in each of the limits it has to keep."""

    worst: float
    holds: tuple[tuple[Allowance, Hold], ...] = ()


class BudgetGuard:
    """What a call may cost by the run's budget and by its connection's, and what it did cost."""

    def __init__(
        self,
        price: Price | None,
        purse: ConnectionBudget,
        budget: Budget | None,
        parameters: JsonObject,
        *,
        calls: Allowance | None = None,
        prompt: object = None,
    ) -> None:
        self._price = price
        self._purse = purse
        self._budget = budget
        self._calls = calls
        self._cap = completion_cap(parameters)
        self._size = purse.size(prompt)

    @classmethod
    def require(
        cls,
        purse: ConnectionBudget,
        price: Price | None,
        *,
        parameters: JsonObject,
        budget: Budget | None = None,
        calls: Allowance | None = None,
        prompt: object = None,
    ) -> BudgetGuard:
        """Return the guard of a run's limit and a connection's; a limit needs a known price.

        ``calls`` is what a person may ask in a day; ``prompt`` tells calls that are alike.
        """
        if purse.limit is not None and price is None:
            raise InvalidInput(
                "The connection has a budget, and this model's price is unknown.",
                field="budget",
                fix=Step.ADD_PRICE_OR_LIFT_LIMIT(),
            )
        return cls(price, purse, budget, parameters, calls=calls, prompt=prompt)

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
        """Set aside what a call is thought to cost; raises BudgetReached when it may not be made.

        ``cap`` is the call's own limit of completion tokens, 0 where that is the version's.
        """
        worst = 0.0
        if self.is_limited and self._price is not None:
            worst = self._price.most(most_tokens(messages, schema, file_tokens, cap or self._cap))
        wanted: list[tuple[Allowance, float, CallSize | None]] = []
        if self._calls is not None:
            wanted.append((self._calls, 1.0, None))
        if self._budget is not None:
            wanted.append((self._budget, worst, self._budget.size))
        wanted.append((self._purse, worst, self._size))
        holds: list[tuple[Allowance, Hold]] = []
        try:
            for allowance, most, size in wanted:
                holds.append((allowance, await allowance.take(most, size)))
        except BaseException:
            for allowance, hold in holds:
                allowance.settle(hold, 0.0, Spent())
            raise
        return Reservation(worst, tuple(holds))

    def counted(
        self,
        usage: Usage,
        messages: Sequence[dict[str, Any]],
        schema: object,
        file_tokens: int = 0,
        cap: int = 0,
    ) -> Usage:
        """Return what calls took, those of unknown usage as the most they could have taken."""
        if not usage.uncounted:
            return usage
        most = most_tokens(messages, schema, file_tokens, cap or self._cap)
        return replace(
            usage,
            prompt_tokens=usage.prompt_tokens + most.prompt_tokens * usage.uncounted,
            completion_tokens=usage.completion_tokens + most.completion_tokens * usage.uncounted,
        )

    def settle(self, reserved: Reservation, cost: float | None, usage: Usage) -> None:
        """Replace a reservation by what the call did cost; unknown counts as all of it."""
        if cost is None and reserved.worst:
            cost = reserved.worst
        took = Spent(0.0, 1, 0, usage.prompt_tokens, usage.completion_tokens, usage.uncounted)
        for allowance, hold in reserved.holds:
            if allowance is self._calls:
                # Refused without a word is not paid for; of an unknown price nobody knows.
                paid = cost != 0.0 or usage != Usage()
                allowance.settle(hold, float(paid), Spent())
            else:
                allowance.settle(hold, cost, took)

    def flush(self, *, at_once: bool = False) -> None:
        """Write down what was spent: by the second, and at once where there is a limit."""
        for allowance in (self._purse, self._budget, self._calls):
            if allowance is not None and (
                at_once or allowance.limit is not None or allowance.is_due
            ):
                allowance.flush()


def most_tokens(
    messages: Sequence[dict[str, Any]], schema: object, file_tokens: int, cap: int
) -> Usage:
    """Return the most tokens of a call; ``cap`` is on those of its answer."""
    # A token is at least one byte, so bytes bound tokens from above whatever the tokenizer.
    words = [_without_files(message) for message in messages]
    size = len(json.dumps([words, schema], ensure_ascii=False).encode("utf-8", "replace"))
    return Usage(size + file_tokens, cap)


def completion_cap(parameters: JsonObject) -> int:
    """Return the most completion tokens of a call: what a version asks for, else ours."""
    return given_limit(parameters) or COMPLETION_CAP


def _without_files(message: dict[str, Any]) -> dict[str, Any]:
    """The message without pictures and files: their bytes say nothing of their tokens."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if part.get("type") == "text"]}
