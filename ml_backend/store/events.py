"""What Label Studio's webhooks said, until it was looked into."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database


@dataclass(frozen=True, slots=True)
class Event:
    """A hint that something changed; None for ids means that it did not say which."""

    id: int
    project_id: int
    action: str
    task_ids: tuple[int, ...] | None
    annotation_ids: tuple[int, ...] | None
    received_at: float


class EventStore:
    """A queue of hints, oldest first; each is removed once it was looked into."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        project_id: int,
        action: str,
        *,
        task_ids: Sequence[int] | None = None,
        annotation_ids: Sequence[int] | None = None,
        most: int | None = None,
    ) -> None:
        """Keep an event; where ``most`` of the project wait, one alone that names no ids."""
        values = {
            "project_id": project_id,
            "action": action,
            "task_ids": None if task_ids is None else list(task_ids),
            "annotation_ids": None if annotation_ids is None else list(annotation_ids),
            "received_at": time.time(),
        }
        with self._db.write() as c:
            if most is not None and self._waits(c, project_id) >= most:
                values |= {"task_ids": None, "annotation_ids": None}
                if self._waits(c, project_id, action):
                    return
            c.execute(sa.insert(t.events).values(**values))

    @staticmethod
    def _waits(c: sa.Connection, project_id: int, whole: str | None = None) -> int:
        """Return how many events of a project wait; of an action those that name no ids."""
        e = t.events.c
        where = [e.project_id == project_id]
        if whole is not None:
            # JSON null and no value are both none.
            nothing = [
                sa.or_(col.is_(None), sa.cast(col, sa.Text) == "null")
                for col in (e.task_ids, e.annotation_ids)
            ]
            where += [e.action == whole, *nothing]
        return int(c.execute(sa.select(sa.func.count()).where(*where)).scalar_one())

    def projects(self, *, quiet_since: float, waiting_since: float) -> list[int]:
        """Return projects whose events ceased before a time, or began before another.

        Times are epoch seconds; the project that waits longest comes first.
        """
        received = t.events.c.received_at
        first, last = sa.func.min(received), sa.func.max(received)
        query = (
            sa.select(t.events.c.project_id)
            .group_by(t.events.c.project_id)
            .having(sa.or_(last <= quiet_since, first <= waiting_since))
            .order_by(first)
        )
        with self._db.read() as c:
            return [row[0] for row in c.execute(query)]

    def of_project(self, project_id: int) -> list[Event]:
        """Return a project's events, oldest first."""
        query = sa.select(t.events).where(t.events.c.project_id == project_id)
        with self._db.read() as c:
            rows = c.execute(query.order_by(t.events.c.id)).all()
        return [
            Event(
                row.id,
                row.project_id,
                row.action,
                None if row.task_ids is None else tuple(row.task_ids),
                None if row.annotation_ids is None else tuple(row.annotation_ids),
                row.received_at,
            )
            for row in rows
        ]

    def remove(self, events: Sequence[Event]) -> None:
        """Take events that were looked into out of the queue."""
        ids = [event.id for event in events]
        with self._db.write() as c:
            for start in range(0, len(ids), 500):
                part = ids[start : start + 500]
                c.execute(sa.delete(t.events).where(t.events.c.id.in_(part)))

    def waiting(self) -> int:
        """Return how many events were not looked into yet."""
        with self._db.read() as c:
            return int(c.execute(sa.select(sa.func.count()).select_from(t.events)).scalar_one())
