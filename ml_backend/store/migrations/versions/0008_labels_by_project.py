"""Labels by Label Studio and project: ours only where something of ours was written under them.

What earlier versions claimed everywhere becomes what they can be shown to have written: by a run,
by a recorded write, by ``/predict``. Of all else nobody knows whose it is, and it is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

WROTE = ("loading", "verifying", "done")
ABOUT_TO_WRITE = "clearing"
OPEN = ("Pending", "InProgress")
UNKNOWN_ADDRESS = ""


def upgrade() -> None:
    connection = op.get_bind()
    rows = list(_written(connection))
    op.drop_index(op.f("ix_labels_version_id"), table_name="labels")
    op.drop_index(op.f("ix_labels_prompt_id"), table_name="labels")
    op.drop_table("labels")
    labels = op.create_table(
        "labels",
        sa.Column("studio", sa.String(length=500), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("label", sa.String(length=500), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watermark", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("project_made_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("studio", "project_id", "label", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_prompt_id"), "labels", ["prompt_id"], unique=False)
    op.create_index(op.f("ix_labels_version_id"), "labels", ["version_id"], unique=False)
    if rows:
        connection.execute(sa.insert(labels), rows)


class Trace(NamedTuple):
    """One thing that tells of a write: when it was, and what stood in the project before."""

    at: datetime
    watermark: int
    """The highest prediction id before a run's first write, 0 where that is not known."""


def _written(c: sa.Connection) -> Iterator[dict[str, Any]]:
    """Yield the new rows: every place where a label of a prompt that is left was written."""
    labels = sa.table("labels", *map(sa.column, ("label", "prompt_id", "version_id", "slot")))
    prompts = sa.table("prompts", sa.column("id"))
    known = sa.select(labels).where(labels.c.prompt_id.in_(sa.select(prompts.c.id)))
    owners = {row.label: row for row in c.execute(known)}
    found: dict[tuple[str, int, str], list[Trace]] = {}
    addresses = _Addresses(c)
    for place, trace in _recorded(c):
        found.setdefault(place, []).append(trace)
    recorded = {(project_id, label) for _, project_id, label in found}
    for project_id, label, trace in _of_runs(c):
        if (project_id, label) not in recorded:
            _add(found, addresses, project_id, label, trace)
    for project_id, label, trace in _handed_out(c):
        _add(found, addresses, project_id, label, trace)
    for (studio, project_id, label), traces in found.items():
        owner = owners.get(label)
        if owner is None:
            continue
        first = min(traces, key=lambda trace: trace.at)
        yield {
            "studio": studio,
            "project_id": project_id,
            "label": label,
            "prompt_id": owner.prompt_id,
            "version_id": owner.version_id,
            "slot": owner.slot,
            "created_at": first.at,
            "checked_at": first.at,
            "written_at": first.at,
            "watermark": first.watermark,
        }


def _add(
    found: dict[tuple[str, int, str], list[Trace]],
    addresses: _Addresses,
    project_id: int,
    label: str,
    trace: Trace,
) -> None:
    studio = addresses.of_project(project_id)
    if studio is not None:
        found.setdefault((studio, project_id, label), []).append(trace)


class _Addresses:
    """Which Label Studio a project is in, as far as anything was written there."""

    def __init__(self, c: sa.Connection) -> None:
        self._of: dict[int, set[str]] = {}
        for row in c.execute(
            sa.select(_writes.c.project_id, _writes.c.label_studio_url).distinct()
        ):
            self._of.setdefault(row.project_id, set()).add(row.label_studio_url)
        leases = sa.table("leases", sa.column("name"))
        names = c.execute(sa.select(leases.c.name)).scalars()
        self._all = {name.removeprefix("writer:") for name in names if name.startswith("writer:")}
        self._all = self._all.union(*self._of.values())

    def of_project(self, project_id: int) -> str | None:
        """Return its address, "" where no address is known at all, None where it could be two."""
        found = self._of.get(project_id) or self._all
        return next(iter(found), UNKNOWN_ADDRESS) if len(found) < 2 else None


def _recorded(c: sa.Connection) -> Iterator[tuple[tuple[str, int, str], Trace]]:
    """Yield the imports that were sent, each by a run of the prompt that has the label now."""
    w, owner = _writes.c, _labels.c
    query = (
        sa.select(w.label_studio_url, w.project_id, w.label, sa.func.min(w.id).label("first"))
        .join(_runs, _runs.c.id == w.run_id)
        .join(_labels, sa.and_(owner.label == w.label, owner.prompt_id == _runs.c.prompt_id))
        .where(w.kind == "import", w.note != "never sent", w.note.not_like("refused:%"))
        .group_by(w.label_studio_url, w.project_id, w.label)
    )
    for row in c.execute(query).all():
        first = c.execute(sa.select(w.started_at, w.detail).where(w.id == row.first)).one()
        at = datetime.fromtimestamp(first.started_at, UTC)
        place = (row.label_studio_url, row.project_id, row.label)
        yield place, Trace(at, int((first.detail or {}).get("watermark") or 0))


def _of_runs(c: sa.Connection) -> Iterator[tuple[int, str, Trace]]:
    """Yield where a run wrote, or is just about to, by the first one of each place."""
    r, o, owner = _runs.c, _outcomes.c, _labels.c
    published = sa.select(o.run_id).where(o.run_id == r.id, o.published.is_(True)).exists()
    about_to = sa.and_(r.stage == ABOUT_TO_WRITE, r.status.in_(OPEN))
    query = (
        sa.select(sa.func.min(r.id))
        .join(_labels, sa.and_(owner.label == r.label, owner.prompt_id == r.prompt_id))
        .where(sa.or_(r.stage.in_(WROTE), about_to, published))
        .group_by(r.project_id, r.label)
    )
    for run_id in c.execute(query).scalars().all():
        run = c.execute(
            sa.select(r.project_id, r.label, r.created_at, r.plan).where(r.id == run_id)
        ).one()
        watermark = int((run.plan or {}).get("watermark") or 0)
        yield run.project_id, run.label, Trace(_aware(run.created_at), watermark)


def _handed_out(c: sa.Connection) -> Iterator[tuple[int, str, Trace]]:
    """Yield where ``/predict`` handed predictions out."""
    for table, at in ((_served, _served.c.served_at), (_provenance, _provenance.c.given_at)):
        project_id, label = table.c.project_id, table.c.label
        query = sa.select(project_id, label, sa.func.min(at).label("at"))
        for row in c.execute(query.group_by(project_id, label)):
            yield row.project_id, row.label, Trace(_aware(row.at), 0)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _table(name: str, **columns: Any) -> sa.TableClause:
    return sa.table(name, *(sa.column(each, kind) for each, kind in columns.items()))


_labels = _table("labels", label=sa.String, prompt_id=sa.Integer)
_writes = _table(
    "publications",
    id=sa.Integer,
    label_studio_url=sa.String,
    project_id=sa.Integer,
    run_id=sa.Integer,
    kind=sa.String,
    label=sa.String,
    detail=sa.JSON,
    started_at=sa.Float,
    note=sa.Text,
)
_runs = _table(
    "runs",
    id=sa.Integer,
    prompt_id=sa.Integer,
    project_id=sa.Integer,
    label=sa.String,
    status=sa.String,
    stage=sa.String,
    plan=sa.JSON,
    created_at=sa.DateTime(timezone=True),
)
_outcomes = _table("outcomes", run_id=sa.Integer, published=sa.Boolean)
_served = _table(
    "served_predictions",
    project_id=sa.Integer,
    label=sa.String,
    served_at=sa.DateTime(timezone=True),
)
_provenance = _table(
    "provenance",
    project_id=sa.Integer,
    label=sa.String,
    given_at=sa.DateTime(timezone=True),
)
