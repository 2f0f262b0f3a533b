"""The Data Manager as people see it: its tabs, one task between its neighbours, counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ml_backend.errors import LabelStudioNotFound, LabelStudioRejected
from ml_backend.labelstudio import queries
from ml_backend.labelstudio.reads import ANNOTATED_PAGE, Reads
from ml_backend.labelstudio.records import Place, Tab
from ml_backend.records import Task

ONLY_MARKS = {"fields": "all", "include": "id,annotations,ground_truth,was_cancelled"}


class DataManager(Reads):
    """Small reads for a person who waits for a page."""

    def tabs(self, project_id: int) -> list[Tab]:
        """The tabs of the project's Data Manager, as they are ordered there.

        There are none before anybody opened the project, nor after everybody closed all theirs.
        """
        what = f"project {project_id}"
        try:
            with self._shape("tabs"):
                wires = self._transport.get(
                    "api/dm/views/", {"project": int(project_id)}, what=what
                )
                return [Tab.from_wire(wire) for wire in wires]
        except LabelStudioRejected as error:
            if "valid choice" not in error.message:
                raise
            raise LabelStudioNotFound(
                f"Label Studio has no {what}, or this token may not see it.", status=404
            ) from error

    def task_at(self, project_id: int, task_id: int | None = None) -> Place:
        """A task of the project with the ids before and after it; the first one for None.

        The task is None when the project has none of that id; its neighbours are told all the same.
        """
        params = self._listing(project_id, "id,data")
        first = 0 if task_id is None else int(task_id)
        here = self._some(params, "greater_or_equal", first, "id", 2)
        before: list[Task] = []
        if task_id is not None:
            before = self._some({**params, "include": "id"}, "less", first, "-id", 1)
        task = next((each for each in here if task_id in (None, each.id)), None)
        after = [each.id for each in here if each is not task]
        return Place(
            task,
            before=before[0].id if before else None,
            after=after[0] if after else None,
        )

    def count_true_tasks(self, project_id: int) -> int:
        """How many tasks have a ground truth, without reading them where that can be.

        Label Studio counts annotations marked so and keeps one of a task, except of those imported:
        only tasks with several annotations, or with a skipped one, are looked at.
        """
        project = self.get_project(project_id)
        if not project.ground_truths:
            return 0
        params = self._listing_of(project_id, predicts=project.predicts_on_listing)
        count = project.ground_truths
        seen: set[int] = set()
        for column, least in (("total_annotations", 1), ("cancelled_annotations", 0)):
            for wire in self._with_more(params, column, least):
                if wire["id"] not in seen:
                    seen.add(wire["id"])
                    count -= _marked_in_excess(wire["annotations"])
        return count

    def _with_more(
        self, params: Mapping[str, Any], column: str, least: int
    ) -> Iterator[dict[str, Any]]:
        """Tasks of which a column says more than that, with the marks of their annotations."""
        items = [queries.condition(column, "greater", least)]
        query = {"filters": {"conjunction": "and", "items": items}}
        for page in self._iter_part({**params, **ONLY_MARKS}, query, ANNOTATED_PAGE):
            yield from page

    def _some(
        self, params: Mapping[str, Any], operator: str, task_id: int, order: str, number: int
    ) -> list[Task]:
        query = {
            "filters": {
                "conjunction": "and",
                "items": [queries.condition("id", operator, task_id)],
            },
            "ordering": [f"tasks:{order}"],
        }
        wire = self._get_page({**params, "page_size": number, "query": queries.encode(query)})
        with self._shape("tasks"):
            return [Task(int(row["id"]), row.get("data") or {}) for row in wire["tasks"]]

    def _listing(self, project_id: int, include: str) -> dict[str, Any]:
        predicts = self.get_project(project_id).predicts_on_listing
        return {**self._listing_of(project_id, predicts=predicts), "include": include}

    @staticmethod
    def _listing_of(project_id: int, *, predicts: bool) -> dict[str, Any]:
        params: dict[str, Any] = {"project": int(project_id), "page": 1}
        # Else the listing would make Label Studio ask the ML backend, perhaps us, meanwhile.
        return {**params, "review": "true"} if predicts else params


def _marked_in_excess(annotations: list[dict[str, Any]]) -> int:
    """How many annotations of a task are marked as ground truth beyond the one it counts for."""
    marked = [each for each in annotations if each["ground_truth"]]
    return len(marked) - any(not each["was_cancelled"] for each in marked)
