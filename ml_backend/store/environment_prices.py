"""Prices that people gave for the environment's connection, which has no row of its own.

They are kept by where the connection leads: another server's are others.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import sqlalchemy as sa

from ml_backend.records import AuditAction, Connection
from ml_backend.store import tables as t
from ml_backend.store.audit import note
from ml_backend.store.database import Database

Pair = tuple[float, float]
"""Dollars per million tokens of the prompt and of the answer."""


def place_of(connection: Connection) -> str:
    """Return what names where a connection leads; no secret can be told from it."""
    parts = urlsplit(connection.endpoint)
    host = parts.netloc.rpartition("@")[2]
    place = f"{connection.provider.value}|{parts._replace(netloc=host).geturl()}"
    return hashlib.sha256(place.encode()).hexdigest()[:40]


class EnvironmentPriceStore:
    """Queries over the prices of the environment's connection."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, place: str) -> dict[str, Pair]:
        """Return model -> price."""
        p = t.environment_prices.c
        query = sa.select(p.model, p.prompt, p.completion).where(p.place == place).order_by(p.model)
        with self._db.read() as c:
            return {row.model: (row.prompt, row.completion) for row in c.execute(query)}

    def give(self, place: str, model: str, price: Pair | None) -> None:
        """Keep a model's price in place of the one before; None forgets it."""
        p = t.environment_prices
        row = {"place": place, "model": model}
        with self._db.write() as c:
            c.execute(sa.delete(p).where(p.c.place == place, p.c.model == model))
            if price is not None:
                values = {**row, "prompt": price[0], "completion": price[1]}
                c.execute(sa.insert(p).values(**values))
            note(c, AuditAction.PRICE_CHANGED, kind="connection", title="environment")
