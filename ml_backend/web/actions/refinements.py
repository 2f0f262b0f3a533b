"""Asking a teacher model for a better prompt: checked first, then a job that goes on by itself."""

from __future__ import annotations

from ml_backend.container import Container
from ml_backend.labelstudio import Project
from ml_backend.records import Job, JobKind, Prompt, PromptVersion
from ml_backend.services.callers.access import Caller


def refine_in_background(
    container: Container,
    caller: Caller,
    prompt: Prompt,
    version: PromptVersion | None,
    project: Project,
    connection_id: int | None,
    teacher: str,
    goal: str = "",
) -> Job:
    """Begin a refinement with a connection the caller may use; None takes the environment's."""
    connection = container.connections.choose(caller, None, connection_id)
    container.refining.check(connection)
    goal = container.refining.check_goal(goal)
    container.predictor_factory.config_of(project)
    return container.jobs.submit(
        JobKind.REFINE,
        {"connection_id": connection.id, "teacher": teacher, "goal": goal},
        created_by=caller.person,
        prompt_id=prompt.id,
        version_id=version.id if version is not None else None,
        project_id=project.id,
    )
