"""Where the predictions that ``/predict`` handed out came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "provenance",
        sa.Column("project_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("task_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("label", sa.String(length=500), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("pool_revision", sa.Integer(), nullable=True),
        sa.Column("pool_examples", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "task_id", "label", name=op.f("pk_provenance")),
    )
