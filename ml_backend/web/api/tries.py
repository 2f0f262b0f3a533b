"""One task tried with a prompt's text, saved or not."""

from __future__ import annotations

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.labelstudio import Project
from ml_backend.records import Prompt
from ml_backend.services.callers.access import Caller
from ml_backend.web.actions.tries import try_task
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.prompts import VERSION_NAMES
from ml_backend.web.api.wire.tries import TryAnswer, TryGiven
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("tries_api", "versions")


@api.add(
    "POST",
    "/prompts/<id>/try",
    TryAnswer,
    body=TryGiven,
    names={**VERSION_NAMES, "version": "version", "task": "task_id"},
)
def try_prompt(id: int, body: TryGiven) -> TryAnswer:
    """Ask one task what a version would be that is not saved: no run, no prediction."""
    caller = identity.caller()
    prompt = services().access.prompt(caller, id)
    versions = services().store.prompts.versions(prompt.id)
    version = versions[-1] if versions else None
    if body.version is not None:
        version = services().access.version(prompt, body.version)
    tried = try_task(
        caller,
        prompt,
        _project(caller, prompt, body.project),
        version,
        body.draft(),
        task_id=body.task_id,
        truth=body.truth,
        budget=body.budget,
        fresh=body.fresh,
    )
    return TryAnswer.of(tried)


def _project(caller: Caller, prompt: Prompt, wanted: int | None) -> Project:
    visible = services().access.visible(caller, prompt.project_ids)
    project_id = wanted if wanted is not None else next(iter(visible), None)
    if project_id is None:
        raise InvalidInput("The prompt has no project that you see.", field="project")
    if project_id not in visible:
        raise NotFound(f"The prompt is not of project {project_id}.", field="project")
    return services().access.project(caller, project_id)
