"""Budgets of connections and what they spent, refined versions, tasks held out from teachers."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("connections", sa.Column("budget_limit", sa.Float(), nullable=True))
    period = sa.Column("budget_period", sa.String(length=20), nullable=False, server_default="")
    op.add_column("connections", period)
    op.add_column("versions", sa.Column("refined_from", sa.Integer(), nullable=True))
    spendings = op.create_table(
        "spendings",
        sa.Column("connection_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "day", name=op.f("pk_spendings")),
    )
    op.create_table(
        "splits",
        sa.Column("project_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt_id"],
            ["prompts.id"],
            name=op.f("fk_splits_prompt_id_prompts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", name=op.f("pk_splits")),
    )
    _carry_over(spendings)


def _carry_over(spendings: sa.Table) -> None:
    """Count what earlier runs spent."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT v.connection_id, r.created_at, r.cost, r.prompt_tokens, r.completion_tokens "
            "FROM runs r JOIN versions v ON v.id = r.version_id "
            "WHERE v.connection_id IS NOT NULL AND r.cost IS NOT NULL"
        )
    ).all()
    days: dict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0, 0])
    for connection_id, created_at, *amounts in rows:
        sums = days[connection_id, str(created_at)[:10]]
        for place, amount in enumerate(amounts):
            sums[place] += amount or 0
    if days:
        op.bulk_insert(
            spendings,
            [
                {
                    "connection_id": connection_id,
                    "day": day,
                    "cost": float(cost),
                    "calls": 0,
                    "unpriced": 0,
                    "prompt_tokens": int(prompt),
                    "completion_tokens": int(completion),
                }
                for (connection_id, day), (cost, prompt, completion) in days.items()
            ],
        )
