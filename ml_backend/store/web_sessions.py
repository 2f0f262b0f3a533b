"""People signed in to the web pages: a token of Label Studio each, encrypted, until it is idle."""

from __future__ import annotations

import hashlib
import secrets
import time

import sqlalchemy as sa

from ml_backend.errors import PromptsError
from ml_backend.records import AuditAction, Person
from ml_backend.store import tables as t
from ml_backend.store.audit import note
from ml_backend.store.connections import Cipher
from ml_backend.store.database import Database

IDLE_SECONDS = 8 * 3600.0
"""A working day away from the pages ends a session."""

LONGEST_SECONDS = 7 * 86_400.0
TOUCH_SECONDS = 60.0
"""How exactly it is known when a session was last used: a write for every page would be many."""


class WebSessionStore:
    """The key is kept as its SHA-256 only: who reads the database signs in with none of them."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._db = database
        self._cipher = cipher

    def create(self, token: str, person: Person | None = None) -> str:
        """Keep a token and return the key of its session; ended sessions are removed."""
        key, now = secrets.token_urlsafe(32), time.time()
        row = {
            "key": _digest(key),
            "encrypted_token": self._cipher.encrypt(token),
            "created_at": now,
            "seen_at": now,
            "person_id": person.id if person is not None else None,
        }
        with self._db.write() as c:
            c.execute(sa.delete(t.web_sessions).where(~_open(now)))
            c.execute(sa.insert(t.web_sessions).values(row))
            note(c, AuditAction.SIGNED_IN)
        return key

    def token(self, key: str, *, touch: bool = True) -> str | None:
        """Return the token of a session, None when it has ended; ``touch`` keeps it from idling."""
        now = time.time()
        found = t.web_sessions.c.key == _digest(key)
        with self._db.read() as c:
            row = c.execute(sa.select(t.web_sessions).where(found, _open(now))).first()
        if row is None:
            return None
        if touch and now - row.seen_at > TOUCH_SECONDS:
            with self._db.write() as c:
                c.execute(sa.update(t.web_sessions).where(found).values(seen_at=now))
        try:
            return self._cipher.decrypt(row.encrypted_token)
        except PromptsError:  # SECRET_KEY has changed: whoever it was signs in again
            return None

    def remove(self, key: str) -> None:
        """End a session."""
        with self._db.write() as c:
            found = sa.delete(t.web_sessions).where(t.web_sessions.c.key == _digest(key))
            if c.execute(found).rowcount:
                note(c, AuditAction.SIGNED_OUT)


def _open(now: float) -> sa.ColumnElement[bool]:
    s = t.web_sessions.c
    return sa.and_(s.seen_at > now - IDLE_SECONDS, s.created_at > now - LONGEST_SECONDS)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
