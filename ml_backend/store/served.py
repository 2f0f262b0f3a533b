"""What ``/predict`` handed to Label Studio, and what it could not answer."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from ml_backend.records import Failure, FailureKind
from ml_backend.store import tables as t
from ml_backend.store.database import Database, storable

SWEEP_AFTER = (5.0, 60.0, 150.0)
"""Seconds after an answer when its tasks are looked at for doubles."""

IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Served:
    """A prediction handed to Label Studio, which may or may not have stored it."""

    id: int
    project_id: int
    task_id: int
    label: str
    served_at: datetime


class ServedStore:
    """Queries over predictions given out by ``/predict`` and its failures."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, project_id: int, label: str, task_ids: Sequence[int]) -> None:
        """Note predictions before they are handed out; their failures of before are history."""
        now = datetime.now(UTC)
        rows = [
            {
                "project_id": project_id,
                "task_id": task,
                "label": label,
                "served_at": now,
                "sweep_at": now.timestamp() + SWEEP_AFTER[0],
                "sweeps": 0,
            }
            for task in task_ids
        ]
        if not rows:
            return
        f = t.predict_failures.c
        with self._db.write() as c:
            c.execute(sa.insert(t.served), rows)
            for ids in _parts(task_ids):
                mine = (f.project_id == project_id, f.label == label, f.task_id.in_(ids))
                c.execute(sa.delete(t.predict_failures).where(*mine))

    def due(self) -> list[Served]:
        """Return what is to be looked at for doubles now."""
        query = sa.select(t.served).where(t.served.c.sweep_at <= time.time())
        with self._db.read() as c:
            rows = c.execute(query.order_by(t.served.c.id)).all()
        return [_served(row) for row in rows]

    def of_tasks(self, project_id: int, task_ids: Collection[int]) -> list[Served]:
        """Return everything handed out for tasks, oldest first."""
        found: list[Served] = []
        with self._db.read() as c:
            for ids in _parts(sorted(task_ids)):
                query = sa.select(t.served).where(
                    t.served.c.project_id == project_id, t.served.c.task_id.in_(ids)
                )
                found += [_served(row) for row in c.execute(query)]
        return sorted(found, key=lambda served: served.id)

    def swept(self, served_ids: Sequence[int]) -> None:
        """Put off what was looked at to its next time; after the last one it is done."""
        s = t.served.c
        with self._db.write() as c:
            for ids in _parts(served_ids):
                for count in range(len(SWEEP_AFTER) - 1, -1, -1):
                    more = count + 1 < len(SWEEP_AFTER)
                    wait = SWEEP_AFTER[count + 1] - SWEEP_AFTER[count] if more else None
                    c.execute(
                        sa.update(t.served)
                        .where(s.id.in_(ids), s.sweeps == count, s.sweep_at.is_not(None))
                        .values(sweeps=count + 1, sweep_at=time.time() + wait if wait else None)
                    )

    def count(self) -> int:
        """Return how many predictions were ever given out."""
        with self._db.read() as c:
            return int(c.execute(sa.select(sa.func.count()).select_from(t.served)).scalar_one())

    # Failures

    def add_failures(self, project_id: int, label: str, failures: Sequence[Failure]) -> None:
        """Note why tasks got no prediction; a task's last failure under a label counts."""
        now = datetime.now(UTC)
        latest = {failure.task_id: failure for failure in failures}
        f = t.predict_failures.c
        rows = [
            {
                "project_id": project_id,
                "task_id": failure.task_id,
                "label": label,
                "kind": failure.kind.value,
                "message": storable(failure.message),
                "raw": storable(failure.raw),
                "failed_at": now,
            }
            for failure in latest.values()
        ]
        if not rows:
            return
        with self._db.write() as c:
            for ids in _parts(list(latest)):
                mine = (f.project_id == project_id, f.label == label, f.task_id.in_(ids))
                c.execute(sa.delete(t.predict_failures).where(*mine))
            c.execute(sa.insert(t.predict_failures), rows)

    def failures(self, project_id: int) -> list[tuple[str, Failure, datetime]]:
        """Return label, failure and time of every task that got no prediction last time."""
        f = t.predict_failures.c
        query = (
            sa.select(t.predict_failures)
            .where(f.project_id == project_id)
            .order_by(f.label, f.task_id)
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
        return [
            (
                row.label,
                Failure(row.task_id, FailureKind(row.kind), row.message, row.raw),
                row.failed_at,
            )
            for row in rows
        ]

    def failure_counts(self) -> dict[str, int]:
        """Return failure kind -> tasks without a prediction, over all projects."""
        kind = t.predict_failures.c.kind
        with self._db.read() as c:
            rows = c.execute(sa.select(kind, sa.func.count()).group_by(kind)).all()
        return {row[0]: int(row[1]) for row in rows}


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]


def _served(row: sa.Row[tuple[object, ...]]) -> Served:
    return Served(row.id, row.project_id, row.task_id, row.label, row.served_at)
