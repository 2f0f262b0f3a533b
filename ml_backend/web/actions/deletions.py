"""Deleting a prompt or a version: gone for every caller at once, its predictions as they go."""

from __future__ import annotations

from ml_backend.container import Container
from ml_backend.records import Job, JobKind, Prompt, PromptVersion
from ml_backend.services.callers.access import Caller
from ml_backend.web.api.wire.actions import GoingOn

WAIT_SECONDS = 5.0


def begin_deletion(
    container: Container,
    caller: Caller,
    kind: JobKind,
    prompt: Prompt,
    version: PromptVersion | None,
) -> Job:
    """Begin a deletion and wait some seconds for its end; raises what it failed with."""
    job = container.background.submit(
        kind,
        {"title": version.title if version else prompt.title},
        created_by=caller.person,
        prompt_id=prompt.id,
        version_id=version.id if version else None,
    )
    return container.background.wait(job, WAIT_SECONDS)


def delete_in_background(
    container: Container,
    caller: Caller,
    kind: JobKind,
    prompt: Prompt,
    version: PromptVersion | None,
) -> tuple[GoingOn | None, int]:
    """Begin a deletion; 204 when it ended in seconds, else 202 with the job that goes on."""
    job = begin_deletion(container, caller, kind, prompt, version)
    if job.status.is_final:
        return None, 204
    detail = f"Deleting goes on as job {job.id}: see /api/jobs/{job.id}/."
    return GoingOn(detail=detail, job=job.id), 202
