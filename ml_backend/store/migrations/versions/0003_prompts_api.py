"""What the Prompts API needs: who made what, the fields only the SDK reads, jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for table in ("connections", "prompts", "versions", "runs"):
        op.add_column(table, sa.Column("created_by", sa.JSON(), nullable=True))
        op.add_column(table, sa.Column("organization", sa.Integer(), nullable=True))
    op.add_column("connections", sa.Column("details", sa.JSON(), nullable=True))
    for name, length, default in (("scope", 20, "Organization"), ("encrypted_secrets", None, "")):
        kind = sa.String(length=length) if length else sa.Text()
        column = sa.Column(name, kind, nullable=False, server_default=default)
        op.add_column("connections", column)
    skill = sa.Column("skill_name", sa.String(length=60), nullable=False, server_default="")
    op.add_column("prompts", skill)
    for name in ("input_fields", "output_classes"):
        op.add_column("prompts", sa.Column(name, sa.JSON(), nullable=True))
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=True),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_by", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_prompt_id"), "jobs", ["prompt_id"])
    op.create_index(op.f("ix_jobs_status"), "jobs", ["status"])
