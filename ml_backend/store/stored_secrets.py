"""All that is stored encrypted, whichever table has it: what reads it, and encrypting it anew.

A column is one of these by its name, ``encrypted_…``: no table has to be named here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ml_backend.records import AuditAction
from ml_backend.store import tables as t
from ml_backend.store.audit import note
from ml_backend.store.cipher import UnreadableSecret
from ml_backend.store.connections import Cipher
from ml_backend.store.database import Database

PREFIX = "encrypted_"
WORDS = {"web_sessions": "session", "connections": "connection"}
"""Table -> what one row of it is called, where that is not the table's name without its s."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What encrypting anew came to, by what holds the secrets."""

    renewed: dict[str, int]
    current: dict[str, int]
    """Of those that the current key had encrypted already."""
    unreadable: tuple[str, ...]
    """Which secrets no key at hand decrypts: they stay, and have to be entered again."""
    ended: int
    """Sessions that no key decrypts: those people sign in again."""


class StoredSecrets:
    """Reads and renews encrypted columns."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._db = database
        self._cipher = cipher

    def renew(self) -> Renewed:
        """Encrypt everything with the current key, all of it or nothing.

        Once more changes nothing more.
        """
        renewed: Counter[str] = Counter()
        current: Counter[str] = Counter()
        unreadable: list[str] = []
        ended = 0
        with self._db.write() as c:
            for table, columns in encrypted_columns():
                word = WORDS.get(table.name, table.name.removesuffix("s").replace("_", " "))
                for row in c.execute(sa.select(table)).all():
                    values, is_readable = self._renewed(row, columns)
                    mine = [each == row._mapping[each.name] for each in table.primary_key]
                    if not is_readable and table is t.web_sessions:
                        c.execute(sa.delete(table).where(*mine))
                        ended += 1
                    elif not is_readable:
                        unreadable.append(f"{word} {_named(table, row)}")
                    if values:
                        c.execute(sa.update(table).where(*mine).values(values))
                        renewed[word] += 1
                    elif is_readable and any(row._mapping[each.name] for each in columns):
                        current[word] += 1
            if renewed or ended:
                counts = {**renewed, "ended": ended, "unreadable": len(unreadable)}
                note(c, AuditAction.KEYS_ROTATED, counts=counts)
        return Renewed(dict(renewed), dict(current), tuple(unreadable), ended)

    def _renewed(self, row: Any, columns: list[sa.Column[Any]]) -> tuple[dict[str, str], bool]:
        """Return the columns to set, and whether all of them could be read."""
        values, is_readable = {}, True
        for column in columns:
            token = row._mapping[column.name]
            if not token or self._cipher.is_current(token):
                continue
            try:
                values[column.name] = self._cipher.encrypt(self._cipher.decrypt(token))
            except UnreadableSecret:
                is_readable = False
        return values, is_readable


def encrypted_columns() -> Iterator[tuple[sa.Table, list[sa.Column[Any]]]]:
    """Yield every table that holds secrets, with the columns that do."""
    for table in t.metadata.sorted_tables:
        columns = [each for each in table.columns if each.name.startswith(PREFIX)]
        if columns:
            yield table, columns


def _named(table: sa.Table, row: Any) -> str:
    key = ", ".join(str(row._mapping[each.name]) for each in table.primary_key)
    title = row._mapping.get("title")
    return f"{key} {title!r}" if title else key
