"""Which project a prompt was made for, and which tasks were deleted while a run was under way.

A project is told by the time Label Studio made it, beside its number. What wrote predictions tells
it already. The rest is filled in when the project is next read.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("prompt_projects", sa.Column("bound_at", TIME, nullable=True))
    op.add_column("prompt_projects", sa.Column("project_made_at", TIME, nullable=True))
    op.add_column("projects", sa.Column("made_at", TIME, nullable=True))
    op.add_column(
        "runs", sa.Column("tasks_deleted", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "outcomes",
        sa.Column("task_deleted", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    labels = sa.table(
        "labels",
        sa.column("prompt_id", sa.Integer),
        sa.column("project_id", sa.Integer),
        sa.column("created_at", TIME),
        sa.column("project_made_at", TIME),
    )
    bound = sa.table(
        "prompt_projects",
        sa.column("prompt_id", sa.Integer),
        sa.column("project_id", sa.Integer),
        sa.column("project_made_at", TIME),
    )
    connection = op.get_bind()
    known = labels.c.project_made_at.is_not(None)
    # The last one stays: it is of the project that had the number last.
    rows = connection.execute(sa.select(labels).where(known).order_by(labels.c.created_at)).all()
    for row in {(each.prompt_id, each.project_id): each for each in rows}.values():
        connection.execute(
            sa.update(bound)
            .where(bound.c.prompt_id == row.prompt_id, bound.c.project_id == row.project_id)
            .values(project_made_at=row.project_made_at)
        )
