"""Acceptances: which annotations were made of which predictions, so that they can be taken back.

What was promoted before is in no acceptance: nobody wrote down which act made which annotation.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "acceptances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("project_made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prompt_id", sa.Integer(), nullable=True),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("promise_id", sa.Integer(), nullable=True),
        sa.Column("studio_user", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptances")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_acceptances_project_id", "acceptances", ["project_id"])
    op.create_table(
        "accepted_rows",
        sa.Column("acceptance_id", sa.Integer(), nullable=False),
        sa.Column("prediction_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(500), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("annotation_id", sa.Integer(), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["acceptance_id"],
            ["acceptances.id"],
            name=op.f("fk_accepted_rows_acceptance_id_acceptances"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("acceptance_id", "prediction_id", name=op.f("pk_accepted_rows")),
    )
    op.create_index("ix_accepted_rows_task", "accepted_rows", ["project_id", "task_id"])
