"""What each connection spent, by day: of runs, `/predict` and teachers alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring

ENVIRONMENT = 0
"""Stands for the connection that the environment makes, which has no id."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Dollars, calls and tokens; ``unpriced`` calls are those whose cost is unknown."""

    cost: float = 0.0
    calls: int = 0
    unpriced: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.cost + other.cost,
            self.calls + other.calls,
            self.unpriced + other.unpriced,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


_NAMES = ("cost", "calls", "unpriced", "prompt_tokens", "completion_tokens")


class SpendingStore:
    """Queries over spendings."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, connection_id: int, day: str, spent: Spent) -> None:
        """Add to what a connection spent on a day (ISO, UTC)."""
        s = t.spendings
        nothing = {"connection_id": connection_id, "day": day, **dict.fromkeys(_NAMES, 0)}
        more: dict[str, Any] = {name: s.c[name] + getattr(spent, name) for name in _NAMES}
        with self._db.write() as c:
            insert_ignoring(c, s, [nothing])
            c.execute(
                sa.update(s)
                .where(s.c.connection_id == connection_id, s.c.day == day)
                .values(**more)
            )

    def since(self, connection_id: int, day: str) -> Spent | None:
        """Return what a connection spent from a day on; None when it never spent anything."""
        s = t.spendings.c
        query = sa.select(*(sa.func.sum(s[name]) for name in _NAMES), sa.func.count()).where(
            s.connection_id == connection_id, s.day >= day
        )
        with self._db.read() as c:
            *sums, days = c.execute(query).one()
        return Spent(float(sums[0]), *(int(each) for each in sums[1:])) if days else None
