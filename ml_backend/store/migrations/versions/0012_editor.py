"""System texts of versions, prices of the environment's connection, what tries of a task cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "versions", sa.Column("system_prompt", sa.Text(), nullable=False, server_default="")
    )
    op.create_table(
        "environment_prices",
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("prompt", sa.Float(), nullable=False),
        sa.Column("completion", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("place", "model", name=op.f("pk_environment_prices")),
    )
    op.create_table(
        "tries",
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt_id"],
            ["prompts.id"],
            name=op.f("fk_tries_prompt_id_prompts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prompt_id", "project_id", "day", name=op.f("pk_tries")),
    )
