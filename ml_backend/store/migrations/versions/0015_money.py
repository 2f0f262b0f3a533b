"""What is set aside of limits, calls nobody counted, and answers kept by project.

Numbers that cannot be, once taken at a provider's word, become unknown. A paid answer is found by
its project from now on: those of runs are moved there, of others nobody knows who may have them.
Each tells its project and the request it answers, so that erasing these finds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

TIME = sa.DateTime(timezone=True)
COUNTS = 10**12
COSTS = 10.0**9
LARGE = {
    "runs": ("prompt_tokens", "completion_tokens"),
    "outcomes": ("prompt_tokens", "completion_tokens"),
    "answers": ("prompt_tokens", "completion_tokens"),
    "spendings": ("calls", "unpriced", "prompt_tokens", "completion_tokens"),
}
UNKNOWN = {"runs": None, "outcomes": None, "answers": None, "spendings": 0.0, "tries": 0.0}
"""What becomes of a cost that cannot be."""
PAGE = 1000


def upgrade() -> None:
    op.create_table(
        "allowances",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("holder", sa.String(200), primary_key=True),
        sa.Column("spent", sa.Float(), nullable=False),
        sa.Column("held", sa.Float(), nullable=False),
        sa.Column("asked", sa.Float(), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=False),
    )
    for table, kind in (
        ("runs", sa.Integer),
        ("outcomes", sa.Integer),
        ("spendings", sa.BigInteger),
    ):
        op.add_column(table, sa.Column("uncounted", kind(), nullable=False, server_default="0"))
    for table, names in LARGE.items():
        for name in names:
            # SQLite's own are of 64 bits already.
            if op.get_bind().dialect.name != "sqlite":
                op.alter_column(table, name, type_=sa.BigInteger())
            _forget_absurd(table, name, COUNTS, 0)
    for table, instead in UNKNOWN.items():
        _forget_absurd(table, "cost", COSTS, instead)
    _keep_answers_by_project()


def _forget_absurd(table: str, name: str, most: float, instead: float | None) -> None:
    column: sa.ColumnClause[Any] = sa.column(name)
    absurd = sa.or_(column < 0, column > most, column != column)
    op.execute(sa.update(sa.table(table, column)).where(absurd).values({name: instead}))


def _keep_answers_by_project() -> None:
    bind = op.get_bind()
    op.add_column("answers", sa.Column("project_id", sa.Integer(), nullable=True))
    op.add_column(
        "answers", sa.Column("request_key", sa.String(64), nullable=False, server_default="")
    )
    names = (("key", sa.String), ("project_id", sa.Integer), ("request_key", sa.String))
    answers = sa.table("answers", *(sa.column(name, kind) for name, kind in names))
    bind.execute(sa.update(answers).values(request_key=answers.c.key))
    change = (
        sa.update(answers)
        .where(answers.c.key == sa.bindparam("old"))
        .values(
            key=sa.bindparam("new"),
            project_id=sa.bindparam("project"),
            request_key=sa.bindparam("asked"),
        )
    )
    page: list[dict[str, Any]] = []
    for key, project, place, samples in _asked(bind):
        new = _keys(hashlib.sha256(f"{place} {key}".encode()).hexdigest(), samples)
        # An answer that is moved has its old key no more: the project that paid first has it.
        page += [
            {"old": old_key, "new": new_key, "project": project, "asked": key}
            for old_key, new_key in zip(_keys(key, samples), new, strict=True)
        ]
        if len(page) >= PAGE:
            bind.execute(change, page)
            page = []
    if page:
        bind.execute(change, page)
    op.create_index("ix_answers_request_key", "answers", ["request_key"])


def _asked(bind: sa.Connection) -> Iterator[tuple[str, int, str, int]]:
    """Yield what runs paid for: the request, the project and its time, and the answers a task."""
    runs = sa.table(
        "runs",
        sa.column("id", sa.Integer),
        sa.column("project_id", sa.Integer),
        sa.column("options", sa.JSON),
        sa.column("created_at", TIME),
    )
    outcomes = sa.table(
        "outcomes",
        sa.column("run_id", sa.Integer),
        sa.column("request_key", sa.String),
        sa.column("cached", sa.Boolean),
    )
    made = _made(bind)
    query = sa.select(outcomes.c.run_id, outcomes.c.request_key).where(
        outcomes.c.cached.is_(False), outcomes.c.request_key != ""
    )
    for run in bind.execute(sa.select(runs).order_by(runs.c.id)).all():
        made_at = made.get(run.project_id)
        if made_at is None or made_at > _utc(run.created_at):
            continue  # another project has the number now
        place = f"{run.project_id}@{made_at.isoformat(timespec='microseconds')}"
        samples = int((run.options or {}).get("samples") or 1)
        for row in bind.execute(query.where(outcomes.c.run_id == run.id)):
            yield row.request_key, run.project_id, place, samples


def _made(bind: sa.Connection) -> dict[int, datetime]:
    """Return when each project was made that has its number now, as far as it is known."""
    bound = sa.table(
        "prompt_projects", sa.column("project_id", sa.Integer), sa.column("project_made_at", TIME)
    )
    projects = sa.table("projects", sa.column("project_id", sa.Integer), sa.column("made_at", TIME))
    made: dict[int, datetime] = {}
    for query in (
        sa.select(bound.c.project_id, bound.c.project_made_at).order_by(bound.c.project_made_at),
        sa.select(projects.c.project_id, projects.c.made_at),
    ):
        made |= {number: _utc(moment) for number, moment in bind.execute(query) if moment}
    return made


def _keys(key: str, samples: int) -> list[str]:
    more = (f"{key}:{number}" for number in range(1, samples))
    return [key, *(hashlib.sha256(each.encode()).hexdigest() for each in more)]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
