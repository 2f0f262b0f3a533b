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
        {"title": version.title if version else prompt.title},
        created_by=caller.person,
        prompt_id=prompt.id,
        version_id=version.id if version else None,
    )
    return container.jobs.wait(job, WAIT_SECONDS)
