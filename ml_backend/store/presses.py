"""Forms that were sent a moment ago, for all processes of one database: each is done once.

A press is a lease of its own kind: held while the form is done, then kept for as long as the same
form may come again, with where its sender was led in place of the holder.
"""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.claims import Claims
from ml_backend.store.database import Database, insert_ignoring

log = logging.getLogger(__name__)

PREFIX, END = "press:", "press;"
"""What the names of these leases begin with, and what is sorted after all of them."""

LONGEST_ADDRESS = 200
GOING = ""


class PressStore:
    """Queries over the leases of forms."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._claims = Claims(
            database, t.leases, key="name", until="expires_at", free={"holder": GOING}
        )

    def begin(self, key: str, seconds: float) -> int | None:
        """Take a form that nobody did lately; return the fence to end it under, else None."""
        leases, name = t.leases, PREFIX + key
        old = (leases.c.name > PREFIX, leases.c.name < END, leases.c.expires_at < time.time())
        with self._db.write() as c:
            c.execute(sa.delete(leases).where(*old))
            insert_ignoring(
                c, leases, [{"name": name, "holder": GOING, "fence": 0, "expires_at": 0.0}]
            )
        return self._claims.claim(name, seconds, lambda row: {"holder": GOING})

    def led_to(self, key: str) -> str | None:
        """Return where a form's sender was led, "" while it is done, None when nobody has it."""
        leases = t.leases.c
        query = sa.select(leases.holder).where(
            leases.name == PREFIX + key, leases.expires_at >= time.time()
        )
        with self._db.read() as c:
            found: str | None = c.execute(query).scalar()
        return found

    def end(self, key: str, fence: int, where: str | None, kept: float) -> None:
        """Say where the sender was led, for so many seconds; None lets the next one try anew."""
        try:
            if where is None:
                self._claims.release(PREFIX + key, fence)
                return
            if len(where) > LONGEST_ADDRESS:
                where = where.partition("?")[0][:LONGEST_ADDRESS]
            self._claims.renew(PREFIX + key, fence, kept, holder=where)
        except sa.exc.SQLAlchemyError as error:
            # What was asked for is done: its answer goes to who asked, the lease ends by itself.
            log.warning("the end of a form was not written: %s", error)
