"""What tries of a prompt on single tasks cost, by day: they are no runs, and still spending."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from ml_backend.records import AuditAction
from ml_backend.store import tables as t
from ml_backend.store.audit import note_prompt
from ml_backend.store.believable import COSTS, believable_sum
from ml_backend.store.database import Database, insert_ignoring


@dataclass(frozen=True, slots=True)
class Tried:
    """Dollars and calls of a day; ``unpriced`` are tries whose cost is unknown."""

    day: str
    """ISO, UTC."""
    calls: int
    unpriced: int
    cost: float


class TryStore:
    """Queries over tries."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, prompt_id: int, project_id: int, day: str, cost: float | None) -> None:
        """Count a try; None is a cost that nobody knows."""
        c_ = t.tries.c
        mine = {"prompt_id": prompt_id, "project_id": project_id, "day": day}
        with self._db.write() as c:
            insert_ignoring(c, t.tries, [{**mine, "calls": 0, "unpriced": 0, "cost": 0.0}])
            c.execute(
                sa.update(t.tries)
                .where(*(c_[name] == value for name, value in mine.items()))
                .values(
                    calls=c_.calls + 1,
                    unpriced=c_.unpriced + (cost is None),
                    cost=c_.cost + (cost or 0.0),
                )
            )
            tried = AuditAction.TASK_TRIED
            note_prompt(c, tried, prompt_id, project_id=project_id, cost=cost)

    def of_prompt(self, prompt_id: int, project_id: int | None = None) -> list[Tried]:
        """Return the days on which a prompt was tried, of one project or of all."""
        c_ = t.tries.c
        sums = (
            believable_sum(c_[name], COSTS).label(name) for name in ("calls", "unpriced", "cost")
        )
        query = sa.select(c_.day, *sums).where(c_.prompt_id == prompt_id)
        if project_id is not None:
            query = query.where(c_.project_id == project_id)
        with self._db.read() as c:
            rows = c.execute(query.group_by(c_.day).order_by(c_.day)).all()
        return [Tried(row.day, int(row.calls), int(row.unpriced), float(row.cost)) for row in rows]
