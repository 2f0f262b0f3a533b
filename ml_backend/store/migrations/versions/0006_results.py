"""What looking at a run's results needs: outcomes flagged and judged, an index, class pairs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for table, name in (("runs", "judged"), ("outcomes", "flagged")):
        no = sa.false()
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=no))
    op.add_column("outcomes", sa.Column("right", sa.Boolean(), nullable=True))
    _flag()
    op.create_index(
        "ix_outcomes_results",
        "outcomes",
        ["run_id", "task_id", "ok", "flagged", "right", "score"],
    )
    op.create_table(
        "class_pairs",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("cell", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("truth", sa.Text(), nullable=True),
        sa.Column("given", sa.Text(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_class_pairs_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "control", "cell", "task_id", name=op.f("pk_class_pairs")
        ),
        sqlite_with_rowid=False,
    )


def _flag() -> None:
    """Flag what earlier runs left to be looked at: problems, and answers that were no use."""
    outcomes = sa.table(
        "outcomes",
        sa.column("ok", sa.Boolean()),
        sa.column("kind", sa.String()),
        sa.column("problems", sa.JSON()),
        sa.column("flagged", sa.Boolean()),
    )
    o = outcomes.c
    problems = sa.cast(o.problems, sa.Text)
    with_problems = sa.and_(o.ok.is_(True), problems.not_in(["[]", "null"]))
    unusable = sa.and_(o.ok.is_(False), o.kind == "invalid_answer")
    op.execute(sa.update(outcomes).where(sa.or_(with_problems, unusable)).values(flagged=sa.true()))
