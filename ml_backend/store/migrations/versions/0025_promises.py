"""Promise samples: tasks drawn to test a promise, and predictions withheld while they are open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "promise_samples",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("project_made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(500), nullable=False),
        sa.Column("slot", sa.String(10), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("config_digest", sa.String(64), nullable=False),
        sa.Column("pool_revision", sa.Integer(), nullable=True),
        sa.Column("pool_digest", sa.String(64), nullable=False),
        sa.Column("run_ids", sa.JSON(), nullable=False),
        sa.Column("population", sa.JSON(), nullable=False),
        sa.Column("population_digest", sa.String(64), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("max_error", sa.Float(), nullable=False),
        sa.Column("certainty", sa.Float(), nullable=False),
        sa.Column("several_looks", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("hiding", sa.String(20), nullable=False),
        sa.Column("watermark", sa.Integer(), nullable=False),
        sa.Column("tab", sa.JSON(), nullable=True),
        sa.Column("looks", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_samples")),
        sqlite_autoincrement=True,
    )
    for name in ("project_id", "prompt_id", "version_id"):
        op.create_index(op.f(f"ix_promise_samples_{name}"), "promise_samples", [name])
    op.create_table(
        "promise_tasks",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("data_digest", sa.String(64), nullable=False),
        sa.Column("finding", sa.String(20), nullable=True),
        sa.Column("annotation_id", sa.Integer(), nullable=True),
        sa.Column("is_erased", sa.Boolean(), nullable=False, server_default=sa.false()),
        _of_sample("promise_tasks"),
        sa.PrimaryKeyConstraint("sample_id", "task_id", name=op.f("pk_promise_tasks")),
    )
    op.create_index("ix_promise_tasks_task", "promise_tasks", ["project_id", "task_id"])
    op.create_table(
        "promise_withheld",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(500), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(10), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("prediction_id", sa.Integer(), nullable=True),
        _of_sample("promise_withheld"),
        sa.PrimaryKeyConstraint("sample_id", "task_id", "label", name=op.f("pk_promise_withheld")),
    )
    op.create_index("ix_promise_withheld_task", "promise_withheld", ["project_id", "task_id"])


def _of_sample(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["sample_id"],
        ["promise_samples.id"],
        name=op.f(f"fk_{table}_sample_id_promise_samples"),
        ondelete="CASCADE",
    )
