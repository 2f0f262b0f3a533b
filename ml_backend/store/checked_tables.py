"""The table of what people decided of labels that answers dispute."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from ml_backend.store.schema import UtcDateTime, metadata

checked_labels = Table(
    "checked_labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False),
    Column("prompt_id", ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("task_id", Integer, nullable=False),
    # Of the run whose answer was looked at; kept as numbers, for it may be deleted.
    Column("version_id", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("decision", String(20), nullable=False),
    # (control, class of the label, class of the answer) that differ.
    Column("pairs", JSON, nullable=False),
    # Of what was decided on: another label or another answer is disputed anew.
    Column("label_digest", String(64), nullable=False),
    Column("answer_digest", String(64), nullable=False),
    # Annotations whose mark as ground truth went with it, to be put back when it is undone.
    Column("unmarked", JSON, nullable=False, default=list),
    Column("created_by", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("project_id", "prompt_id", "task_id"),
    sqlite_autoincrement=True,
)
