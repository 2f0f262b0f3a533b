"""Annotated tasks per project, and what Label Studio told each connected backend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import Example
from ml_backend.store import tables as t
from ml_backend.store.database import Database


class ExampleStore:
    """Queries over the example pool of each project."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def replace(self, project_id: int, examples: Sequence[Example]) -> None:
        """Make these the project's whole pool."""
        now = datetime.now(UTC)
        rows = [
            {
                "annotation_id": example.annotation_id,
                "project_id": project_id,
                "task_id": example.task_id,
                "data": dict(example.data),
                "answer": example.answer,
                "ground_truth": example.ground_truth,
                "updated_at": now,
            }
            for example in examples
        ]
        with self._db.write() as c:
            c.execute(sa.delete(t.examples).where(t.examples.c.project_id == project_id))
            if rows:
                c.execute(sa.insert(t.examples), rows)

    def of_project(self, project_id: int) -> list[Example]:
        """Return the pool, ground truth first, then by annotation id."""
        query = (
            sa.select(t.examples)
            .where(t.examples.c.project_id == project_id)
            .order_by(t.examples.c.ground_truth.desc(), t.examples.c.annotation_id)
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
        return [
            Example(row.task_id, row.data, row.answer, row.annotation_id, row.ground_truth)
            for row in rows
        ]


class ContactStore:
    """What ``/setup`` said: Label Studio sends it once and ``/predict`` needs it later."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def remember(
        self, project_id: int, path: str, *, extra_params: Any, label_config: str, instruction: str
    ) -> None:
        values = {
            "extra_params": extra_params,
            "label_config": label_config,
            "instruction": instruction,
            "seen_at": datetime.now(UTC),
        }
        where = (t.contacts.c.project_id == project_id, t.contacts.c.path == path)
        with self._db.write() as c:
            if c.execute(sa.update(t.contacts).where(*where).values(**values)).rowcount == 0:
                c.execute(sa.insert(t.contacts).values(project_id=project_id, path=path, **values))

    def find(self, project_id: int, path: str) -> dict[str, Any] | None:
        query = sa.select(t.contacts).where(
            t.contacts.c.project_id == project_id, t.contacts.c.path == path
        )
        with self._db.read() as c:
            row = c.execute(query).first()
        return dict(row._mapping) if row else None
