"""Marking ground truth in the caller's name: counted at once, or as a job where many are read."""

from __future__ import annotations

from ml_backend.labelstudio import Project
from ml_backend.records import Job, JobKind, JsonObject
from ml_backend.services.callers.access import Caller
from ml_backend.services.jobs import documents
from ml_backend.services.marking.marks import READ_ALL
from ml_backend.services.marking.request import MarkRequest
from ml_backend.web.server import identity
from ml_backend.web.server.services import services


def count(caller: Caller, project: Project, request: MarkRequest) -> JsonObject | None:
    """Return what a request would mark; None where a job has to count, for it takes long."""
    named = request.task_ids is not None and len(request.task_ids) <= READ_ALL
    if not named and project.annotations > READ_ALL:
        return None
    plan = services().marks_through(caller.studio).plan(project, request)
    return documents.of_mark_plan(plan)


def begin(
    project: Project, request: MarkRequest, *, dry_run: bool = False, counted: int | None = None
) -> Job:
    """Begin to mark, or to count, with the caller's own rights.

    ``counted`` is the number that a person agreed to: another one by then ends it.
    """
    return services().jobs.submit(
        JobKind.GROUND_TRUTH,
        {**request.document(), "dry_run": dry_run, "counted": counted, "title": project.title},
        created_by=identity.caller().person,
        project_id=project.id,
        studio=identity.lasting_studio(services().studio_as),
    )
