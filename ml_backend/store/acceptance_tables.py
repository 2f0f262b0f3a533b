"""The tables of annotations made of predictions: each act of making some, and its rows."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table

from ml_backend.store.schema import UtcDateTime, metadata

# Written before anything is made: who, of what, by which threshold.
acceptances = Table(
    "acceptances",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False, index=True),
    # Which project of that number it was.
    Column("project_made_at", UtcDateTime),
    Column("prompt_id", Integer),
    Column("version_id", Integer),
    Column("selection", JSON, nullable=False, default=dict),
    Column("threshold", Float),
    Column("promise_id", Integer),
    # The user of Label Studio whose annotations they are.
    Column("studio_user", Integer),
    Column("created_by", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    # None while it goes on, or since it was interrupted.
    Column("completed_at", UtcDateTime),
    sqlite_autoincrement=True,
)

accepted_rows = Table(
    "accepted_rows",
    metadata,
    Column("acceptance_id", ForeignKey("acceptances.id", ondelete="CASCADE"), primary_key=True),
    Column("prediction_id", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, nullable=False),
    Column("task_id", Integer, nullable=False),
    Column("label", String(500), nullable=False),
    Column("score", Float),
    # Of the result the annotation was made with: another one since is a person's.
    Column("fingerprint", String(64), nullable=False),
    # None before it was read back, and of what did not become one.
    Column("annotation_id", Integer),
    Column("taken_back_at", UtcDateTime),
    Index("ix_accepted_rows_task", "project_id", "task_id"),
)

promotions = Table(
    "promotions",
    metadata,
    Column("annotation_id", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False),
)
