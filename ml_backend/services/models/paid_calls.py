"""How many calls that are paid for each person may have made in a day, counted in the store."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

from ml_backend.errors import BudgetReached
from ml_backend.llm.prices import Price
from ml_backend.next_steps import Step
from ml_backend.records import Connection, FailureKind, Person, ProviderName
from ml_backend.services.models.allowance import Allowance, Known
from ml_backend.store import Account, Claim, Store

FREE = frozenset({ProviderName.BASELINE, ProviderName.LOCAL})
CALLS = "calls:"
"""How the accounts of calls are named, by person and day."""


class PaidCalls:
    """The limit of calls a day for each person, 0 for none; whoever acts by command has none."""

    def __init__(self, store: Store, limit: int) -> None:
        self.limit = limit
        self._store = store
        self._lock = threading.Lock()
        self._people: dict[int, CallsOfPerson] = {}

    def of(
        self, person: Person | None, connection: Connection, price: Price | None
    ) -> Allowance | None:
        """Return what a person may have asked of a connection, None where nobody counts it."""
        is_free = price is not None and price.prompt == price.completion == 0
        if not self.limit or person is None or is_free or connection.provider in FREE:
            return None
        with self._lock:
            if person.id not in self._people:
                self._people[person.id] = CallsOfPerson(self._store, person, self.limit)
            return self._people[person.id]

    def used_up(self) -> int:
        """Return how many people have asked all they may today."""
        return self._store.allowances.reached(CALLS, f":{_today()}", float(self.limit))


class CallsOfPerson(Allowance):
    """What one person may have asked of models today."""

    def __init__(self, store: Store, person: Person, limit: int) -> None:
        super().__init__(self._write, self._refusal, safety=1.0)
        self._store = store
        self._person = person
        self._most = float(limit)
        self._day = ""

    def _write(self, claim: Claim) -> Known:
        today = _today()
        if today != self._day:
            claim = replace(claim, before=0.0)
            self._store.allowances.forget(CALLS, f":{today}")
            self._day = today
        account = Account(f"{CALLS}{self._person.id}:{today}")
        return Known(self._most, self._store.allowances.claim(account, self._most, today, claim))

    def _refusal(self, known: Known, _worst: float) -> BudgetReached:
        return BudgetReached(
            f"{self._person.username} may have {self._most:.0f} paid calls made in a day, and has "
            f"had {self.spent:.0f} today (UTC).",
            kind=FailureKind.BUDGET,
            fix=f"{Step.WAIT_OR_RAISE_CALLS()} Answers already paid for are kept.",
        )


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
