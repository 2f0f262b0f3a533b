"""What was last read of a connected project, so that answering it needs no reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import AuditAction, is_same_project
from ml_backend.store import tables as t
from ml_backend.store.audit import note_prompt
from ml_backend.store.database import Database, insert_ignoring


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project as last read; ``instruction`` is text, None while it was never read."""

    id: int
    title: str
    instruction: str | None
    examples_read_at: datetime | None
    """When the whole example pool was last read; None when it is not known to be complete."""
    made_at: datetime | None = None
    """When Label Studio made it; with its number it tells it from another."""


@dataclass(frozen=True, slots=True)
class Binding:
    """That a prompt is for a project of this number, since when, and for which of that number."""

    prompt_id: int
    project_id: int
    bound_at: datetime | None
    """None before that was kept."""
    project_made_at: datetime | None
    """None until the project was first read."""


class ProjectStore:
    """Queries over known projects."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, project_id: int) -> KnownProject | None:
        with self._db.read() as c:
            where = t.projects.c.project_id == project_id
            row = c.execute(sa.select(t.projects).where(where)).first()
        return _known(row) if row else None

    def all(self) -> list[KnownProject]:
        with self._db.read() as c:
            query = sa.select(t.projects).order_by(t.projects.c.project_id)
            return [_known(row) for row in c.execute(query)]

    def set_instruction(self, project_id: int, title: str, instruction: str | None) -> None:
        """Keep a project's title and instructions as just read; None when they cannot be."""
        read_at = None if instruction is None else datetime.now(UTC)
        self._set(
            project_id, title=title, instruction=instruction or "", instruction_read_at=read_at
        )

    def note_made(self, project_id: int, made_at: datetime) -> bool:
        """Keep which project has this number now; what was read of another is forgotten.

        Returns whether it is another than before.
        """
        known = self.find(project_id)
        if known is not None and known.made_at == made_at:
            return False
        values: dict[str, Any] = {"made_at": made_at}
        before = known.made_at if known is not None else None
        is_another = before is not None and not is_same_project(before, made_at)
        if is_another:
            values |= {"instruction": "", "instruction_read_at": None, "examples_read_at": None}
            values["examples_revision"] = t.projects.c.examples_revision + 1
            with self._db.write() as c:
                c.execute(sa.delete(t.examples).where(t.examples.c.project_id == project_id))
        self._set(project_id, **values)
        return is_another

    def binding(self, prompt_id: int, project_id: int) -> Binding | None:
        """Return how a prompt is bound to a project's number, None where it is not."""
        c = t.prompt_projects.c
        where = (c.prompt_id == prompt_id, c.project_id == project_id)
        with self._db.read() as connection:
            row = connection.execute(sa.select(t.prompt_projects).where(*where)).first()
        return _binding(row) if row else None

    def bindings(self) -> list[Binding]:
        """Return how every prompt is bound to its projects."""
        c = t.prompt_projects.c
        query = sa.select(t.prompt_projects).order_by(c.project_id, c.prompt_id)
        with self._db.read() as connection:
            return [_binding(row) for row in connection.execute(query)]

    def bind(
        self, prompt_id: int, project_id: int, made_at: datetime, *, anew: bool = False
    ) -> None:
        """Note for which project of this number a bound prompt is; ``anew`` where for another."""
        values: dict[str, Any] = {"project_made_at": made_at}
        if anew:
            values["bound_at"] = datetime.now(UTC)
        c = t.prompt_projects.c
        change = sa.update(t.prompt_projects).where(
            c.prompt_id == prompt_id, c.project_id == project_id
        )
        with self._db.write() as connection:
            connection.execute(change.values(**values))
            if anew:
                confirmed = AuditAction.PROJECT_CONFIRMED
                note_prompt(connection, confirmed, prompt_id, project_id=project_id)

    def forget_examples(self, project_id: int | None = None) -> None:
        """Note that a pool may have changed unseen; every pool, as while the server was down."""
        change = sa.update(t.projects).values(examples_read_at=None)
        if project_id is not None:
            change = change.where(t.projects.c.project_id == project_id)
        with self._db.write() as c:
            c.execute(change)

    def concerns_us(self, project_id: int) -> bool:
        """Return whether a project was ever connected or has a prompt."""
        columns = (t.contacts.c.project_id, t.prompt_projects.c.project_id)
        queries = (sa.select(each).where(each == project_id).limit(1) for each in columns)
        with self._db.read() as c:
            return any(c.execute(query).first() for query in queries)

    def _set(self, project_id: int, **values: Any) -> None:
        with self._db.write() as c:
            insert_ignoring(c, t.projects, [new_row(project_id)])
            c.execute(
                sa.update(t.projects).where(t.projects.c.project_id == project_id).values(**values)
            )


def new_row(project_id: int) -> dict[str, Any]:
    """Return the row of a project of which nothing was read yet."""
    return {"project_id": project_id, "title": "", "instruction": "", "examples_revision": 0}


def _known(row: Any) -> KnownProject:
    instruction = row.instruction if row.instruction_read_at is not None else None
    return KnownProject(row.project_id, row.title, instruction, row.examples_read_at, row.made_at)


def _binding(row: Any) -> Binding:
    return Binding(row.prompt_id, row.project_id, row.bound_at, row.project_made_at)
