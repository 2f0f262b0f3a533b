"""What a connection spends, and its budget: a limit that no run, `/predict` or teacher crosses."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import sqlalchemy as sa

from ml_backend.errors import BudgetReached
from ml_backend.next_steps import Step
from ml_backend.records import Connection, FailureKind, Usage
from ml_backend.store import ENVIRONMENT, Spent, Store

log = logging.getLogger(__name__)

ALERT = "budget_alert_threshold"
"""The SDK's name of what is kept among a connection's details."""

LOOK_EVERY = 1.0
"""Seconds after which other processes' spending, and changes of the budget, are looked for."""


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
        return ""


def alert_of(connection: Connection) -> float | None:
    """Return the dollars in a period from which people are warned."""
    threshold = connection.details.get(ALERT)
    return None if threshold is None else float(threshold)


def spending_of(store: Store, connection: Connection) -> Spending:
    """Return how a connection stands, as far as it is committed."""
    since = period_start(BudgetPeriod(connection.budget_period), datetime.now(UTC).date())
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


class ConnectionBudget:
    """Keeps one connection within its budget; one for all that this process asks of it.

    ``take`` and ``settle`` are for the event loop alone. What is spent is written down at every
    ``flush``, from any thread; of other processes counts what they have written down.
    """

    def __init__(self, store: Store, connection: Connection) -> None:
        self._store = store
        self._connection = connection
        self._id = connection.id or ENVIRONMENT
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._pending = Spent()
        self._moving = Spent()
        self._known = Spending(None, connection.budget_limit, alert_of(connection), None)
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._reserved = 0.0
        self._settled = asyncio.Event()
        self._alerted: tuple[date | None, str] | None = None

    @property
    def limit(self) -> float | None:
        """Dollars a period, as last read."""
        return self._known.limit

    @property
    def spent(self) -> float:
        """Dollars of the current period, known here or written down by others."""
        with self._lock:
            committed = self._known.spent.cost if self._known.spent else 0.0
            return committed + self._moving.cost + self._pending.cost

    @property
    def is_due(self) -> bool:
        """Whether others were not looked at for a while."""
        return time.monotonic() - self._looked_at > LOOK_EVERY

    async def take(self, worst: float) -> bool:
        """Set aside the most a call can cost; False when there is no limit to keep.

        A call that does not fit beside those in flight waits for them. Raises BudgetReached when
        it could cross the limit even with nothing else in flight.
        """
        never = self._looked_at == float("-inf")
        if never or (self.is_due and not self._looking.locked()):
            await self._look()
        while self.limit is not None and self.spent + self._reserved + worst > self.limit:
            if self._reserved <= 0:
                await self._look()
                if self._reserved <= 0 and self.spent + worst > self.limit:
                    raise self._reached(worst)
                continue
            self._settled.clear()
            await self._settled.wait()
        if self.limit is None:
            return False
        self._reserved += worst
        return True

    def settle(self, reserved: float, cost: float | None, usage: Usage) -> None:
        """Replace a reservation by what the call did cost; unknown counts as all of it."""
        self._reserved = max(0.0, self._reserved - reserved)
        if self._reserved < 1e-12:
            self._reserved = 0.0  # what float subtraction leaves is no call in flight
        unpriced = cost is None and not reserved
        more = Spent(
            reserved if cost is None else cost,
            1,
            int(unpriced),
            usage.prompt_tokens,
            usage.completion_tokens,
        )
        with self._lock:
            self._pending += more
        self._settled.set()

    async def _look(self) -> None:
        """Look what the budget is and what others spent; one look serves all who wait for it."""
        before = self._looked_at
        async with self._looking:
            if self._looked_at == before:
                await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        """Write down what was spent, and read what others have and what the budget is now."""
        with self._writing:
            with self._lock:
                moving, self._pending = self._pending, Spent()
                self._moving = moving
            written = moving == Spent()
            try:
                if not written:
                    today = datetime.now(UTC).date().isoformat()
                    self._store.spendings.add(self._id, today, moving)
                    written = True
                known = spending_of(self._store, self._as_stored())
            except sa.exc.SQLAlchemyError as error:
                log.warning("connection %s: spending not written: %s", self._id, error)
                with self._lock:
                    self._moving = Spent()
                    if written and moving != Spent():
                        committed = (self._known.spent or Spent()) + moving
                        before = self._known
                        self._known = Spending(
                            committed, before.limit, before.threshold, before.since
                        )
                    elif not written:
                        self._pending += moving
                return
            with self._lock:
                self._known, self._moving = known, Spent()
            self._looked_at = time.monotonic()
        self._alert(known)

    def _as_stored(self) -> Connection:
        """Return the connection with its budget as it is now."""
        if self._connection.id is None:
            return self._connection
        return self._store.connections.find(self._connection.id) or self._connection

    def _alert(self, known: Spending) -> None:
        now = (known.since, known.warning.partition(":")[0])
        if known.warning and now != self._alerted:
            log.warning("connection %r: %s", self._connection.title, known.warning)
        self._alerted = now

    def _reached(self, worst: float) -> BudgetReached:
        since = f" since {self._known.since}" if self._known.since else ""
        return BudgetReached(
            f"Connection {self._connection.title!r} may spend ${self.limit:g}, and has spent "
            f"${self.spent:.4f}{since}; the next call could cost ${worst:.4f}.",
            kind=FailureKind.BUDGET,
            fix=f"{Step.RAISE_CONNECTION_BUDGET()} Answers already paid for are kept.",
        )
