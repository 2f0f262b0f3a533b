"""How versions ask for confidence, and how sure each answer is, with where that is from.

Versions that are there already ask for nothing they did not ask before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"


def upgrade() -> None:
    op.add_column(
        "versions", sa.Column("confidence", sa.String(20), nullable=False, server_default="none")
    )
    for table in ("outcomes", "answers"):
        op.add_column(table, sa.Column("confidence", sa.JSON(), nullable=True))
