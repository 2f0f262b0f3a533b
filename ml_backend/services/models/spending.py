"""What a connection spends, and its budget: a limit that no run, `/predict` or teacher crosses."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from cachetools import FIFOCache

from ml_backend.errors import BudgetReached
from ml_backend.next_steps import Step
from ml_backend.records import Connection, FailureKind
from ml_backend.services.models.allowance import Allowance, Known
from ml_backend.services.models.call_sizes import CallSize, Passed
from ml_backend.store import ENVIRONMENT, Account, Claim, Spent, Store
from ml_backend.store.connections import account_of

log = logging.getLogger(__name__)

ALERT = "budget_alert_threshold"
"""The SDK's name of what is kept among a connection's details."""

SIZES = 256
"""Prompts whose calls are remembered."""


class BudgetPeriod(StrEnum):
    """How often a connection's budget begins anew: the SDK's ``budget_reset_period``."""

    NEVER = ""
    MONTHLY = "Monthly"
    YEARLY = "Yearly"


@dataclass(frozen=True, slots=True)
class Spending:
    """How a connection stands in the current period of its budget."""

    spent: Spent | None
    """None when nothing was asked of it yet."""
    limit: float | None
    threshold: float | None
    since: date | None
    """When the period began; None without one."""

    @property
    def cost(self) -> float | None:
        """Dollars spent; None when nothing was, or nobody knows."""
        if self.spent is None or (self.spent.unpriced and not self.spent.cost):
            return None
        return self.spent.cost

    @property
    def warning(self) -> str:
        """What a person should know of it now, "" for nothing."""
        cost = self.spent.cost if self.spent else 0.0
        since = f" since {self.since}" if self.since else ""
        if self.limit is not None and cost >= self.limit:
            return f"The budget of ${self.limit:g} is used up: ${cost:.4f} spent{since}."
        if self.threshold is not None and cost >= self.threshold:
            of = f" of its budget of ${self.limit:g}" if self.limit is not None else ""
            return f"${cost:.4f}{of} spent{since}: over the alert threshold of ${self.threshold:g}."
        if self.spent is not None and self.spent.uncounted and cost:
            return (
                f"What was spent is an estimate: the provider did not say, or not so that it can "
                f"be true, what {self.spent.uncounted:,} of {self.spent.calls:,} calls took; each "
                "counts as the most it could have been."
            )
        return ""


def alert_of(connection: Connection) -> float | None:
    """Return the dollars in a period from which people are warned."""
    threshold = connection.details.get(ALERT)
    return None if threshold is None else float(threshold)


def spending_of(store: Store, connection: Connection) -> Spending:
    """Return how a connection stands, as far as it is committed."""
    since = _since(connection)
    return Spending(
        store.spendings.since(connection.id or ENVIRONMENT, since.isoformat() if since else ""),
        connection.budget_limit,
        alert_of(connection),
        since,
    )


def period_start(period: BudgetPeriod, today: date) -> date | None:
    """Return the first day of the calendar month or year; None when a budget never resets."""
    if period is BudgetPeriod.MONTHLY:
        return today.replace(day=1)
    if period is BudgetPeriod.YEARLY:
        return today.replace(month=1, day=1)
    return None


class ConnectionBudget(Allowance):
    """Keeps one connection within its budget; one for all that this process asks of it."""

    def __init__(self, store: Store, connection: Connection) -> None:
        super().__init__(self._write, self._refusal)
        self._store = store
        self._connection = connection
        self._id = connection.id or ENVIRONMENT
        self.known = Known(connection.budget_limit)
        self._alerted: tuple[date | None, str] | None = None
        self._passed = Passed()
        self._sizes: FIFOCache[object, CallSize] = FIFOCache(SIZES)

    def size(self, prompt: object) -> CallSize:
        """Return what is known of the calls of a prompt, by whatever tells it from others."""
        found: CallSize | None = self._sizes.get(prompt)
        if found is None:
            found = self._sizes[prompt] = CallSize(self._passed)
        return found

    def flush(self) -> None:
        """Write down what was spent, and read what others have and what the budget is now."""
        super().flush()
        self._alert()

    def _write(self, claim: Claim) -> Known:
        connection = self._as_stored()
        limit = connection.budget_limit
        if limit is None:
            claim = replace(claim, keep=0.0, want=0.0)
        since = _since(connection)
        account = Account(account_of(self._id), self._id, since.isoformat() if since else "")
        today = datetime.now(UTC).date().isoformat()
        most = math.inf if limit is None else limit
        self._connection = connection
        return Known(limit, self._store.allowances.claim(account, most, today, claim))

    def _as_stored(self) -> Connection:
        """Return the connection with its budget as it is now."""
        if self._connection.id is None:
            return self._connection
        return self._store.connections.find(self._connection.id) or self._connection

    def _alert(self) -> None:
        connection, known = self._connection, self.known
        since = _since(connection)
        stands = Spending(known.standing.spent, known.limit, alert_of(connection), since)
        now = (since, stands.warning.partition(":")[0])
        if stands.warning and now != self._alerted:
            log.warning("connection %r: %s", connection.title, stands.warning)
        self._alerted = now

    def _refusal(self, known: Known, worst: float) -> BudgetReached:
        since = _since(self._connection)
        said = f" since {since}" if since else ""
        return BudgetReached(
            f"Connection {self._connection.title!r} may spend ${known.limit or 0.0:g}, and has "
            f"spent ${self.spent:.4f}{said}; the next call could cost ${worst:.4f}.",
            kind=FailureKind.BUDGET,
            fix=f"{Step.RAISE_CONNECTION_BUDGET()} Answers already paid for are kept.",
        )


def _since(connection: Connection) -> date | None:
    return period_start(BudgetPeriod(connection.budget_period), datetime.now(UTC).date())
