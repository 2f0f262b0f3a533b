"""The tables of runs: a row a run, a wide row a task of it, and what is read beside those."""

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
    Text,
    false,
)

from ml_backend.store.claims import claim_columns
from ml_backend.store.schema import Document, Large, Message, UtcDateTime, metadata


def token_kinds() -> list[Column[int]]:
    """Columns of the tokens among the others that are priced or told apart."""
    names = ("cached_tokens", "cache_write_tokens", "reasoning_tokens")
    return [Column(name, Large, nullable=False, default=0, server_default="0") for name in names]


runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("prompt_id", Integer, nullable=False, index=True),
    Column("version_id", Integer, nullable=False, index=True),
    Column("project_id", Integer, nullable=False, index=True),
    Column("label", String(500), nullable=False),
    Column("slot", String(10), nullable=False),
    Column("subset", String(10), nullable=False),
    Column("status", String(20), nullable=False, index=True),
    Column("stage", String(20), nullable=False),
    Column("snapshot", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    Column("total", Integer, nullable=False, default=0),
    Column("succeeded", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("cached", Integer, nullable=False, default=0),
    Column("prompt_tokens", Large, nullable=False, default=0),
    Column("completion_tokens", Large, nullable=False, default=0),
    Column("uncounted", Integer, nullable=False, default=0, server_default="0"),
    *token_kinds(),
    Column("cost", Float),
    Column("failures", JSON, nullable=False, default=dict),
    Column("message", Message, nullable=False, default=""),
    Column("plan", Document, nullable=False, default=dict),
    Column("metrics", JSON, nullable=False, default=dict),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("holder", String(200)),
    *claim_columns(),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("asked_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("stale", Text, nullable=False, default="", server_default=""),
    Column("created_by", JSON),
    Column("organization", Integer),
    Column("tasks_deleted", Integer, nullable=False, default=0, server_default="0"),
    Column("judged", Boolean, nullable=False, default=False, server_default=false()),
    Column("again", JSON),
    # The versions that answer it together, as ",1,2,": no figure of it is one of its version's.
    Column("members", Text, nullable=False, default="", server_default=""),
    sqlite_autoincrement=True,
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Integer, primary_key=True),
    Column("ok", Boolean, nullable=False),
    Column("published", Boolean, nullable=False, default=False),
    Column("request_key", String(64), nullable=False, default=""),
    Column("kind", String(30), nullable=False, default=""),
    Column("message", Message, nullable=False, default=""),
    Column("answer", JSON),
    Column("result", JSON),
    Column("score", Float),
    Column("problems", JSON),
    Column("raw", Text, nullable=False, default=""),
    Column("prompt_tokens", Large, nullable=False, default=0),
    Column("completion_tokens", Large, nullable=False, default=0),
    Column("uncounted", Integer, nullable=False, default=0, server_default="0"),
    *token_kinds(),
    Column("cost", Float),
    Column("latency", Float, nullable=False, default=0.0),
    Column("calls", Integer, nullable=False, default=0),
    Column("cached", Boolean, nullable=False, default=False),
    Column("flagged", Boolean, nullable=False, default=False, server_default=false()),
    Column("right", Boolean),
    # Where its score is from, and that of its parts.
    Column("confidence", JSON(none_as_null=True)),
    # Its task was gone from Label Studio when the run was published.
    Column("task_deleted", Boolean, nullable=False, default=False, server_default=false()),
    # What each of several versions said that were asked.
    Column("opinions", JSON(none_as_null=True)),
    # All that counting and paging ask about, so that the wide rows are left alone.
    Index("ix_outcomes_results", "run_id", "task_id", "ok", "flagged", "right", "score"),
)

class_pairs = Table(
    "class_pairs",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("control", Text, primary_key=True),
    # Stands for truth and given, which may be missing and too long for an index.
    Column("cell", String(32), primary_key=True),
    Column("task_id", Integer, primary_key=True, autoincrement=False),
    Column("truth", Text),
    Column("given", Text),
    Column("n", Integer, nullable=False),
    # Its key is most of a row: so SQLite keeps it once, and in the order it is read in.
    sqlite_with_rowid=False,
)

kept_predictions = Table(
    "kept_predictions",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("prediction_id", Integer, primary_key=True),
    Column("task_id", Integer, nullable=False),
    Column("label", String(500), nullable=False),
    Column("score", Float),
    Column("result", JSON, nullable=False),
)
