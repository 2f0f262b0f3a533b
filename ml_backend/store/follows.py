"""Which prompts follow which projects: new tasks get predictions by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.store import tables as t
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

    def start(self, prompt_id: int, project_id: int, budget: float | None) -> Follow:
        """Make a prompt follow a project, or change its budget, which then counts from now."""
        values: dict[str, Any] = {
            "budget": budget, "since": datetime.now(UTC), "message": "",
            "first_at": None, "due_at": None,
        }  # fmt: skip
        with self._db.write() as c:
            where = _where(prompt_id, project_id)
            if c.execute(sa.update(t.follows).where(*where).values(**values)).rowcount == 0:
                keys = {"prompt_id": prompt_id, "project_id": project_id}
                c.execute(sa.insert(t.follows).values(**keys, **values))
        follow = self.find(prompt_id, project_id)
        assert follow is not None
        return follow

    def stop(self, prompt_id: int, project_id: int) -> bool:
        """Follow no more; False when it did not."""
        with self._db.write() as c:
            gone = c.execute(sa.delete(t.follows).where(*_where(prompt_id, project_id)))
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

    def change(self, follow: Follow, **values: Any) -> None:
        """Change ``first_at``, ``due_at`` or ``message``."""
        with self._db.write() as c:
            where = _where(follow.prompt_id, follow.project_id)
            c.execute(sa.update(t.follows).where(*where).values(**values))


def _where(prompt_id: int, project_id: int) -> tuple[Any, Any]:
    return t.follows.c.prompt_id == prompt_id, t.follows.c.project_id == project_id


def _follow(row: Any) -> Follow:
    return Follow(
        row.prompt_id, row.project_id, row.budget, row.since, row.first_at, row.due_at, row.message
    )
