"""Runs as they stand in the store in each of their states, without having them asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ml_backend.records import (
    Correctness,
    Run,
    RunMetrics,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Stage,
)
from ml_backend.store import tables as t
from ml_backend.store.run_columns import to_columns
from support.pages import Pages


def measured(right: int, n: int, fingerprint: str = "") -> RunMetrics:
    """Return metrics of a run, as far as a score needs them."""
    share = right / n if n else None
    return RunMetrics(Correctness(n, right, 0, share, 0.5, 0.9), fingerprint=fingerprint)


def stored_run(
    pages: Pages,
    version_id: int,
    status: RunStatus = RunStatus.COMPLETED,
    *,
    options: dict[str, Any] | None = None,
    **columns: Any,
) -> Run:
    """Return a run of six tasks that the engine leaves alone."""
    store = pages.container.store
    version = store.prompts.get_version(version_id)
    run = store.runs.create(
        prompt_id=version.prompt_id,
        version_id=version.id,
        project_id=pages.project,
        label=f"label {version.id}",
        slot=columns.pop("slot", "evaluate"),
        subset=columns.pop("subset", "HasGT"),
        snapshot=RunSnapshot.of(version),
        options=RunOptions(**{"task_ids": tuple(pages.api.tasks[:6]), **(options or {})}),
        total=6,
        cost=0.0,
        handed_out=True,
    )
    values = {"status": status.value, "stage": Stage.ASKING.value, **columns}
    values["started_at"] = datetime.now(UTC) - timedelta(seconds=10)
    if status.is_final:
        values |= {"holder": None, "completed_at": datetime.now(UTC)}
    with store.database.write() as c:
        c.execute(t.runs.update().where(t.runs.c.id == run.id).values(**to_columns(values)))
    return store.runs.get(run.id)
