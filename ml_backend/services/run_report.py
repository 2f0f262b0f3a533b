"""The report of a run: all there is to know of it, for somebody who has neither server nor data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice

from ml_backend.errors import LabelStudioError
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.records import JsonObject, Run
from ml_backend.services.compare import effort_of
from ml_backend.services.runs import Runs
from ml_backend.store import Store

MOST_FAILURES = 200
LONGEST_RAW = 2_000


class RunReports:
    """Gathers reports from the store."""

    def __init__(self, store: Store, runs: Runs) -> None:
        self._store = store
        self._runs = runs

    def document(self, run: Run, studio: LabelStudioDoor) -> JsonObject:
        """Return a run's report as JSON; ``reporting.run_page`` makes a page of it."""
        failures = list(islice(self._runs.failures(run), MOST_FAILURES))
        return {
            "run": _of_run(run),
            "project": _title_of(studio, run.project_id),
            "prompt": self._prompt(run),
            "metrics": run.metrics,
            "effort": asdict(effort_of(self._store.outcomes.iter(run.id))),
            "failures": [
                {
                    "task": each.task_id,
                    "kind": each.kind.value,
                    "message": each.message,
                    "raw": each.raw[:LONGEST_RAW],
                }
                for each in failures
            ],
            "failures_left_out": max(0, run.totals.failed - len(failures)),
            "made_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        }

    @staticmethod
    def _prompt(run: Run) -> JsonObject:
        """Return the version as the run asked it, whatever it is now."""
        asked = run.snapshot
        return {
            "title": asked.get("prompt_title") or run.label,
            "version": asked.get("version_title", ""),
            "text": asked.get("text", ""),
            "provider": asked.get("provider", ""),
            "model": asked.get("model", ""),
            "parameters": asked.get("parameters") or {},
            "max_few_shot_examples": asked.get("max_few_shot_examples") or 0,
        }


def _of_run(run: Run) -> JsonObject:
    totals = run.totals
    return {
        "id": run.id,
        "model_version": run.label,
        "status": run.status.value,
        "slot": run.slot.value,
        "project": run.project_id,
        "project_subset": run.subset.value,
        "truth": run.truth.value,
        "message": run.message,
        "stale": run.stale,
        "total_tasks": totals.total,
        "succeeded": totals.succeeded,
        "failed": totals.failed,
        "failures": dict(totals.failures),
        "cached": totals.cached,
        "cost": totals.cost,
        "prompt_tokens": totals.usage.prompt_tokens,
        "completion_tokens": totals.usage.completion_tokens,
        "completed_at": f"{run.completed_at:%Y-%m-%d %H:%M} UTC" if run.completed_at else None,
    }


def _title_of(studio: LabelStudioDoor, project_id: int) -> str:
    try:
        return f"{studio.get_project(project_id).title!r} (project {project_id})"
    except LabelStudioError:  # a report can be had of a project that is gone
        return f"project {project_id}"
