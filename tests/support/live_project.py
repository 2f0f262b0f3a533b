"""A project of a real Label Studio, asked through Label Studio's own API alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ml_backend.labelstudio import ServerLabelStudio


class LiveProject:
    """A project, asked through Label Studio's own API alone."""

    def __init__(self, studio: ServerLabelStudio, project_id: int) -> None:
        self.studio = studio
        self.id = project_id

    def versions_per_task(self) -> dict[int, Counter[str | None]]:
        """Return how many predictions of which model version each task holds."""
        held: dict[int, Counter[str | None]] = {
            task_id: Counter() for task_id in self.studio.task_ids(self.id)
        }
        for row in self.studio.predictions(self.id):
            held[row.task_id][row.model_version] += 1
        return held

    def assert_each_task_holds(self, *labels: str) -> None:
        wanted = Counter(labels)
        wrong = {task: held for task, held in self.versions_per_task().items() if held != wanted}
        assert not wrong, f"{len(wrong)} tasks differ, for example {dict(list(wrong.items())[:3])}"

    def counters(self) -> Counter[int]:
        """Return Label Studio's own ``total_predictions`` over all tasks."""
        transport = self.studio._transport
        page = transport.get(
            "api/tasks",
            params={"project": self.id, "page_size": 10_000, "include": "id,total_predictions"},
        )
        return Counter(task["total_predictions"] for task in page["tasks"])

    def change_task(self, task_id: int, data: dict[str, Any]) -> None:
        """Set a task's data to anything at all."""
        self.studio._transport.send("PATCH", f"api/tasks/{task_id}/", {"data": data})

    def annotations(self) -> list[Any]:
        return [a for task in self.studio.iter_annotated(self.id) for a in task.annotations]
