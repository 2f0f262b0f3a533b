"""The tables of what is looked after: the audit log, what is gone, what models were seen to do."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, String, Table, Text

from ml_backend.store.schema import UtcDateTime, metadata

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("face", String(20), nullable=False),
    Column("person_id", Integer),
    Column("email", String(320), nullable=False, default=""),
    Column("name", String(200), nullable=False, default=""),
    Column("action", String(40), nullable=False),
    Column("kind", String(20), nullable=False, default=""),
    Column("object_id", Integer),
    Column("title", String(500), nullable=False, default=""),
    Column("project_id", Integer),
    Column("organization", Integer),
    Column("counts", JSON, nullable=False, default=dict),
    Column("cost", Float),
    Column("outcome", String(20), nullable=False),
    sqlite_autoincrement=True,
)

# What Label Studio was asked about by itself, so that what it deleted can be erased here: a row
# tells that it was there once, and since when it is missing.
presences = Table(
    "presences",
    metadata,
    Column("place", String(64), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("object_id", Integer, primary_key=True, autoincrement=False),
    Column("made_at", UtcDateTime),
    Column("seen_at", Float, nullable=False),
    Column("missing_since", Float),
)

# Its place tells a connection and where it leads: measured elsewhere is not measured here.
model_abilities = Table(
    "model_abilities",
    metadata,
    Column("place", String(80), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("measured", JSON, nullable=False),
    Column("measured_at", UtcDateTime, nullable=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("encrypted_token", Text, nullable=False),
    Column("person_id", Integer),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)
