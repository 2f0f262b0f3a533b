"""Runs as they stand in the store in each of their states, without having them asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ml_backend.records import Run, RunStatus, Stage
from ml_backend.services.inference.predictor_factory import snapshot
from ml_backend.store import tables as t
from support.pages import Pages


def measured(right: int, n: int, **more: Any) -> dict[str, Any]:
    """Return metrics of a run, as far as a score needs them."""
    overall = {"n": n, "correct": right, "failed": 0, "accuracy": right / n if n else None}
    return {"overall": {**overall, "low": 0.5, "high": 0.9}, "truth": "ground_truth", **more}


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
        snapshot=snapshot(version),
        options={"task_ids": pages.api.tasks[:6], "truth": "ground_truth", **(options or {})},
        total=6,
        cost=0.0,
        handed_out=True,
    )
    values = {"status": status.value, "stage": Stage.ASKING.value, **columns}
    values["started_at"] = datetime.now(UTC) - timedelta(seconds=10)
    if status.is_final:
        values |= {"holder": None, "completed_at": datetime.now(UTC)}
    with store.database.write() as c:
        c.execute(t.runs.update().where(t.runs.c.id == run.id).values(**values))
    return store.runs.get(run.id)
