"""Bulk actions on predictions, begun in the caller's name."""

from __future__ import annotations

from ml_backend.records import Job, JobKind, JsonObject
from ml_backend.web.server import identity
from ml_backend.web.server.services import services


def begin(kind: JobKind, project_id: int, request: JsonObject) -> Job:
    """Begin a deletion or a promotion with the caller's own rights."""
    return services().jobs.submit(
        kind,
        request,
        created_by=identity.caller().person,
        project_id=project_id,
        studio=identity.lasting_studio(services().studio_as),
    )
