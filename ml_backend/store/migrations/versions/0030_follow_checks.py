"""Follows that accept: by which promise, what the lot made of each task, what checks said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    kind = sa.Column("kind", sa.String(10), nullable=False, server_default="promise")
    op.add_column("promise_samples", kind)
    op.create_table(
        "follow_guards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(500), nullable=False),
        sa.Column("promise_id", sa.Integer(), nullable=False),
        sa.Column("max_error", sa.Float(), nullable=False),
        sa.Column("certainty", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("is_batch_open", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("good_place", sa.Integer(), nullable=True),
        sa.Column("tab", sa.JSON(), nullable=True),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("created_by", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_guards")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_follow_guards_place", "follow_guards", ["project_id", "prompt_id"])
    op.create_table(
        "follow_tasks",
        sa.Column("guard_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("is_check", sa.Boolean(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("is_right", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["guard_id"],
            ["follow_guards.id"],
            name=op.f("fk_follow_tasks_guard_id_follow_guards"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("guard_id", "task_id", name=op.f("pk_follow_tasks")),
        sa.UniqueConstraint(
            "project_id", "prompt_id", "task_id", name=op.f("uq_follow_tasks_project_id")
        ),
    )
