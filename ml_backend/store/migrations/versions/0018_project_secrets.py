"""A secret a project, by which it is known when Label Studio calls, and who connected it.

Connections of before have none: they go on as open ones until they are connected again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "project_secrets",
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("events_digest", sa.String(64), nullable=False),
        sa.Column("encrypted_secret", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("project_made_at", TIME, nullable=True),
        sa.Column("placed_at", TIME, nullable=True),
        sa.Column("valid_until", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "serial", name=op.f("pk_project_secrets")),
    )
    op.create_table(
        "project_connectors",
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "person_id", name=op.f("pk_project_connectors")),
    )
