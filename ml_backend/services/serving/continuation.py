"""Runs beside ``/predict``: what one is asking is not asked twice, what was not reached goes on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ml_backend.records import (
    ConfidenceWay,
    Outcome,
    Prompt,
    PromptVersion,
    Run,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Subset,
    Task,
)
from ml_backend.store import Store

RUN_PATIENCE = 2.0
"""Seconds to wait for a task that an open run is about to answer."""

LOOK_EVERY = 0.1
WHY = "/predict"


class Continuation:
    """Knows the open runs of a version, and starts the one that goes on after a deadline."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open_runs(self, project_id: int, version: PromptVersion) -> list[Run]:
        """Return the runs under way that ask exactly this version for this project."""
        return [
            run
            for run in self._store.runs.search(project_id=project_id, open_only=True)
            if run.version_id == version.id
            and not run.cancel_requested
            and run.snapshot.is_of(version)
        ]

    def wait_for(
        self, runs: Sequence[Run], tasks: Sequence[Task], until: float
    ) -> dict[int, Outcome | None]:
        """Return what open runs answered of their tasks; None is still to come from the run.

        Waits two seconds for runs that are asking, at most until ``until`` (monotonic).
        """
        covered = {task.id for task in tasks if any(covers(run, task.id) for run in runs)}
        found: dict[int, Outcome] = {}
        until = min(until, time.monotonic() + RUN_PATIENCE)
        while covered - set(found):
            for run in runs:
                missing = {each for each in covered - set(found) if covers(run, each)}
                if missing:
                    outcomes = self._store.outcomes.iter(run.id, task_ids=missing)
                    found |= {outcome.task_id: outcome for outcome in outcomes}
            if time.monotonic() >= until or not self._any_asking(runs):
                break
            time.sleep(LOOK_EVERY)
        return {task_id: found.get(task_id) for task_id in covered}

    def go_on(
        self,
        project_id: int,
        prompt: Prompt,
        version: PromptVersion,
        label: str,
        task_ids: Sequence[int],
        way: ConfidenceWay,
    ) -> Run:
        """Start the run, in slot *all*, that asks what a ``/predict`` did not reach.

        ``way`` is how that asked for confidence.
        """
        return self._store.runs.create(
            prompt_id=prompt.id,
            version_id=version.id,
            project_id=project_id,
            label=label,
            slot=Slot.ALL.value,
            subset=Subset.CUSTOM.value,
            snapshot=RunSnapshot.of(version, prompt.title, way),
            options=RunOptions(task_ids=tuple(sorted(task_ids)), continues=WHY),
            total=len(task_ids),
            cost=0.0,
        )

    def _any_asking(self, runs: Sequence[Run]) -> bool:
        now = [self._store.runs.get(run.id) for run in runs]
        return any(run.status is RunStatus.IN_PROGRESS for run in now)


def covers(run: Run, task_id: int) -> bool:
    """Return whether a run asks a task."""
    task_ids = run.options.task_ids
    return task_ids is None or task_id in task_ids
