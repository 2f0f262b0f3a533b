"""The tables of promise samples: what was drawn, and what is kept out of Label Studio meanwhile."""

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
    false,
)

from ml_backend.store.schema import Document, Message, UtcDateTime, metadata

promise_samples = Table(
    "promise_samples",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False, index=True),
    Column("project_made_at", UtcDateTime),
    Column("prompt_id", Integer, nullable=False, index=True),
    Column("version_id", Integer, nullable=False, index=True),
    Column("label", String(500), nullable=False),
    Column("slot", String(10), nullable=False),
    Column("seed", String(64), nullable=False),
    Column("snapshot", JSON, nullable=False),
    Column("config_digest", String(64), nullable=False),
    Column("pool_revision", Integer),
    Column("pool_digest", String(64), nullable=False, default=""),
    Column("run_ids", JSON, nullable=False),
    # [[task, score, fingerprint of the prediction], …], by task.
    Column("population", JSON, nullable=False),
    Column("population_digest", String(64), nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("size", Integer, nullable=False),
    Column("max_error", Float, nullable=False),
    Column("certainty", Float, nullable=False),
    Column("several_looks", Boolean, nullable=False),
    Column("state", String(20), nullable=False),
    Column("hiding", String(20), nullable=False),
    # -1 until predictions begin to be put back.
    Column("watermark", Integer, nullable=False, default=-1),
    Column("tab", JSON(none_as_null=True)),
    Column("looks", Document, nullable=False, default=list),
    Column("reason", Message, nullable=False, default=""),
    Column("created_by", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),
    Column("kind", String(10), nullable=False, default="promise", server_default="promise"),
    # By Label Studio's clock: a task made later is none of the population, whatever its id.
    Column("newest_task_at", UtcDateTime),
    sqlite_autoincrement=True,
)

promise_tasks = Table(
    "promise_tasks",
    metadata,
    Column("sample_id", ForeignKey("promise_samples.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("result", JSON, nullable=False),
    Column("data_digest", String(64), nullable=False),
    Column("finding", String(20)),
    Column("annotation_id", Integer),
    Column("is_erased", Boolean, nullable=False, default=False, server_default=false()),
    Index("ix_promise_tasks_task", "project_id", "task_id"),
)

# Predictions of ours that stood on a sample's tasks, or came while it was open.
promise_withheld = Table(
    "promise_withheld",
    metadata,
    Column("sample_id", ForeignKey("promise_samples.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Integer, primary_key=True, autoincrement=False),
    Column("label", String(500), primary_key=True),
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("slot", String(10), nullable=False),
    Column("score", Float),
    Column("result", JSON, nullable=False),
    Column("prediction_id", Integer),
    Index("ix_promise_withheld_task", "project_id", "task_id"),
)
