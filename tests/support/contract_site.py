"""A Label Studio, fake or real, with a project of six tasks that a contract is tried on."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from ml_backend.labelstudio import ServerLabelStudio


@dataclass
class Site:
    """A Label Studio with a project of six tasks."""

    door: ServerLabelStudio
    project_id: int
    task_ids: list[int]
    raw: httpx.Client

    def counters(self) -> list[int]:
        """``total_predictions`` of the tasks, as the Data Manager shows it."""
        params = {"project": self.project_id, "include": "id,total_predictions"}
        tasks = self.raw.get("/api/tasks", params=params).json()["tasks"]
        return [task["total_predictions"] for task in sorted(tasks, key=lambda task: task["id"])]
