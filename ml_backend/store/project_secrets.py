"""The secrets by which projects are known when Label Studio calls, and who connected them."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.errors import PromptsError
from ml_backend.records import is_same_project
from ml_backend.store import tables as t
from ml_backend.store.connections import Cipher
from ml_backend.store.database import Database, insert_ignoring

OLD_SECONDS = 600.0
"""How long a secret is taken once another stands in Label Studio."""

MOST_OLD = 4
"""Secrets before the newest that were made and never seen in Label Studio."""

USER = re.compile(r"project-([0-9]{1,10})-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class ProjectSecret:
    """One of a project's secrets by its hashes; what it is itself, ``reveal`` says."""

    project_id: int
    serial: int
    digest: str
    events_digest: str
    project_made_at: datetime | None
    """Which project of that number it is of; None where nobody knew."""
    placed_at: datetime | None
    """When Label Studio was seen to have it: from then on the project is closed to others."""
    valid_until: float | None
    """In epoch seconds; None for no end."""

    @property
    def user(self) -> str:
        """The name it goes under, which tells one of the project's secrets from another."""
        return f"project-{self.project_id}-{self.digest[:8]}"


def events_word(secret: str) -> str:
    """Return what a webhook bears: it opens nothing but the way of events.

    Label Studio shows a webhook's headers to everybody of the organization.
    """
    found = hmac.digest(secret.encode(), b"prompts-for-label-studio events", "sha256")
    return urlsafe_b64encode(found).rstrip(b"=").decode()


def digest_of(word: str) -> str:
    """Return the hash of a secret, which is long and random and needs no salt."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()


class ProjectSecretStore:
    """Queries over the secrets of projects."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._db = database
        self._cipher = cipher

    def newest(self, project_id: int) -> ProjectSecret | None:
        """Return the secret that belongs into Label Studio; None before the first."""
        found = self._read(project_id)
        return found[-1] if found else None

    def valid(self, project_id: int) -> list[ProjectSecret]:
        """Return the secrets a project may bring now, oldest first.

        One of a project that had the number before is none.
        """
        now, c = time.time(), t.project_secrets.c
        made_at = t.projects.c.made_at
        query = (
            sa.select(t.project_secrets, made_at.label("now_made_at"))
            .outerjoin(t.projects, t.projects.c.project_id == c.project_id)
            .where(c.project_id == project_id)
            .where(sa.or_(c.valid_until.is_(None), c.valid_until > now))
            .order_by(c.serial)
        )
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [_secret(row) for row in rows if _is_of(row.project_made_at, row.now_made_at)]

    def is_closed(self, project_id: int) -> bool:
        """Return whether Label Studio has a secret of the project."""
        return any(each.placed_at is not None for each in self.valid(project_id))

    def reveal(self, secret: ProjectSecret) -> str | None:
        """Return the secret itself; None where SECRET_KEY has changed since it was made."""
        c = t.project_secrets.c
        query = sa.select(c.encrypted_secret).where(
            c.project_id == secret.project_id, c.serial == secret.serial
        )
        with self._db.read() as connection:
            encrypted = connection.execute(query).scalar()
        try:
            return self._cipher.decrypt(encrypted) if encrypted else None
        except PromptsError:
            return None

    def add(
        self, project_id: int, word: str, made_at: datetime | None, *, anew: bool
    ) -> ProjectSecret:
        """Keep a first secret of a project, or ``anew`` one more; return the newest it has then.

        Those before it stay valid until it stands in Label Studio, the oldest of many excepted.
        """
        c = t.project_secrets.c
        with self._db.write() as connection:
            past = sa.and_(c.project_id == project_id, c.valid_until <= time.time())
            connection.execute(sa.delete(t.project_secrets).where(past))
            mine = sa.select(sa.func.max(c.serial)).where(c.project_id == project_id)
            serial = int(connection.execute(mine).scalar() or 0) + 1
            if serial > 1 and not anew:  # another process was first
                return self._read(project_id)[-1]
            row = {
                "project_id": project_id,
                "serial": serial,
                "digest": digest_of(word),
                "events_digest": digest_of(events_word(word)),
                "encrypted_secret": self._cipher.encrypt(word),
                "made_at": datetime.now(UTC),
                "project_made_at": made_at,
            }
            insert_ignoring(connection, t.project_secrets, [row])
            # What stands in Label Studio stays, however often a new one was refused there.
            unplaced = sa.and_(c.project_id == project_id, c.placed_at.is_(None))
            many = sa.and_(unplaced, c.serial < serial - MOST_OLD)
            connection.execute(sa.delete(t.project_secrets).where(many))
        return self._read(project_id)[-1]

    def place(self, secret: ProjectSecret) -> None:
        """Note that Label Studio has this secret; those before it end in ten minutes."""
        c = t.project_secrets.c
        mine = c.project_id == secret.project_id
        older = sa.update(t.project_secrets).where(
            mine, c.serial < secret.serial, c.valid_until.is_(None)
        )
        placed = sa.update(t.project_secrets).where(mine, c.serial == secret.serial)
        with self._db.write() as connection:
            connection.execute(older.values(valid_until=time.time() + OLD_SECONDS))
            connection.execute(placed.values(placed_at=datetime.now(UTC)))

    def withdraw(self, project_id: int) -> None:
        """Note that Label Studio calls for a project without its secret."""
        change = sa.update(t.project_secrets).where(t.project_secrets.c.project_id == project_id)
        with self._db.write() as connection:
            connection.execute(change.values(placed_at=None))

    def end(self, project_id: int) -> None:
        """End every secret of a project, and what the people agreed to who connected it."""
        with self._db.write() as connection:
            for table in (t.project_secrets, t.project_connectors):
                connection.execute(sa.delete(table).where(table.c.project_id == project_id))

    # Who connected a project

    def note_connector(self, project_id: int, person_id: int) -> None:
        """Remember that a person connected a project, and so lets their own keys serve it."""
        row = {"project_id": project_id, "person_id": person_id, "since": datetime.now(UTC)}
        with self._db.write() as connection:
            insert_ignoring(connection, t.project_connectors, [row])

    def is_connector(self, project_id: int, person_id: int) -> bool:
        c = t.project_connectors.c
        query = sa.select(c.person_id).where(c.project_id == project_id, c.person_id == person_id)
        with self._db.read() as connection:
            return connection.execute(query).first() is not None

    def _read(self, project_id: int) -> list[ProjectSecret]:
        c = t.project_secrets.c
        query = sa.select(t.project_secrets).where(c.project_id == project_id).order_by(c.serial)
        with self._db.read() as connection:
            return [_secret(row) for row in connection.execute(query)]


def _is_of(then: datetime | None, now: datetime | None) -> bool:
    return then is None or now is None or is_same_project(then, now)


def _secret(row: Any) -> ProjectSecret:
    return ProjectSecret(
        row.project_id,
        row.serial,
        row.digest,
        row.events_digest,
        row.project_made_at,
        row.placed_at,
        row.valid_until,
    )
