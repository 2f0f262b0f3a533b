"""The audit log, whose a session of the pages is, and what Label Studio was seen to have.

A session that was open before tells nobody's name; it ends by itself within a week.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", TIME, nullable=False, index=True),
        sa.Column("face", sa.String(20), nullable=False),
        sa.Column("person_id", sa.Integer()),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("object_id", sa.Integer()),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("project_id", sa.Integer()),
        sa.Column("organization", sa.Integer()),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("cost", sa.Float()),
        sa.Column("outcome", sa.String(20), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "presences",
        sa.Column("place", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("object_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("made_at", TIME),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("missing_since", sa.Float()),
    )
    op.add_column("web_sessions", sa.Column("person_id", sa.Integer()))
