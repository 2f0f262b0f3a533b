"""A run's columns: the one place that writes its records into a row and reads them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from ml_backend.records import Run, RunOptions, RunStatus, Slot, Stage, Subset, Totals
from ml_backend.records.metrics_json import metrics_json, metrics_of
from ml_backend.records.run_json import (
    again_of,
    options_json,
    options_of,
    plan_json,
    plan_of,
    snapshot_json,
    snapshot_of,
)
from ml_backend.store import tables as t
from ml_backend.store.believable import believable_cost
from ml_backend.store.paid_answers import usage_columns, usage_of
from ml_backend.store.people import read_person

NOTHING_TO_TELL = "nothing_to_tell"
"""A kind beside those of failures: of tasks that succeeded, and have nothing marked."""

_WRITERS: dict[str, Callable[[Any], Any]] = {
    "snapshot": snapshot_json,
    "options": options_json,
    "plan": plan_json,
    "metrics": metrics_json,
}


def to_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns with their records as JSON; the others stay as they are."""
    return {
        name: _WRITERS[name](value) if name in _WRITERS else value for name, value in values.items()
    }


def members_column(options: RunOptions) -> str:
    """Return the versions that answer a run together as ``,1,2,``, "" where one does alone."""
    ids = [str(each.version_id) for each in options.members]
    return f",{','.join(ids)}," if ids else ""


def answered_by(version_id: int) -> sa.ColumnElement[bool]:
    """Return what holds of the runs that a version answers, alone or with others."""
    r, v = t.runs.c, t.versions.c
    prompt = sa.select(v.prompt_id).where(v.id == version_id).scalar_subquery()
    # By the prompt, which has an index.
    with_others = sa.and_(r.prompt_id == prompt, r.members.contains(f",{version_id},"))
    return sa.or_(r.version_id == version_id, with_others)


def failures_of(kinds: Mapping[str, int] | None) -> dict[str, int]:
    """Return the failures of a run by kind, without what is counted beside them."""
    return {kind: n for kind, n in (kinds or {}).items() if kind != NOTHING_TO_TELL}


def _empty(totals: Totals) -> dict[str, int]:
    return {NOTHING_TO_TELL: totals.nothing_to_tell} if totals.nothing_to_tell else {}


def totals_columns(totals: Totals) -> dict[str, Any]:
    """Return the columns that hold these totals; ``total`` itself is set by its reader."""
    return {
        "succeeded": totals.succeeded,
        "failed": totals.failed,
        "cached": totals.cached,
        **usage_columns(totals.usage),
        "uncounted": totals.usage.uncounted,
        "cost": totals.cost,
        "failures": {**totals.failures, **_empty(totals)},
        "tasks_deleted": totals.deleted,
    }


def read_run(row: Any) -> Run:
    """Return a row as the run it is, whatever version wrote it."""
    return Run(
        id=row.id,
        prompt_id=row.prompt_id,
        version_id=row.version_id,
        project_id=row.project_id,
        label=row.label,
        slot=Slot(row.slot),
        subset=Subset(row.subset),
        status=RunStatus(row.status),
        stage=Stage(row.stage),
        snapshot=snapshot_of(row.snapshot),
        options=options_of(row.options),
        totals=Totals(
            total=row.total,
            succeeded=row.succeeded,
            failed=row.failed,
            cached=row.cached,
            usage=usage_of(row, row.uncounted),
            cost=believable_cost(row.cost),
            failures=failures_of(row.failures),
            nothing_to_tell=(row.failures or {}).get(NOTHING_TO_TELL, 0),
            again=again_of(row.again),
            deleted=row.tasks_deleted,
        ),
        message=row.message,
        plan=plan_of(row.plan),
        metrics=metrics_of(row.metrics),
        cancel_requested=row.cancel_requested,
        created_at=row.created_at,
        started_at=row.started_at,
        asked_at=row.asked_at,
        completed_at=row.completed_at,
        stale=row.stale,
        created_by=read_person(row.created_by),
        organization=row.organization,
    )
