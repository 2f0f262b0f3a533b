"""What a run spent on answers that it dropped and asked for anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("runs", sa.Column("again", sa.JSON(), nullable=True))
