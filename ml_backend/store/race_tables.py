"""The table of races: what each model came to on each task that it was asked."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from ml_backend.store.schema import metadata

race_answers = Table(
    "race_answers",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("entrant", Integer, primary_key=True, autoincrement=False),
    Column("task_id", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, nullable=False),
    # Whether it was raced, or asked at the end of who had won.
    Column("raced", Boolean, nullable=False),
    Column("score", Float, nullable=False),
    Column("right", Boolean, nullable=False),
    Column("failed", String(30), nullable=False, default=""),
    Column("cost", Float),
    Column("spent", Float),
    Column("seconds", Float),
    Column("request_key", String(64), nullable=False, default=""),
    Index("ix_race_answers_task", "project_id", "task_id"),
)
