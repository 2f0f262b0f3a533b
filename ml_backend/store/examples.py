"""Annotated tasks per project, and what Label Studio told each connected backend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import Example
from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring
from ml_backend.store.projects import new_row
from ml_backend.store.promise_rows import closed_in


class ExampleStore:
    """Queries over the example pool of each project."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._made_with: dict[int, tuple[int, str]] = {}
        """Project -> the revision of its pool and the config it was made with, for all we know."""

    def revision(self, project_id: int) -> int:
        """Return a number that grows with every change of a project's pool."""
        with self._db.read() as c:
            return _revision(c, project_id)

    def is_whole(self, project_id: int, config: str) -> bool:
        """Return whether the pool is known to be complete and made with this labeling config.

        A pool that another process changed is not known to be.
        """
        query = sa.select(t.projects).where(t.projects.c.project_id == project_id)
        with self._db.read() as c:
            row = c.execute(query).first()
        if row is None or row.examples_read_at is None:
            return False
        return self._made_with.get(project_id) == (row.examples_revision, config)

    def replace(
        self, project_id: int, examples: Sequence[Example], *, revision: int, config: str = ""
    ) -> bool:
        """Make these, read with that labeling config, the project's whole pool.

        Returns whether it was done. It is not when the pool changed since ``revision``: then the
        reader's view is older than the pool, and it must read again.
        """
        with self._db.write() as c:
            if _revision(c, project_id) != revision:
                return False
            c.execute(sa.delete(t.examples).where(t.examples.c.project_id == project_id))
            self._insert(c, project_id, examples)
            _bump(c, project_id, examples_read_at=datetime.now(UTC))
        self._made_with[project_id] = (revision + 1, config)
        return True

    def replace_tasks(
        self,
        project_id: int,
        task_ids: Sequence[int],
        examples: Sequence[Example],
        *,
        revision: int,
        config: str = "",
    ) -> bool:
        """Make these all examples of the tasks named; otherwise as ``replace``."""
        with self._db.write() as c:
            if _revision(c, project_id) != revision:
                return False
            for start in range(0, len(task_ids), 500):
                part = task_ids[start : start + 500]
                mine = (t.examples.c.project_id == project_id, t.examples.c.task_id.in_(part))
                c.execute(sa.delete(t.examples).where(*mine))
            self._insert(c, project_id, examples)
            _bump(c, project_id)
        if self._made_with.get(project_id) == (revision, config):
            self._made_with[project_id] = (revision + 1, config)
        return True

    @staticmethod
    def _insert(c: sa.Connection, project_id: int, examples: Sequence[Example]) -> None:
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
        # On SQLite Label Studio gives the ids of deleted annotations to new ones, elsewhere too.
        ids = [example.annotation_id for example in examples]
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            c.execute(sa.delete(t.examples).where(t.examples.c.annotation_id.in_(part)))
        if rows:
            c.execute(sa.insert(t.examples), rows)

    def tasks_of(self, project_id: int, annotation_ids: Sequence[int]) -> list[int]:
        """Return the tasks whose examples come from these annotations."""
        found: set[int] = set()
        with self._db.read() as c:
            for start in range(0, len(annotation_ids), 500):
                part = annotation_ids[start : start + 500]
                query = sa.select(t.examples.c.task_id).where(
                    t.examples.c.project_id == project_id, t.examples.c.annotation_id.in_(part)
                )
                found |= {row[0] for row in c.execute(query)}
        return sorted(found)

    def ground_truth(self, project_id: int) -> list[Example]:
        """Return the pool's ground truths, by annotation id; their data is left out."""
        e = t.examples.c
        query = (
            sa.select(e.task_id, e.answer, e.annotation_id)
            .where(e.project_id == project_id, e.ground_truth.is_(True), _is_open(project_id))
            .order_by(e.annotation_id)
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
        return [Example(row.task_id, {}, row.answer, row.annotation_id, True) for row in rows]

    def marked_tasks(
        self, project_id: int, *, after: int = 0, before: int | None = None, limit: int
    ) -> list[int]:
        """Return tasks with ground truth next after an id, or next before one, ascending."""
        e = t.examples.c
        query = sa.select(e.task_id).distinct()
        mine = (e.project_id == project_id, e.ground_truth.is_(True), _is_open(project_id))
        query = query.where(*mine)
        if before is None:
            query = query.where(e.task_id > after).order_by(e.task_id)
        else:
            query = query.where(e.task_id < before).order_by(e.task_id.desc())
        with self._db.read() as c:
            return sorted(row[0] for row in c.execute(query.limit(limit)))

    def annotated_tasks(self, project_id: int) -> set[int]:
        """Return the tasks of which the pool has what people said."""
        e = t.examples.c
        with self._db.read() as c:
            query = sa.select(e.task_id).where(e.project_id == project_id).distinct()
            return set(c.execute(query).scalars())

    def counts(self) -> dict[int, int]:
        """Return project -> examples."""
        column = t.examples.c.project_id
        with self._db.read() as c:
            rows = c.execute(sa.select(column, sa.func.count()).group_by(column)).all()
        return {row[0]: int(row[1]) for row in rows}

    def of_project(self, project_id: int) -> list[Example]:
        """Return the pool, ground truth first, then by annotation id."""
        query = (
            sa.select(t.examples)
            .where(t.examples.c.project_id == project_id, _is_open(project_id))
            .order_by(t.examples.c.ground_truth.desc(), t.examples.c.annotation_id)
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
        return [
            Example(row.task_id, row.data, row.answer, row.annotation_id, row.ground_truth)
            for row in rows
        ]


def _is_open(project_id: int) -> sa.ColumnElement[bool]:
    """Return what holds of examples that count: none is of a promise sample not opened yet."""
    return t.examples.c.task_id.not_in(closed_in(project_id))


def _revision(c: sa.Connection, project_id: int) -> int:
    query = sa.select(t.projects.c.examples_revision).where(t.projects.c.project_id == project_id)
    return int(c.execute(query).scalar() or 0)


def _bump(c: sa.Connection, project_id: int, **values: Any) -> None:
    insert_ignoring(c, t.projects, [new_row(project_id)])
    revision = t.projects.c.examples_revision + 1
    c.execute(
        sa.update(t.projects)
        .where(t.projects.c.project_id == project_id)
        .values(examples_revision=revision, **values)
    )


class ContactStore:
    """What ``/setup`` said: Label Studio sends it once and ``/predict`` needs it later."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def remember(self, project_id: int, path: str, **said: Any) -> None:
        """Keep ``extra_params``, ``label_config`` and ``host`` as a connection said them."""
        values = {**said, "seen_at": datetime.now(UTC)}
        where = (t.contacts.c.project_id == project_id, t.contacts.c.path == path)
        with self._db.write() as c:
            if c.execute(sa.update(t.contacts).where(*where).values(**values)).rowcount == 0:
                values = {"label_config": "", "host": "", "instruction": "", **values}
                c.execute(sa.insert(t.contacts).values(project_id=project_id, path=path, **values))

    def of_project(self, project_id: int) -> list[dict[str, Any]]:
        """Return every connection a project was heard from, by path."""
        query = sa.select(t.contacts).where(t.contacts.c.project_id == project_id)
        with self._db.read() as c:
            rows = c.execute(query.order_by(t.contacts.c.path)).all()
        return [dict(row._mapping) for row in rows]

    def holds_config(self, label_config: str) -> bool:
        """Return whether any project was heard of with exactly this labeling config."""
        query = sa.select(t.contacts.c.project_id).where(t.contacts.c.label_config == label_config)
        with self._db.read() as c:
            return c.execute(query.limit(1)).first() is not None

    def forget(self, project_id: int) -> None:
        """Forget a project that is connected no more."""
        with self._db.write() as c:
            c.execute(sa.delete(t.contacts).where(t.contacts.c.project_id == project_id))

    def projects(self) -> list[int]:
        """Return the projects that were ever heard from."""
        with self._db.read() as c:
            query = sa.select(t.contacts.c.project_id).distinct()
            return sorted(row[0] for row in c.execute(query))

    def find(self, project_id: int, path: str) -> dict[str, Any] | None:
        query = sa.select(t.contacts).where(
            t.contacts.c.project_id == project_id, t.contacts.c.path == path
        )
        with self._db.read() as c:
            row = c.execute(query).first()
        return dict(row._mapping) if row else None
