"""The tasks a run covers, in pages, from a Label Studio that may go away between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_backend.errors import PromptsError
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.records import JsonObject, Task
from ml_backend.services.writing.patience import Patience

PAGE = 1000


def iter_task_pages(
    studio: LabelStudioDoor,
    project_id: int,
    task_ids: Sequence[int] | None,
    patience: Patience,
) -> Iterator[list[Task]]:
    """Yield pages of the tasks of those ids, of all tasks for None; no task comes twice."""
    query = None
    if task_ids is not None:
        query = {"selectedItems": {"all": False, "included": list(task_ids)}}
    pages = _Pages(studio, project_id, query)
    while (page := patience.call(pages.read)) is not None:
        yield page


class _Pages:
    """Task pages that survive a Label Studio going away between two of them."""

    def __init__(self, studio: LabelStudioDoor, project_id: int, query: JsonObject | None) -> None:
        self._studio = studio
        self._project_id = project_id
        self._query = query
        self._pages = self._open()
        self._seen: set[int] = set()

    def _open(self) -> Iterator[list[Task]]:
        return self._studio.iter_tasks(self._project_id, page_size=PAGE, query=self._query)

    def read(self) -> list[Task] | None:
        """Return the next page without tasks already given, None after the last."""
        try:
            page = next(self._pages, None)
        except PromptsError:
            self._pages = (
                self._open()
            )  # an iterator that raised is spent; start over, skip the seen
            raise
        if page is None:
            return None
        fresh = [task for task in page if task.id not in self._seen]
        self._seen.update(task.id for task in fresh)
        return fresh
