"""Check the label: labels of people that sure answers dispute, and deciding on them."""

from __future__ import annotations

from ml_backend.errors import NotFound
from ml_backend.labelstudio import Project
from ml_backend.records import JsonObject, Run
from ml_backend.services.callers.access import Caller
from ml_backend.services.disputing.documents import of_decision, of_page, of_undone
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.disputes import (
    DecidedAnswer,
    Deciding,
    DisputeFind,
    DisputesAnswer,
    Undoing,
    UndoneAnswer,
)
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("disputes_api", "runs")

DISPUTES = "/prompts/<prompt_id>/versions/<version_id>/disputes"


@api.add("GET", DISPUTES, DisputesAnswer, query=DisputeFind)
def list_disputes(prompt_id: int, version_id: int, query: DisputeFind) -> JsonObject:
    """List the labels of people that a version's answers dispute, the most doubtful first."""
    caller = identity.caller()
    project = services().access.project(caller, query.project)
    run = _run(caller, project, prompt_id, version_id, query.run)
    page = services().disputed_labels.page(
        caller.studio, project, run, first=query.first, size=query.size
    )
    return of_page(page)


@api.add("POST", f"{DISPUTES}/<task_id>", DecidedAnswer, body=Deciding)
def decide_dispute(prompt_id: int, version_id: int, task_id: int, body: Deciding) -> JsonObject:
    """Decide what is wrong; a wrong label's mark as ground truth goes, with your own rights."""
    caller = identity.caller()
    project = services().access.project(caller, body.project)
    run = _run(caller, project, prompt_id, version_id, body.run)
    decisions = services().label_decisions_through(caller.studio)
    return of_decision(decisions.decide(project, run, task_id, body.decision, caller.person))


@api.add("DELETE", f"{DISPUTES}/<task_id>", UndoneAnswer, query=Undoing)
def undo_dispute(prompt_id: int, version_id: int, task_id: int, query: Undoing) -> JsonObject:
    """Take a decision back; a mark that went with it is put back where the label is the same."""
    caller = identity.caller()
    project = services().access.project(caller, query.project)
    prompt = services().access.prompt(caller, prompt_id)
    services().access.version(prompt, version_id)
    decisions = services().label_decisions_through(caller.studio)
    return of_undone(decisions.undo(project, prompt.id, task_id))


def _run(
    caller: Caller, project: Project, prompt_id: int, version_id: int, run_id: int | None
) -> Run:
    """Return the run that was named, else the version's newest that can be measured."""
    access = services().access
    version = access.version(access.prompt(caller, prompt_id), version_id)
    if run_id is None:
        return services().disputed_labels.run_of(project, version)
    run = access.run(caller, run_id)
    if run.version_id != version.id or run.project_id != project.id:
        raise NotFound(f"This version has no run {run_id} in that project.", field="run")
    return run
