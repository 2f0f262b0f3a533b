"""Which prompts follow which projects: new tasks get predictions by themselves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import AuditAction
from ml_backend.records.run_json import options_of
from ml_backend.store import tables as t
from ml_backend.store.audit import note_prompt
from ml_backend.store.believable import believable_cost
from ml_backend.store.database import Database


@dataclass(frozen=True, slots=True)
class Follow:
    """A prompt that follows a project; ``budget`` bounds all its runs since ``since``.

    ``due_at`` (epoch seconds) is when the next run starts, None when nothing is new; ``first_at``
    is when the first of the new tasks was heard of.
    """

    prompt_id: int
    project_id: int
    budget: float | None
    since: datetime
    first_at: float | None
    due_at: float | None
    message: str


class FollowStore:
    """Queries over follows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def start(
        self,
        prompt_id: int,
        project_id: int,
        budget: float | None,
        *,
        since: datetime | None = None,
    ) -> Follow:
        """Make a prompt follow a project, or change its budget, which counts from ``since``.

        ``since`` is now by default; runs from then on that are marked as its own count.
        """
        values: dict[str, Any] = {
            "budget": budget, "since": since or datetime.now(UTC), "message": "",
        }  # fmt: skip
        with self._db.write() as c:
            where = _where(prompt_id, project_id)
            if c.execute(sa.update(t.follows).where(*where).values(**values)).rowcount == 0:
                keys = {"prompt_id": prompt_id, "project_id": project_id}
                c.execute(sa.insert(t.follows).values(**keys, **values))
            started = AuditAction.FOLLOWING_STARTED
            note_prompt(c, started, prompt_id, project_id=project_id)
        follow = self.find(prompt_id, project_id)
        assert follow is not None  # nosec B101  # for types: it was just written
        return follow

    def stop(self, prompt_id: int, project_id: int) -> bool:
        """Follow no more; False when it did not."""
        with self._db.write() as c:
            gone = c.execute(sa.delete(t.follows).where(*_where(prompt_id, project_id)))
            if gone.rowcount:
                stopped = AuditAction.FOLLOWING_STOPPED
                note_prompt(c, stopped, prompt_id, project_id=project_id)
            return gone.rowcount > 0

    def find(self, prompt_id: int, project_id: int) -> Follow | None:
        with self._db.read() as c:
            where = _where(prompt_id, project_id)
            row = c.execute(sa.select(t.follows).where(*where)).first()
        return _follow(row) if row else None

    def all(self) -> list[Follow]:
        with self._db.read() as c:
            order = (t.follows.c.project_id, t.follows.c.prompt_id)
            return [_follow(row) for row in c.execute(sa.select(t.follows).order_by(*order))]

    def due(self, now: float) -> list[Follow]:
        """Return the follows whose time has come, the longest due first."""
        query = sa.select(t.follows).where(t.follows.c.due_at <= now)
        with self._db.read() as c:
            return [_follow(row) for row in c.execute(query.order_by(t.follows.c.due_at))]

    def put_off(self, project_id: int | None, *, quiet: float, longest: float) -> None:
        """Make a project's follows due after a quiet time, all projects' for None.

        Called again it puts them off further, but never beyond ``longest`` seconds after the
        first call.
        """
        now = time.time()
        f = t.follows.c
        first = sa.func.coalesce(f.first_at, now)
        due = sa.case((first + longest < now + quiet, first + longest), else_=now + quiet)
        change = sa.update(t.follows).values(first_at=first, due_at=due)
        if project_id is not None:
            change = change.where(f.project_id == project_id)
        with self._db.write() as c:
            c.execute(change)

    def take(self, follow: Follow) -> bool:
        """Take a follow that is due as one's own to carry out; False when another has it.

        It is not due any more then: what comes in meanwhile makes it due once again.
        """
        where = (*_where(follow.prompt_id, follow.project_id), t.follows.c.due_at == follow.due_at)
        taken = sa.update(t.follows).where(*where).values(first_at=None, due_at=None)
        with self._db.write() as c:
            return c.execute(taken).rowcount == 1

    def say(self, follow: Follow, message: str) -> None:
        """Keep what a person should know of a follow, "" for nothing."""
        self._set(follow, message=message)

    def try_again(self, follow: Follow, seconds: float) -> None:
        """Make a follow due once more after a while, sooner when it is already."""
        at = time.time() + seconds
        due = sa.func.coalesce(t.follows.c.due_at, at)
        self._set(follow, due_at=due, first_at=sa.func.coalesce(t.follows.c.first_at, at))

    def spent(self, follow: Follow) -> float | None:
        """Return dollars its runs have cost since it began; None when any cost is unknown."""
        costs = [cost for cost, _ in self._runs(follow)]
        return None if None in costs else sum(costs)

    def last_message(self, follow: Follow) -> str:
        """Return what its last run said, "" when there was none."""
        runs = self._runs(follow)
        return str(runs[-1][1]) if runs else ""

    def _runs(self, follow: Follow) -> list[tuple[Any, str]]:
        r = t.runs.c
        query = sa.select(r.cost, r.message, r.options).where(
            r.prompt_id == follow.prompt_id,
            r.project_id == follow.project_id,
            r.created_at >= follow.since,
        )
        with self._db.read() as c:
            rows = c.execute(query.order_by(r.id)).all()
        return [
            (believable_cost(row.cost), row.message)
            for row in rows
            if options_of(row.options).follow
        ]

    def _set(self, follow: Follow, **values: Any) -> None:
        with self._db.write() as c:
            where = _where(follow.prompt_id, follow.project_id)
            c.execute(sa.update(t.follows).where(*where).values(**values))


def _where(prompt_id: int, project_id: int) -> tuple[Any, Any]:
    return t.follows.c.prompt_id == prompt_id, t.follows.c.project_id == project_id


def _follow(row: Any) -> Follow:
    return Follow(
        row.prompt_id, row.project_id, row.budget, row.since, row.first_at, row.due_at, row.message
    )
