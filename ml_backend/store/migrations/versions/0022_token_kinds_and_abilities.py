"""Tokens read from caches, written to them and thought with, and what models were measured to do.

What was asked before counts none of these: nobody wrote down how many there were.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

KINDS = ("cached_tokens", "cache_write_tokens", "reasoning_tokens")


def upgrade() -> None:
    for table in ("runs", "outcomes", "answers"):
        for name in KINDS:
            kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default="0"))
    op.create_table(
        "model_abilities",
        sa.Column("place", sa.String(80), primary_key=True),
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
    )
