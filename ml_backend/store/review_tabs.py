"""Which tabs we keep in Label Studio for review, how each was left, and when to look again."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ml_backend.records import AuditAction, FailureKind, JsonObject, Person
from ml_backend.store import tables as t
from ml_backend.store.audit import note_prompt
from ml_backend.store.database import Database
from ml_backend.store.people import person_column, read_person


class ReviewState(StrEnum):
    """Whether a tab is kept up."""

    KEPT = "kept"
    LOST = "lost"
    """A person deleted it or made it theirs: it is left alone."""
    ENDING = "ending"
    """Somebody ended it: what was changed is being put back."""


@dataclass(frozen=True, slots=True)
class ReviewTab:
    """A tab of tasks to look at first, of a prompt in a project."""

    project_id: int
    prompt_id: int
    version_id: int | None
    """Whose predictions; None for whichever version the prompt answers with."""
    size: int
    below: float | None
    """Only tasks whose score is lower, and those without any; None for all."""
    title: str
    tab_id: int | None = None
    written: tuple[str, ...] = ()
    """Digests of the sets of tasks it was made to show, the last one last."""
    state: ReviewState = ReviewState.KEPT
    message: str = ""
    batch: int = 0
    """Tasks it showed when it was last written …"""
    waiting: int = 0
    """… and those that were to come after them."""
    sampling: str = ""
    """What the project's sampling was set to; "" where it was left alone."""
    sampling_before: str | None = None
    looked_at: float = 0.0
    due_at: float | None = None
    since: datetime | None = None
    created_by: Person | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What a version came to on a task; the answer is None where it failed for good."""

    task_id: int
    score: float | None
    answer: JsonObject | None


class ReviewTabStore:
    """Queries over these tabs; times are seconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, tab: ReviewTab) -> ReviewTab:
        """Keep what is to be made before it is made, so that a dead process leaves none unknown.

        Of a tab that is known already what it shows of which version changes, and no more.
        """
        wanted = {
            "version_id": tab.version_id,
            "size": tab.size,
            "below": tab.below,
            "state": ReviewState.KEPT.value,
            "message": "",
            "due_at": tab.due_at,
        }
        with self._db.write() as c:
            where = _where(tab.project_id, tab.prompt_id)
            if c.execute(sa.update(t.review_tabs).where(*where).values(**wanted)).rowcount == 0:
                row = {
                    **wanted,
                    "project_id": tab.project_id,
                    "prompt_id": tab.prompt_id,
                    "title": tab.title,
                    "since": datetime.now(UTC),
                    "created_by": person_column(tab.created_by),
                }
                c.execute(sa.insert(t.review_tabs).values(**row))
            begun = AuditAction.REVIEW_STARTED
            note_prompt(c, begun, tab.prompt_id, project_id=tab.project_id)
        return self.get(tab.project_id, tab.prompt_id)

    def end(self, tab: ReviewTab) -> None:
        """Forget a tab once all it changed was put back."""
        with self._db.write() as c:
            where = _where(tab.project_id, tab.prompt_id)
            if c.execute(sa.delete(t.review_tabs).where(*where)).rowcount:
                ended = AuditAction.REVIEW_STOPPED
                note_prompt(c, ended, tab.prompt_id, project_id=tab.project_id)

    def find(self, project_id: int, prompt_id: int) -> ReviewTab | None:
        with self._db.read() as c:
            query = sa.select(t.review_tabs).where(*_where(project_id, prompt_id))
            row = c.execute(query).first()
        return _tab(row) if row else None

    def get(self, project_id: int, prompt_id: int) -> ReviewTab:
        found = self.find(project_id, prompt_id)
        assert found is not None  # nosec B101  # for types: it was just written
        return found

    def of_project(self, project_id: int) -> list[ReviewTab]:
        return self._read(t.review_tabs.c.project_id == project_id)

    def due(self, now: float) -> list[ReviewTab]:
        """Return the tabs that are to be looked at, whoever does it first."""
        return self._read(t.review_tabs.c.due_at <= now)

    def hasten(self, project_id: int, *, quiet: float, apart: float) -> None:
        """Have a project's tabs looked at in ``quiet`` seconds, and ``apart`` from the last time.

        One that is due sooner stays so.
        """
        r = t.review_tabs.c
        soon, apart_from_last = time.time() + quiet, r.looked_at + apart
        wanted = sa.case((apart_from_last > soon, apart_from_last), else_=soon)
        where = (
            r.project_id == project_id,
            r.state == ReviewState.KEPT.value,
            sa.or_(r.due_at.is_(None), r.due_at > wanted),
        )
        with self._db.write() as c:
            c.execute(sa.update(t.review_tabs).where(*where).values(due_at=wanted))

    def take(self, tab: ReviewTab, again: float) -> bool:
        """Take a tab that is due as one's own to look at; False when another has it.

        It is due once more ``again`` seconds from now, should the process die.
        """
        now = time.time()
        where = (*_where(tab.project_id, tab.prompt_id), t.review_tabs.c.due_at == tab.due_at)
        values = {"due_at": now + again, "looked_at": now}
        with self._db.write() as c:
            return c.execute(sa.update(t.review_tabs).where(*where).values(**values)).rowcount == 1

    def change(self, tab: ReviewTab, **values: Any) -> None:
        """Set columns of a tab."""
        with self._db.write() as c:
            where = _where(tab.project_id, tab.prompt_id)
            c.execute(sa.update(t.review_tabs).where(*where).values(**values))

    def answered(self, run_ids: Collection[int]) -> list[Answered]:
        """Return what the last of these runs that has a task came to on it, by task.

        Left out is what failed and may go well another time.
        """
        o = t.outcomes.c
        columns = (o.task_id, o.ok, o.kind, o.score, o.answer)
        found: dict[int, Any] = {}
        with self._db.read() as c:
            for run_id in sorted(run_ids):
                query = sa.select(*columns).where(o.run_id == run_id, o.task_deleted.is_(False))
                found.update({row.task_id: row for row in c.execute(query)})
        lasting = {kind.value for kind in FailureKind if kind.is_definite}
        return [
            Answered(row.task_id, row.score, row.answer if row.ok else None)
            for _, row in sorted(found.items())
            if row.ok or row.kind in lasting
        ]

    def _read(self, *where: sa.ColumnElement[bool]) -> list[ReviewTab]:
        query = sa.select(t.review_tabs).where(*where).order_by(t.review_tabs.c.id)
        with self._db.read() as c:
            return [_tab(row) for row in c.execute(query)]


def _where(project_id: int, prompt_id: int) -> tuple[Any, Any]:
    r = t.review_tabs.c
    return r.project_id == project_id, r.prompt_id == prompt_id


def _tab(row: Any) -> ReviewTab:
    values = dict(row._mapping)
    del values["id"]
    values["written"] = tuple(values["written"])
    values["state"] = ReviewState(values["state"])
    return ReviewTab(**{**values, "created_by": read_person(values["created_by"])})
