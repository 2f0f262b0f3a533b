"""Deletions as the API answers them: done, or going on as a job."""

from __future__ import annotations

from ml_backend.container import Container
from ml_backend.records import JobKind, Prompt, PromptVersion
from ml_backend.services.callers.access import Caller
from ml_backend.web.actions.deletions import begin_deletion
from ml_backend.web.api.wire.actions import GoingOn


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
