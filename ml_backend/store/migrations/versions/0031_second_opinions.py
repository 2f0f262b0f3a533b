"""Runs that several versions answer together, and what each of them said of a task.

What was run before was answered by one version alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("runs", sa.Column("members", sa.Text(), nullable=False, server_default=""))
    op.add_column("outcomes", sa.Column("opinions", sa.JSON()))
