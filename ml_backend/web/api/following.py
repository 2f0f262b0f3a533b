"""Following: a prompt that predicts a project's new tasks by itself, and what it accepts."""

from __future__ import annotations

from ml_backend.errors import InvalidInput
from ml_backend.records import JsonObject
from ml_backend.services.checking.documents import of_doubtful, of_guard
from ml_backend.services.checking.doubtful import DoubtfulTasks
from ml_backend.services.events.follow import AcceptBy
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.store import Follow
from ml_backend.web.actions.promises import in_time
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.following import (
    FollowAnswer,
    FollowEnd,
    FollowEndAnswer,
    FollowFind,
    FollowStart,
    FollowTakeBackAnswer,
    FollowTakingBack,
)
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("following_api", "projects")

FOLLOWS = "/projects/<project_id>/follows"


@api.add("GET", FOLLOWS, list[FollowAnswer], query=FollowFind)
def list_follows(project_id: int, query: FollowFind) -> list[JsonObject]:
    """List the prompts that follow a project, with what they accept and what checks of it said."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    prompts = services().access.prompts(caller)
    if query.prompt is not None:
        prompts = [services().access.prompt(caller, query.prompt)]
    found = [services().store.follows.find(prompt.id, project.id) for prompt in prompts]
    return [_document(each) for each in found if each is not None]


@api.add("POST", FOLLOWS, FollowAnswer, body=FollowStart)
def start_follow(project_id: int, body: FollowStart) -> JsonObject:
    """Have a prompt predict new tasks by itself; accept_max_error has sure ones accepted as well.

    What is accepted is checked, not promised. Without accept_max_error it accepts nothing more.
    """
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    prompt = services().access.prompt(caller, body.prompt)
    version = services().prompts.find_version(prompt, None)
    OwnKeys(services().store).require_project(version, project.id)
    accept = None
    if body.accept_max_error is not None:
        accept = AcceptBy(body.accept_max_error, body.certainty)
    return _document(services().follow.start(prompt, project, body.budget, accept))


@api.add("DELETE", FOLLOWS, FollowEndAnswer, query=FollowEnd)
def stop_follow(project_id: int, query: FollowEnd) -> JsonObject:
    """Have a prompt follow no more, and accept nothing more; what was accepted stays."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    prompt = services().access.prompt(caller, query.prompt)
    stopped = services().follow.stop(prompt, project.id)
    return {"prompt": prompt.id, "project": project.id, "stopped": stopped}


@api.add("POST", f"{FOLLOWS}/take-back", FollowTakeBackAnswer, body=FollowTakingBack)
def take_back_followed(project_id: int, body: FollowTakingBack) -> JsonObject:
    """Delete what a follow accepted since its last good check, where nobody touched it."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    prompt = services().access.prompt(caller, body.prompt)
    guard = services().store.guards.find(prompt.id, project.id)
    if guard is None:
        raise InvalidInput("It never accepted anything in this project.", field="prompt")
    service = DoubtfulTasks(services().store, services().take_back_through(caller.studio))
    plans = service.plan(guard)
    counted = {**of_doubtful(guard, plans), "dry_run": body.dry_run}
    if body.dry_run:
        return counted
    with in_time() as patience:
        reports = service.execute(plans, patience)
    return {**counted, "deleted": sum(each.deleted for each in reports)}


def _document(follow: Follow) -> JsonObject:
    guard = services().store.guards.find(follow.prompt_id, follow.project_id)
    tasks = services().store.guards.tasks(guard.id) if guard is not None else []
    return {
        "prompt": follow.prompt_id,
        "project": follow.project_id,
        "budget": follow.budget,
        "spent": services().store.follows.spent(follow),
        "since": follow.since.isoformat(),
        "message": follow.message,
        "accepts": None if guard is None else of_guard(guard, tasks),
    }
