"""The tables of follows that accept: by what they do, and what the lot made of each task."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    false,
)

from ml_backend.store.schema import Message, UtcDateTime, metadata

# Without a key to its prompt: what was accepted of a deleted one can still be taken back.
follow_guards = Table(
    "follow_guards",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("version_id", Integer, nullable=False),
    Column("label", String(500), nullable=False),
    Column("promise_id", Integer, nullable=False),
    Column("max_error", Float, nullable=False),
    Column("certainty", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("seed", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("message", Message, nullable=False, default=""),
    Column("batch", Integer, nullable=False, default=0),
    Column("is_batch_open", Boolean, nullable=False, default=False, server_default=false()),
    Column("waiting", Integer, nullable=False, default=0),
    Column("run_id", Integer, nullable=False, default=0),
    Column("good_place", Integer),
    Column("tab", JSON(none_as_null=True)),
    Column("due_at", Float, nullable=False, default=0.0),
    Column("created_by", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_follow_guards_place", "project_id", "prompt_id"),
    sqlite_autoincrement=True,
)

# A task is decided on once, whichever of a prompt's follows does it.
follow_tasks = Table(
    "follow_tasks",
    metadata,
    Column("guard_id", ForeignKey("follow_guards.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("is_check", Boolean, nullable=False),
    Column("sample_id", Integer),
    Column("number", Integer),
    Column("is_right", Boolean),
    UniqueConstraint("project_id", "prompt_id", "task_id"),
)
