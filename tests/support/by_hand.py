"""What a person does in Label Studio, and this server never does: over a client's own requests."""

from __future__ import annotations

from typing import Any

from ml_backend.errors import LabelStudioNotFound
from ml_backend.labelstudio import LabelStudioClient


def delete_project(studio: LabelStudioClient, project_id: int) -> None:
    """Delete a project with all it holds."""
    studio._transport.send("DELETE", f"api/projects/{project_id}/", what=f"project {project_id}")


def get_task(studio: LabelStudioClient, task_id: int) -> dict[str, Any]:
    """A task as Label Studio sends it; a connected ML backend may be asked for a prediction."""
    return dict(studio._transport.get(f"api/tasks/{task_id}/", what=f"task {task_id}"))


def next_task(studio: LabelStudioClient, project_id: int) -> dict[str, Any] | None:
    """The task the label stream shows next, with the predictions it shows; None at the end."""
    try:
        return dict(studio._transport.get(f"api/projects/{project_id}/next"))
    except LabelStudioNotFound:
        return None
