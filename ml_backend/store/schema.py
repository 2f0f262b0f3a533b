"""What all tables share: their metadata, and the types of their times and of what they say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, Text, TypeDecorator
from sqlalchemy.engine import Dialect

from ml_backend.next_steps import from_kept, throughout, to_kept

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


Large = BigInteger().with_variant(Integer(), "sqlite")
"""Counts that add up: 64 bits on every database."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on every database; SQLite alone would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Message(TypeDecorator[str]):
    """A text for people: next steps in it are kept apart from what it quotes of others."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return to_kept(value) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return from_kept(value) if value is not None else None


class Document(TypeDecorator[Any]):
    """JSON with messages somewhere in it, each kept as ``Message`` keeps one."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return throughout(value, to_kept)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return throughout(value, from_kept)
