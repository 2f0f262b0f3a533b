"""The audit log: written where something is done, in its transaction; never changed afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ml_backend.acting import Actor, acting
from ml_backend.records import DONE, FAILED, AuditAction, AuditEvent
from ml_backend.store import tables as t
from ml_backend.store.database import Database, storable

log = logging.getLogger(__name__)

MOST = 1000
"""Events that are read at once."""


@dataclass(slots=True)
class Doing:
    """What is told of something once it ended: fill in what it came to."""

    counts: dict[str, int] = field(default_factory=dict)
    cost: float | None = None
    title: str = ""
    object_id: int | None = None


def note(
    c: sa.Connection,
    action: AuditAction,
    *,
    kind: str = "",
    object_id: int | None = None,
    title: str = "",
    project_id: int | None = None,
    organization: int | None = None,
    counts: Mapping[str, int] | None = None,
    cost: float | None = None,
    outcome: str = DONE,
    actor: Actor | None = None,
) -> None:
    """Tell what is done in the transaction of ``c``, by who acts in this thread."""
    by = actor or acting()
    person = by.person
    name = f"{person.first_name} {person.last_name}".strip() if person else by.name
    c.execute(
        sa.insert(t.audit_events).values(
            at=datetime.now(UTC),
            face=by.face,
            person_id=person.id if person else None,
            email=_short(person.email, 320) if person else "",
            name=_short(name or (person.username if person else ""), 200),
            action=action.value,
            kind=kind,
            object_id=object_id,
            title=_short(title, 500),
            project_id=project_id,
            organization=organization if organization is not None else by.organization,
            counts={name: int(n) for name, n in (counts or {}).items()},
            cost=cost,
            outcome=outcome,
        )
    )


def note_prompt(c: sa.Connection, action: AuditAction, prompt_id: int, **more: Any) -> None:
    """Tell what is done to a prompt, by its title and organization."""
    p = t.prompts.c
    row = c.execute(sa.select(p.title, p.organization).where(p.id == prompt_id)).first()
    known = {"title": row.title, "organization": row.organization} if row else {}
    note(c, action, kind="prompt", object_id=prompt_id, **{**known, **more})


class AuditStore:
    """Writes and reads the log."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def tell(self, action: AuditAction, **what: Any) -> None:
        """Tell what was done elsewhere, as in Label Studio; takes what ``note`` takes.

        It is done already: where the database takes no line, the server's log has it instead.
        """
        try:
            with self._db.write() as c:
                note(c, action, **what)
        except sa.exc.SQLAlchemyError as error:
            told = {name: value for name, value in what.items() if name != "title"}
            log.error(
                "not in the audit log: %s %s (%s)",
                action.value,
                told,
                getattr(error, "orig", error),
            )

    def tell_rarely(self, action: AuditAction, most: int, seconds: float, **what: Any) -> None:
        """Tell it unless it was told so often lately: strangers must not fill the log."""
        e = t.audit_events.c
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        query = sa.select(sa.func.count()).where(e.at > since, e.action == action.value)
        with self._db.write() as c:
            if int(c.execute(query).scalar() or 0) < most:
                note(c, action, **what)

    @contextmanager
    def doing(self, action: AuditAction, **what: Any) -> Iterator[Doing]:
        """Tell what is done within, at its end: how much of it, or that it failed."""
        told, outcome = Doing(), FAILED
        try:
            yield told
            outcome = DONE
        finally:
            found = {
                "counts": told.counts,
                "cost": told.cost,
                **({"title": told.title} if told.title else {}),
                **({} if told.object_id is None else {"object_id": told.object_id}),
            }
            self.tell(action, **{**what, **found}, outcome=outcome)

    def search(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        who: str = "",
        actions: tuple[AuditAction, ...] = (),
        project_id: int | None = None,
        organization: int | None = None,
        or_of_none: bool = True,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditEvent]:
        """Return events, newest first; ``before`` leaves out that one and all newer ones.

        ``who`` is an id, an address, or a part of a name. Of an ``organization`` are its own, with
        those of none unless ``or_of_none`` is False.
        """
        e = t.audit_events.c
        query = sa.select(t.audit_events).order_by(e.id.desc()).limit(min(limit, MOST))
        if since is not None:
            query = query.where(e.at >= since)
        if until is not None:
            query = query.where(e.at < until)
        if who:
            query = query.where(_is_of(who))
        if actions:
            query = query.where(e.action.in_([each.value for each in actions]))
        if project_id is not None:
            query = query.where(e.project_id == project_id)
        if organization is not None or not or_of_none:
            theirs = e.organization == organization
            query = query.where(sa.or_(theirs, e.organization.is_(None)) if or_of_none else theirs)
        if before is not None:
            query = query.where(e.id < before)
        with self._db.read() as c:
            return [_event(row) for row in c.execute(query)]

    def forget_older(self, days: int) -> int:
        """Remove what is older than the log is kept; return how many events."""
        limit = datetime.now(UTC) - timedelta(days=days)
        with self._db.write() as c:
            return c.execute(sa.delete(t.audit_events).where(t.audit_events.c.at < limit)).rowcount


def _is_of(who: str) -> sa.ColumnElement[bool]:
    e = t.audit_events.c
    if who.isdecimal() and len(who) < 10:
        return e.person_id == int(who)
    return sa.or_(
        sa.func.lower(e.email) == who.lower(),
        sa.func.lower(e.name).contains(who.lower(), autoescape=True),
    )


def _short(text: str, longest: int) -> str:
    return storable(text)[:longest]


def _event(row: Any) -> AuditEvent:
    values = dict(row._mapping)
    action = values.pop("action")
    return AuditEvent(**values, action=AuditAction(action))
