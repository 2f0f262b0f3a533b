"""The tasks a run covers, in pages, from a Label Studio that may go away between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_backend.labelstudio import ServerLabelStudio, queries
from ml_backend.records import Task
from ml_backend.services.writing.patient_studio import PatientLabelStudio

PAGE = 1000


def iter_task_pages(
    studio: PatientLabelStudio[ServerLabelStudio],
    project_id: int,
    task_ids: Sequence[int] | None,
) -> Iterator[list[Task]]:
    """Yield pages of the tasks of those ids, of all tasks for None; no task comes twice."""
    query = None
    if task_ids is not None:
        query = queries.selecting(task_ids)
    # By id from the last one seen: whatever happens between two pages, no task comes twice.
    yield from studio.iter_tasks(project_id, page_size=PAGE, query=query)
