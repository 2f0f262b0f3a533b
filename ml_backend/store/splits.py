"""What splits the tasks of a project for a prompt, for ever: those teachers see, and the others."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring


class SplitStore:
    """Queries over splits."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, project_id: int, prompt_id: int) -> str | None:
        """Return the salt of a split; None where none was made yet."""
        s = t.splits.c
        query = sa.select(s.salt).where(s.project_id == project_id, s.prompt_id == prompt_id)
        with self._db.read() as c:
            found: str | None = c.execute(query).scalar()
        return found

    def keep(self, project_id: int, prompt_id: int, salt: str) -> str:
        """Keep a salt, unless there is one already; return the one that holds."""
        row = {
            "project_id": project_id,
            "prompt_id": prompt_id,
            "salt": salt,
            "created_at": datetime.now(UTC),
        }
        with self._db.write() as c:
            insert_ignoring(c, t.splits, [row])
        return self.find(project_id, prompt_id) or salt
