"""Claims: a row that one process at a time works on, for so many seconds and under a fence.

The fence grows with each claim, and whoever changes a claimed row names the one it got: what a
process that was asleep sends after another took over misses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Float, Integer
from sqlalchemy.engine import Connection

from ml_backend.store.database import Database


def claim_columns(until: str = "lease_until") -> tuple[Column[Any], Column[Any]]:
    """Return the columns that a table's rows are claimed by; times are seconds since the epoch."""
    return (
        Column("fence", Integer, nullable=False, default=0),
        Column(until, Float, nullable=False, default=0.0),
    )


class Claims:
    """The claims on a table's rows, of which ``takeable`` says which may be claimed at all."""

    def __init__(
        self,
        database: Database,
        table: sa.Table,
        *,
        key: str = "id",
        until: str = "lease_until",
        takeable: sa.ColumnElement[bool] | None = None,
        free: Mapping[str, Any] | None = None,
    ) -> None:
        self._db = database
        self._table = table
        self._key = table.c[key]
        self._until = table.c[until]
        self._takeable = sa.true() if takeable is None else takeable
        self._free = {until: 0.0, **(free or {})}
        """The columns of a row that nobody holds."""

    def claimable(self) -> list[Any]:
        """Return the keys of rows that no living process holds, in their order."""
        query = sa.select(self._key).where(self._takeable, self._until < time.time())
        with self._db.read() as c:
            return list(c.execute(query.order_by(self._key)).scalars())

    def claim(
        self,
        key: int | str,
        seconds: float,
        columns: Callable[[Any], Mapping[str, Any]] = lambda row: {},
    ) -> int | None:
        """Take a row that nobody holds; return the fence to work under, else None.

        ``columns`` says what else is set, from the row as it was.
        """
        with self._db.write() as c:
            row = self._locked(c, key, self._takeable)
            if row is None or self._held_until(row) >= time.time():
                return None
            fence = int(row.fence) + 1
            until = {self._until.name: time.time() + seconds}
            values = {**columns(row), "fence": fence, **until}
            c.execute(sa.update(self._table).where(self._key == key).values(**values))
        return fence

    def is_held(self, c: Connection, key: int | str, fence: int) -> bool:
        """Return whether the claim still stands, and let nobody take it before ``c`` commits."""
        row = self._locked(c, key)
        return row is not None and row.fence == fence and self._held_until(row) >= time.time()

    def renew(self, key: int | str, fence: int, seconds: float, **columns: Any) -> bool:
        """Prolong a claim and set columns; False when another process has taken over."""
        until = {self._until.name: time.time() + seconds}
        return self.change(key, fence, {**columns, **until})

    def release(self, key: int | str, fence: int, **columns: Any) -> bool:
        """Leave the row to others now and set columns; False when it was taken over before."""
        return self.change(key, fence, {**columns, **self._free})

    def end(
        self,
        key: int | str,
        fence: int,
        columns: Mapping[str, Any],
        then: Callable[[Connection], None],
    ) -> bool:
        """Leave the row as ``release`` does; ``then`` writes what belongs to it with it."""
        return self.change(key, fence, {**columns, **self._free}, then)

    def change(
        self,
        key: int | str,
        fence: int,
        columns: Mapping[str, Any],
        then: Callable[[Connection], None] = lambda c: None,
    ) -> bool:
        """Set columns under the fence; False when it is no longer the row's."""
        mine = (self._key == key, self._table.c.fence == fence)
        with self._db.write() as c:
            done = c.execute(sa.update(self._table).where(*mine).values(**columns))
            if done.rowcount == 1:
                then(c)
            return done.rowcount == 1

    def _locked(self, c: Connection, key: int | str, *which: sa.ColumnElement[bool]) -> Any:
        # PostgreSQL would let two read a claim that ended and both take it; SQLite ignores the
        # words.
        query = sa.select(self._table).where(self._key == key, *which)
        return c.execute(query.with_for_update()).first()

    def _held_until(self, row: Any) -> float:
        return float(row._mapping[self._until])
