"""Which model version strings are ours in which project of which Label Studio.

A row is *named* first (a version is to write under this string in this project), then *checked*
(nothing of others stands under it there) and then *written*: only then are rows under it ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import Label, Slot, is_same_project, was_made_after
from ml_backend.store import tables as t
from ml_backend.store.database import Database

NOT_HERE = ""
"""Stands for the address of a project that took another's place, until it is seen again."""


class LabelStore:
    """Queries over labels; ``studio`` is the address of a Label Studio."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_project(
        self,
        studio: str,
        project_id: int,
        *,
        prompt_id: int | None = None,
        slot: Slot | None = None,
        written_only: bool = True,
    ) -> list[Label]:
        """Return a project's labels, the oldest first."""
        where = [t.labels.c.studio == studio, t.labels.c.project_id == project_id]
        if written_only:
            where.append(t.labels.c.written_at.is_not(None))
        if prompt_id is not None:
            where.append(t.labels.c.prompt_id == prompt_id)
        if slot is not None:
            where.append(t.labels.c.slot == slot.value)
        return self._read(*where)

    def of_prompt(
        self, studio: str, prompt_id: int, *, version_id: int | None = None
    ) -> list[Label]:
        """Return the labels under which a prompt, or one version of it, wrote in any project."""
        where = [t.labels.c.studio == studio, t.labels.c.prompt_id == prompt_id]
        if version_id is not None:
            where.append(t.labels.c.version_id == version_id)
        return self._read(*where, t.labels.c.written_at.is_not(None))

    def unchecked(self, studio: str) -> list[Label]:
        """Return the labels of which nobody looked yet whether they are free."""
        c = t.labels.c
        return self._read(c.studio == studio, c.checked_at.is_(None), c.written_at.is_(None))

    def take(
        self,
        studio: str,
        label: Label,
        before: Label | None,
        *,
        project_made_at: datetime | None = None,
    ) -> bool:
        """Make a label a version's; False when it is no longer as it was found (``before``).

        What was written, or checked, stays so.
        """
        c = t.labels.c
        key = (c.studio == studio, c.project_id == label.project_id, c.label == label.label)
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "prompt_id": label.prompt_id,
            "version_id": label.version_id,
            "slot": label.slot.value,
            "watermark": label.watermark,
        }
        if project_made_at is not None:
            values["project_made_at"] = project_made_at
        with self._db.write() as connection:
            row = connection.execute(sa.select(t.labels).where(*key).with_for_update()).first()
            if (_label(row) if row else None) != before:
                return False
            values["checked_at"] = _time(label.is_checked, row, "checked_at", now)
            values["written_at"] = _time(label.is_written, row, "written_at", now)
            if row is not None:
                connection.execute(sa.update(t.labels).where(*key).values(**values))
                return True
            place = {"studio": studio, "project_id": label.project_id, "label": label.label}
            try:
                with connection.begin_nested():
                    connection.execute(
                        sa.insert(t.labels).values(**place, created_at=now, **values)
                    )
            except sa.exc.IntegrityError:  # on PostgreSQL two may find nothing to lock
                return False
            return True

    def drop(self, studio: str, labels: Sequence[Label]) -> None:
        """Forget labels that were never written."""
        c = t.labels.c
        with self._db.write() as connection:
            for label in labels:
                key = (c.studio == studio, c.project_id == label.project_id, c.label == label.label)
                connection.execute(sa.delete(t.labels).where(*key, c.written_at.is_(None)))

    def identify(self, studio: str, project_id: int, made_at: datetime) -> None:
        """Note which project it is that has this number now, by the time it was made.

        The labels of another that had it are put aside, and those of this one taken back, also
        when it was known at another address.
        """
        c = t.labels.c
        with self._db.read() as connection:
            rows = connection.execute(sa.select(t.labels).where(c.project_id == project_id)).all()
        if not any(_moves(row, studio, made_at) for row in rows):
            return
        with self._db.write() as connection:
            rows = connection.execute(sa.select(t.labels).where(c.project_id == project_id)).all()
            for row in rows:
                if row.studio == studio and not _is_of(row, made_at):
                    _move(connection, row, NOT_HERE, row.project_made_at)
            here = [row for row in rows if row.studio == studio and _is_of(row, made_at)]
            for row in here:
                _move(connection, row, studio, made_at)
            held = {row.label for row in here if row.written_at is not None}
            for row in rows:
                if row.studio != studio and _returns(row, made_at) and row.label not in held:
                    held.add(row.label)
                    _move(connection, row, studio, made_at)

    def _read(self, *where: sa.ColumnElement[bool]) -> list[Label]:
        query = sa.select(t.labels).where(*where)
        c = t.labels.c
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(c.created_at, c.project_id, c.label))
            return [_label(row) for row in rows]


def _is_of(row: Any, made_at: datetime) -> bool:
    """Return whether a label was registered for the project that was made then."""
    if row.project_made_at is not None:
        return is_same_project(row.project_made_at, made_at)
    # Of a project that nobody had read: it was there before its label.
    return not was_made_after(made_at, row.created_at)


def _returns(row: Any, made_at: datetime) -> bool:
    """Return whether a label at another address, or at none that is known, is this project's."""
    if row.project_made_at is None:
        return row.studio == NOT_HERE and _is_of(row, made_at)
    return is_same_project(row.project_made_at, made_at)


def _moves(row: Any, studio: str, made_at: datetime) -> bool:
    if row.studio == studio:
        return row.project_made_at is None or not _is_of(row, made_at)
    return _returns(row, made_at)


def _move(connection: sa.Connection, row: Any, studio: str, made_at: datetime | None) -> None:
    c = t.labels.c
    here = (c.project_id == row.project_id, c.label == row.label)
    if studio != row.studio:
        connection.execute(sa.delete(t.labels).where(c.studio == studio, *here))
    connection.execute(
        sa.update(t.labels)
        .where(c.studio == row.studio, *here)
        .values(studio=studio, project_made_at=made_at)
    )


def _time(is_so: bool, row: Any, column: str, now: datetime) -> datetime | None:
    return (getattr(row, column, None) or now) if is_so else None


def _label(row: Any) -> Label:
    return Label(
        label=row.label,
        prompt_id=row.prompt_id,
        version_id=row.version_id,
        slot=Slot(row.slot),
        project_id=row.project_id,
        is_written=row.written_at is not None,
        is_checked=row.checked_at is not None,
        watermark=row.watermark,
    )
