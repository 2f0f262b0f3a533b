"""Accepting by a threshold: the answer, acceptances, taking one back."""

from __future__ import annotations

from typing import Any

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.records import JobKind
from ml_backend.services.accepting import documents
from ml_backend.services.callers.access import Caller
from ml_backend.services.predictions.selection import select
from ml_backend.web.actions import bulk_actions
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.accepting import (
    AcceptanceAnswer,
    TakeBackAnswer,
    TakingBack,
    ThresholdAnswer,
    ThresholdQuery,
)
from ml_backend.web.api.wire.parts import Page, PageQuery, paged, slice_of
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("accepting_api", "accepting")

PREDICTIONS = "/projects/<project_id>/predictions"
WAIT_SECONDS = 20.0
MOST = 10_000


@api.add("GET", f"{PREDICTIONS}/threshold", ThresholdAnswer, query=ThresholdQuery)
def get_threshold(project_id: int, query: ThresholdQuery) -> dict[str, Any]:
    """Say from which score on predictions may be accepted, and whether that is promised."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    prompt = None
    if query.prompt is not None:
        prompt = services().access.prompt(caller, query.prompt)
    labels = [query.model_version] if query.model_version is not None else None
    selection = select(labels=labels, prompt=prompt, everything=True)
    label = services().accepting_through(caller.studio).one_label(project.id, selection)
    found = services().thresholds.answer(
        caller.studio,
        project,
        label,
        max_error=query.max_error,
        certainty=query.certainty,
    )
    return documents.of_threshold(found)


@api.add("GET", f"{PREDICTIONS}/acceptances", Page[AcceptanceAnswer], query=PageQuery)
def list_acceptances(project_id: int, query: PageQuery) -> dict[str, Any]:
    """List the project's acceptances, newest first: who accepted what, and what of it is left."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    found = services().take_back_through(caller.studio).list(project.id, limit=MOST)
    shown = [AcceptanceAnswer(**documents.of_act(each)) for each in slice_of(found, query)]
    return paged(len(found), query, shown)


@api.add(
    "POST",
    f"{PREDICTIONS}/take-back",
    TakeBackAnswer,
    others={202: TakeBackAnswer},
    body=TakingBack,
)
def take_back_acceptance(project_id: int, body: TakingBack) -> Any:
    """Count and, unless dry_run, delete the annotations of an acceptance that nobody touched."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    number = _acceptance(caller, project.id, body.acceptance)
    plan = services().job_handlers.acceptances.plan_take_back(caller.studio, number)
    counted = {**documents.of_take_back_plan(plan), "dry_run": body.dry_run}
    if body.dry_run or not plan.would_delete:
        return counted if body.dry_run else {**counted, "deleted": 0}
    begun = bulk_actions.begin(JobKind.TAKE_BACK, project.id, {"acceptance": number})
    job = services().jobs.wait(begun, WAIT_SECONDS)
    if not job.status.is_final:
        return {**counted, "job": job.id}, 202
    return {**counted, **job.result}


def _acceptance(caller: Caller, project_id: int, wanted: int | None) -> int:
    """Return the number of an acceptance of the project; the newest where none is named."""
    if wanted is None:
        found = services().take_back_through(caller.studio).list(project_id, limit=1)
        if not found:
            raise InvalidInput("Nothing was accepted in this project.", field="acceptance")
        return found[0].id
    act = services().store.acceptances.find(wanted)
    if act is None or act.project_id != project_id:
        raise NotFound(f"This project has no acceptance {wanted}.", field="acceptance")
    return act.id
