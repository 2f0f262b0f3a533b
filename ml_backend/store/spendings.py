"""What each connection spent, by day: of runs, `/predict` and teachers alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.believable import COSTS, COUNTS, believable_sum
from ml_backend.store.database import Database, insert_ignoring

ENVIRONMENT = 0
"""Stands for the connection that the environment makes, which has no id."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Dollars, calls and tokens; ``unpriced`` calls are those whose cost is unknown.

    Of ``uncounted`` calls nobody believably said what they took: each counts as all it could have.
    """

    cost: float = 0.0
    calls: int = 0
    unpriced: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.cost + other.cost,
            self.calls + other.calls,
            self.unpriced + other.unpriced,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.uncounted + other.uncounted,
        )


_NAMES = ("cost", "calls", "unpriced", "prompt_tokens", "completion_tokens", "uncounted")


class SpendingStore:
    """Queries over spendings."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, connection_id: int, day: str, spent: Spent) -> None:
        """Add to what a connection spent on a day (ISO, UTC)."""
        with self._db.write() as c:
            self.add_in(c, connection_id, day, spent)

    def add_in(self, c: sa.Connection, connection_id: int, day: str, spent: Spent) -> None:
        """The same in the caller's transaction."""
        s = t.spendings
        nothing = {"connection_id": connection_id, "day": day, **dict.fromkeys(_NAMES, 0)}
        more: dict[str, Any] = {name: s.c[name] + getattr(spent, name) for name in _NAMES}
        insert_ignoring(c, s, [nothing])
        mine = (s.c.connection_id == connection_id, s.c.day == day)
        c.execute(sa.update(s).where(*mine).values(**more))

    def since(self, connection_id: int, day: str) -> Spent | None:
        """Return what a connection spent from a day on; None when it never spent anything."""
        with self._db.read() as c:
            return self.since_in(c, connection_id, day)

    def since_in(self, c: sa.Connection, connection_id: int, day: str) -> Spent | None:
        """The same in the caller's transaction."""
        s = t.spendings.c
        sums = (believable_sum(s[name], COSTS if name == "cost" else COUNTS) for name in _NAMES)
        query = sa.select(*sums, sa.func.count()).where(
            s.connection_id == connection_id, s.day >= day
        )
        *found, days = c.execute(query).one()
        return Spent(float(found[0]), *(int(each) for each in found[1:])) if days else None
