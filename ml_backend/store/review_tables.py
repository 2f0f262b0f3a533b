"""The table of tabs that we keep in Label Studio, so that people look first where it matters."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, String, Table, UniqueConstraint

from ml_backend.store.schema import Message, UtcDateTime, metadata

# Without a key to its prompt: a deleted one leaves a tab, and a setting, that are to be put back.
review_tabs = Table(
    "review_tabs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", Integer, nullable=False),
    Column("version_id", Integer),
    Column("size", Integer, nullable=False),
    Column("below", Float),
    Column("title", String(500), nullable=False),
    Column("tab_id", Integer),
    # Digests of the sets of tasks it was made to show; the tasks themselves are in the tab alone.
    Column("written", JSON, nullable=False, default=list),
    Column("state", String(20), nullable=False),
    Column("message", Message, nullable=False, default=""),
    Column("batch", Integer, nullable=False, default=0),
    Column("waiting", Integer, nullable=False, default=0),
    # "" while the project's sampling was left alone.
    Column("sampling", String(100), nullable=False, default=""),
    Column("sampling_before", String(100)),
    Column("looked_at", Float, nullable=False, default=0.0),
    Column("due_at", Float),
    Column("since", UtcDateTime, nullable=False),
    Column("created_by", JSON),
    UniqueConstraint("project_id", "prompt_id"),
    sqlite_autoincrement=True,
)
