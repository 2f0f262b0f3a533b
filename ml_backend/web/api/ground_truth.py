"""Ground truth of our own: what there is to mark, and marks; Community has no button for it."""

from __future__ import annotations

from typing import Any

from ml_backend.web.actions import ground_truth as actions
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.ground_truth import (
    AnnotatedItem,
    AnnotatedQuery,
    GroundTruthAnswer,
    MarkAnswer,
    Marking,
)
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("ground_truth_api", "projects")

GROUND_TRUTH = "/projects/<project_id>/ground-truth"
WAIT_SECONDS = 20.0
NAMES = {"filter": "filters_json", "tasks": "task_ids"}


@api.add("GET", GROUND_TRUTH, GroundTruthAnswer, query=AnnotatedQuery)
def list_ground_truth(project_id: int, query: AnnotatedQuery) -> GroundTruthAnswer:
    """List annotated tasks with what people said, and which of it is marked as ground truth."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    listing = services().annotated_through(caller.studio)
    state = listing.state(project)
    page = listing.page(
        project,
        after=query.after,
        before=query.before,
        size=query.size,
        only_marked=query.marked,
        task_id=query.task,
    )
    ids = [each.task.id for each in page.rows]
    return GroundTruthAnswer(
        project=project.id,
        ground_truth_tasks=state.marked,
        annotated_tasks=state.annotated,
        exact=state.is_exact,
        tasks=[AnnotatedItem.of(each, page.people) for each in page.rows],
        next_after=ids[-1] if ids and page.has_after else None,
        previous_before=ids[0] if ids and page.has_before else None,
    )


@api.add("POST", GROUND_TRUTH, MarkAnswer, others={202: MarkAnswer}, body=Marking, names=NAMES)
def mark_ground_truth(project_id: int, body: Marking) -> Any:
    """Count annotations and, unless dry_run, mark them as ground truth with your own rights."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    request = body.request()
    counted = actions.count(caller, project, request) if body.dry_run else None
    if counted is not None:
        return MarkAnswer.of(request, counted, project.id, dry_run=True)
    job = actions.begin(project, request, dry_run=body.dry_run)
    job = services().jobs.wait(job, WAIT_SECONDS)
    if not job.status.is_final:
        return MarkAnswer.of(request, {"job": job.id}, project.id, body.dry_run), 202
    return MarkAnswer.of(request, job.result, project.id, body.dry_run)
