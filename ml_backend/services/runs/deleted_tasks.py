"""Tasks of a run that are gone from Label Studio: neither predicted nor failed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ml_backend.labelstudio import ServerLabelStudio, queries
from ml_backend.records import Run, Totals
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.store import Store


def note_deleted(
    store: Store,
    studio: PatientLabelStudio[ServerLabelStudio],
    run: Run,
    known: Collection[int] = (),
) -> None:
    """Keep which tasks are gone: those ``known`` to be, and what failed and is there no more.

    A task with a prediction is there; of one without nothing else tells.
    """
    good, _, _ = store.outcomes.verdicts(run.id)
    failed = sorted(store.outcomes.task_ids(run.id) - good - set(known))
    gone = set(known)
    if failed:
        gone |= set(failed) - set(studio.task_ids(run.project_id, query=queries.selecting(failed)))
    store.outcomes.mark_deleted(run.id, gone)


def deleted_words(run: Run, totals: Totals) -> str:
    """Return what became of a run whose tasks were deleted meanwhile, "" where none was."""
    gone = replace(run, totals=replace(totals, total=run.totals.total)).deleted_tasks
    if not gone:
        return ""
    predictions = f"{totals.succeeded} prediction{'' if totals.succeeded == 1 else 's'}"
    tasks = "1 task was" if gone == 1 else f"{gone} tasks were"
    return f"{predictions}; {tasks} deleted meanwhile."
