"""Runs as they stand in the store at their end, without waiting for them to be executed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_backend.records import (
    CallRecord,
    Correctness,
    Prediction,
    Run,
    RunMetrics,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Subset,
    Usage,
)
from ml_backend.scoring import wilson
from support.pages import Pages
from support.wire import region


def ran(
    pages: Pages,
    version_id: int,
    correct: int = 4,
    n: int = 6,
    *,
    subset: Subset = Subset.HAS_GT,
    tasks: Sequence[int] | None = None,
    truths: str = "",
    status: RunStatus | None = RunStatus.COMPLETED,
    message: str = "",
    cost: float | None = 0.06,
    failed: int = 0,
    cached: int = 0,
    said: str = "",
    **options: Any,
) -> Run:
    """A run of which ``correct`` of ``n`` truths were right; ``status`` None leaves it open.

    ``truths`` stands for the ground truth it was measured on, by default that of its tasks;
    ``said`` is what was answered, a letter a task.
    """
    store = pages.container.store
    version = store.prompts.get_version(version_id)
    task_ids = list(tasks or pages.api.tasks[: len(said) or n])
    run = store.runs.create(
        prompt_id=version.prompt_id,
        version_id=version.id,
        project_id=pages.project,
        label=f"Topics__{version.title}__evaluate",
        slot=(Slot.ALL if subset is Subset.ALL else Slot.EVALUATE).value,
        subset=subset.value,
        snapshot=RunSnapshot.of(version),
        options=RunOptions(task_ids=tuple(task_ids), **options),
        total=len(task_ids),
        cost=0.0,
        handed_out=True,  # or the engine could take it first
    )
    store.outcomes.add(
        run.id,
        [
            Prediction(
                task,
                {"topic": answer},
                [region(answer)],
                asked=CallRecord(
                    Usage(100, 10), 0.001, latency=0.5, calls=1, request_key=f"{run.id}"
                ),
            )
            for task, answer in zip(task_ids, said, strict=False)
        ],
    )
    low, high = wilson(correct, n)
    share = correct / n if n else None
    overall = Correctness(n, correct, failed, accuracy=share, low=low, high=high, score=share)
    done = {
        "succeeded": len(task_ids) - failed, "failed": failed, "cached": cached, "cost": cost,
    }  # fmt: skip
    if status is None:
        store.runs.change(run.id, 0, succeeded=1, cost=cost)
    else:
        metrics = RunMetrics(overall, fingerprint=truths or str(task_ids)) if n else None
        store.runs.finish(run.id, 0, status, message, metrics=metrics, **done)
    return store.runs.get(run.id)
