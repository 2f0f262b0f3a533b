"""Leases with fencing numbers, and the record of every write sent to Label Studio."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ml_backend.records import JsonObject
from ml_backend.store import tables as t
from ml_backend.store.claims import Claims
from ml_backend.store.database import Database, insert_ignoring, inserted_id

INSTANCE_SECONDS = 1e10
GIVEN_UP = "no effect seen in time"
CHANGES_PREDICTIONS = ("import", "delete_label", "delete_ids")
IN_FLIGHT_SECONDS = 900.0
"""As long as the longest write may take; an older intent is a dead process's."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A write to Label Studio: intended at ``started_at``; times are seconds since the epoch."""

    id: int
    project_id: int
    run_id: int | None
    kind: str
    label: str
    detail: JsonObject
    started_at: float


class WritingStore:
    """Queries over leases and publications."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._claims = Claims(
            database, t.leases, key="name", until="expires_at", free={"holder": ""}
        )

    def acquire(self, name: str, holder: str, seconds: float) -> int | None:
        """Take a free or expired lease; return its fence number, None while another holds it."""
        with self._db.write() as c:
            insert_ignoring(
                c, t.leases, [{"name": name, "holder": "", "fence": 0, "expires_at": 0.0}]
            )
        return self._claims.claim(name, seconds, lambda row: {"holder": holder})

    def renew(self, name: str, fence: int, seconds: float, /, **columns: Any) -> bool:
        """Prolong a lease; False when it has passed to another holder."""
        return self._claims.renew(name, fence, seconds, **columns)

    def release(self, name: str, fence: int, /) -> bool:
        """Leave a lease to others now; False when it has passed to another before."""
        return self._claims.release(name, fence)

    def instance(self) -> str:
        """Return this database's own id, made on first use: servers that share it share all."""
        name = "instance"
        with self._db.read() as c:
            known = c.execute(sa.select(t.leases.c.holder).where(t.leases.c.name == name)).scalar()
        if known is None:
            self.acquire(name, uuid.uuid4().hex, INSTANCE_SECONDS)
            return self.instance()
        return str(known)

    def holder(self, name: str) -> str | None:
        """Return who holds a lease now, None when it is free."""
        with self._db.read() as c:
            row = c.execute(sa.select(t.leases).where(t.leases.c.name == name)).first()
        return row.holder if row is not None and row.expires_at >= time.time() else None

    def intend(
        self,
        lease: str,
        fence: int,
        *,
        label_studio_url: str,
        project_id: int,
        run_id: int | None,
        kind: str,
        label: str,
        detail: JsonObject,
    ) -> int | None:
        """Commit the intent to write; None when the lease is lost, and then nothing may be sent."""
        with self._db.write() as c:
            if not self._claims.is_held(c, lease, fence):
                return None
            return inserted_id(
                c.execute(
                    sa.insert(t.publications).values(
                        label_studio_url=label_studio_url,
                        project_id=project_id,
                        run_id=run_id,
                        kind=kind,
                        label=label,
                        detail=detail,
                        fence=fence,
                        started_at=time.time(),
                    )
                )
            )

    def confirm(self, publication_id: int, note: str = "") -> None:
        """Record that Label Studio answered: the write's effect is final."""
        now = time.time()
        self._set(publication_id, confirmed_at=now, settled_at=now, note=note)

    def settle(self, publication_id: int, note: str) -> None:
        """Record that an unanswered write can have no further effect."""
        self._set(publication_id, settled_at=time.time(), note=note)

    def unsettled(self, label_studio_url: str) -> list[Publication]:
        """Return writes whose effect may still be to come, oldest first."""
        query = (
            sa.select(t.publications)
            .where(
                t.publications.c.label_studio_url == label_studio_url,
                t.publications.c.settled_at.is_(None),
            )
            .order_by(t.publications.c.id)
        )
        with self._db.read() as c:
            return [_publication(row) for row in c.execute(query)]

    def slowest(self, label_studio_url: str, kind: str) -> float:
        """Return the longest that a confirmed write of this kind has taken, in seconds."""
        p = t.publications.c
        query = sa.select(sa.func.max(p.confirmed_at - p.started_at)).where(
            p.label_studio_url == label_studio_url, p.kind == kind
        )
        with self._db.read() as c:
            return float(c.execute(query).scalar() or 0.0)

    def given_up_at(self, label_studio_url: str) -> float:
        """Return when a change of predictions was last given up on unseen, 0 for never."""
        p = t.publications.c
        query = sa.select(sa.func.max(p.settled_at)).where(
            p.label_studio_url == label_studio_url,
            p.note == GIVEN_UP,
            p.kind.in_(CHANGES_PREDICTIONS),
        )
        with self._db.read() as c:
            return float(c.execute(query).scalar() or 0.0)

    def _set(self, publication_id: int, **values: Any) -> None:
        with self._db.write() as c:
            c.execute(
                sa.update(t.publications)
                .where(t.publications.c.id == publication_id)
                .values(**values)
            )


def _publication(row: Any) -> Publication:
    return Publication(
        id=row.id,
        project_id=row.project_id,
        run_id=row.run_id,
        kind=row.kind,
        label=row.label,
        detail=row.detail,
        started_at=row.started_at,
    )
