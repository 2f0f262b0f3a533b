"""Deleting a prompt or a version: gone for every caller at once, its predictions as they go."""

from __future__ import annotations

from ml_backend.container import Container
from ml_backend.records import Job, JobKind, Prompt, PromptVersion
from ml_backend.services.callers.access import Caller

WAIT_SECONDS = 5.0


def begin_deletion(
    container: Container,
    caller: Caller,
    kind: JobKind,
    prompt: Prompt,
    version: PromptVersion | None,
) -> Job:
    """Begin a deletion and wait some seconds for its end; raises what it failed with."""
    job = container.jobs.submit(
        kind,
        {
            "title": version.title if version else prompt.title,
            "projects": visible_projects(container, caller, prompt, version),
        },
        created_by=caller.person,
        prompt_id=prompt.id,
        version_id=version.id if version else None,
    )
    return container.jobs.wait(job, WAIT_SECONDS)


def visible_projects(
    container: Container, caller: Caller, prompt: Prompt, version: PromptVersion | None = None
) -> list[int]:
    """Return the projects a prompt wrote in that a caller sees: what stands in others stays."""
    return container.access.visible(caller, container.deletions.projects(prompt, version))
