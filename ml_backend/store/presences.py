"""What Label Studio was seen to have, and since when it is missing there: two looks, not one.

``place`` stands for one Label Studio as one key sees it; what another saw tells nothing.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring


@dataclass(frozen=True, slots=True)
class Presence:
    """A project, person or task; ``missing_since`` in seconds of the epoch, None while there."""

    object_id: int
    made_at: datetime | None
    missing_since: float | None


class PresenceStore:
    """Queries over presences; ``project_id`` is that of tasks, 0 for all else."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def known(self, place: str, kind: str, project_id: int = 0) -> dict[int, Presence]:
        """Return by number what was seen, or missed."""
        with self._db.read() as c:
            rows = c.execute(sa.select(t.presences).where(*_of(place, kind, project_id))).all()
        return {
            row.object_id: Presence(row.object_id, row.made_at, row.missing_since) for row in rows
        }

    def see(self, place: str, kind: str, seen: dict[int, datetime | None]) -> None:
        """Note that these are there now."""
        now = time.time()
        with self._db.write() as c:
            for number, made_at in seen.items():
                row = {**_key(place, kind, 0, number), "made_at": made_at, "seen_at": now}
                insert_ignoring(c, t.presences, [row])
                mine = (*_of(place, kind, 0), t.presences.c.object_id == number)
                values: dict[str, Any] = {"seen_at": now, "missing_since": None}
                c.execute(sa.update(t.presences).where(*mine).values(**values))

    def miss(
        self,
        place: str,
        kind: str,
        numbers: Collection[int],
        project_id: int = 0,
        *,
        at: float,
    ) -> None:
        """Note that these are not there at a time; since when stays what it was."""
        with self._db.write() as c:
            for number in numbers:
                row = {**_key(place, kind, project_id, number), "seen_at": 0.0}
                insert_ignoring(c, t.presences, [{**row, "missing_since": at}])
                p = t.presences.c
                mine = (*_of(place, kind, project_id), p.object_id == number)
                first = sa.func.coalesce(p.missing_since, at)
                c.execute(sa.update(t.presences).where(*mine).values(missing_since=first))

    def forget(self, place: str, kind: str, numbers: Collection[int], project_id: int = 0) -> None:
        """Forget these: they were erased, or are there again."""
        with self._db.write() as c:
            for number in numbers:
                mine = (*_of(place, kind, project_id), t.presences.c.object_id == number)
                c.execute(sa.delete(t.presences).where(*mine))


def _of(place: str, kind: str, project_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    p = t.presences.c
    return (p.place == place, p.kind == kind, p.project_id == project_id)


def _key(place: str, kind: str, project_id: int, number: int) -> dict[str, Any]:
    return {"place": place, "kind": kind, "project_id": project_id, "object_id": number}
