"""What models came to in races, by task: so that a race goes on where a dead process left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from ml_backend.records import JobKind
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
        """Keep answers; those that are kept already stay as they are.

        None of a race whose prompt was deleted meanwhile: nobody would delete them again.
        """
        rows = [{"job_id": job_id, "project_id": project_id, **asdict(each)} for each in answers]
        if not rows:
            return
        j, p = t.jobs.c, t.prompts.c
        stands = sa.select(p.id).join_from(t.prompts, t.jobs, p.id == j.prompt_id)
        with self._db.write() as c:
            held = stands.where(j.id == job_id).with_for_update(read=True)
            if c.execute(held).first() is not None:
                insert_ignoring(c, t.race_answers, rows)

    def forget_orphans(self) -> int:
        """Drop races that are over and whose prompt was deleted; return how many."""
        j = t.jobs.c
        over = (j.kind == JobKind.RACE.value, j.completed_at.is_not(None))
        with self._db.write() as c:
            lost = j.prompt_id.not_in(sa.select(t.prompts.c.id))
            return c.execute(sa.delete(t.jobs).where(*over, lost)).rowcount

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
