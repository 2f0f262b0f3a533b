"""A run's columns: the one place that writes its records into a row and reads them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ml_backend.records import Run, RunStatus, Slot, Stage, Subset, Totals, Usage
from ml_backend.records.metrics_json import metrics_json, metrics_of
from ml_backend.records.run_json import (
    options_json,
    options_of,
    plan_json,
    plan_of,
    snapshot_json,
    snapshot_of,
)
from ml_backend.store.people import read_person

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


def totals_columns(totals: Totals) -> dict[str, Any]:
    """Return the columns that hold these totals; ``total`` itself is set by its reader."""
    return {
        "succeeded": totals.succeeded,
        "failed": totals.failed,
        "cached": totals.cached,
        "prompt_tokens": totals.usage.prompt_tokens,
        "completion_tokens": totals.usage.completion_tokens,
        "cost": totals.cost,
        "failures": dict(totals.failures),
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
            usage=Usage(row.prompt_tokens, row.completion_tokens),
            cost=row.cost,
            failures=row.failures or {},
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
