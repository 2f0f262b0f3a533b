"""What a connected project needs: events, follows, sweeps, prompts that come from its config."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _add_columns()
    op.create_table(
        "projects",
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("instruction_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("examples_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("examples_revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_projects")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("task_ids", sa.JSON(), nullable=True),
        sa.Column("annotation_ids", sa.JSON(), nullable=True),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_project_id"), "events", ["project_id"])
    op.create_table(
        "predict_failures",
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "task_id", "label", name=op.f("pk_predict_failures")),
    )
    op.create_table(
        "follows",
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("budget", sa.Float(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_at", sa.Float(), nullable=True),
        sa.Column("due_at", sa.Float(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt_id"],
            ["prompts.id"],
            name=op.f("fk_follows_prompt_id_prompts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prompt_id", "project_id", name=op.f("pk_follows")),
    )
    op.create_index(op.f("ix_follows_project_id"), "follows", ["project_id"])


def _add_columns() -> None:
    for table in ("prompts", "versions"):
        origin = sa.Column("origin", sa.String(length=20), nullable=False, server_default="")
        op.add_column(table, origin)
    op.add_column("prompts", sa.Column("origin_project_id", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("stale", sa.Text(), nullable=False, server_default=""))
    op.add_column("served_predictions", sa.Column("sweep_at", sa.Float(), nullable=True))
    op.add_column(
        "served_predictions",
        sa.Column("sweeps", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_index(op.f("ix_served_predictions_sweep_at"), "served_predictions", ["sweep_at"])
    op.add_column(
        "contacts", sa.Column("host", sa.String(length=300), nullable=False, server_default="")
    )
