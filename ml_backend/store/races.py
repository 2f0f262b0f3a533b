"""What models came to in races, by task: so that a race goes on where a dead process left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring


@dataclass(frozen=True, slots=True)
class RaceAnswer:
    """What one model's answer to one task came to; no text of either is kept here."""

    entrant: int
    task_id: int
    raced: bool
    """Whether it was raced, or asked at the end of who had won."""
    score: float
    right: bool
    failed: str = ""
    """The kind of failure, "" for an answer."""
    cost: float | None = None
    """Dollars of the answer, whoever paid for it; None is unknown."""
    spent: float | None = 0.0
    """Dollars that the race paid for it: nothing where it was kept from before."""
    seconds: float | None = None
    """How long it took; None where it was kept from before."""
    request_key: str = ""


class RaceStore:
    """Queries over the answers of races."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, job_id: int, project_id: int, answers: Sequence[RaceAnswer]) -> None:
        """Keep answers; those that are kept already stay as they are."""
        rows = [{"job_id": job_id, "project_id": project_id, **asdict(each)} for each in answers]
        if rows:
            with self._db.write() as c:
                insert_ignoring(c, t.race_answers, rows)

    def of(self, job_id: int) -> list[RaceAnswer]:
        """Return what a race has so far."""
        query = sa.select(t.race_answers).where(t.race_answers.c.job_id == job_id)
        with self._db.read() as c:
            return [_answer(row) for row in c.execute(query)]


def _answer(row: Any) -> RaceAnswer:
    return RaceAnswer(
        entrant=row.entrant,
        task_id=row.task_id,
        raced=row.raced,
        score=row.score,
        right=row.right,
        failed=row.failed,
        cost=row.cost,
        spent=row.spent,
        seconds=row.seconds,
        request_key=row.request_key,
    )
