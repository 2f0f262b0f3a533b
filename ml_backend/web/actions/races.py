"""Races of models in a caller's name, by API and pages alike."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.errors import Conflict, InvalidInput, NotFound
from ml_backend.labelstudio import Project
from ml_backend.records import (
    Connection,
    Job,
    JobKind,
    Prompt,
    PromptVersion,
    TruthSource,
)
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.authoring import Draft
from ml_backend.services.racing.entrants import entrants_of
from ml_backend.services.racing.outlook import Outlook
from ml_backend.services.racing.request import RaceRequest, version_raced, winner_of
from ml_backend.web.server.services import services


def race_of(
    caller: Caller,
    prompt: Prompt,
    version: PromptVersion,
    project: Project,
    models: Sequence[str],
    few_shot: Sequence[int],
    tolerance: float,
    budget: float | None,
    truth: TruthSource | None,
) -> RaceRequest:
    """Return a race by connections that the caller may use; raises what is wrong with it."""
    if project.id not in prompt.project_ids:
        raise NotFound(f"The prompt is not of project {project.id}.", field="project")
    own = services().races.own_connection(version)
    found = entrants_of(models, few_shot, version, own, lambda ref: _find(caller, ref))
    for each in found:
        services().access.require_connection(caller, each.asked_as(version))
    return RaceRequest(
        project, prompt, version, tuple(found), tolerance, budget, truth, caller.person
    )


def outlook_of(caller: Caller, asked: RaceRequest) -> Outlook:
    """Say what a race takes; nothing is asked."""
    return services().race_outlooks.of(caller.studio, asked, whose=caller.key)


def begin(caller: Caller, asked: RaceRequest) -> Job:
    """Begin a race, or return the very same one that is under way."""
    found = services().races.under_way(asked)
    if found is not None:
        return found
    services().races.check(asked)
    services().races.course(caller.studio, asked)
    return services().jobs.submit(
        JobKind.RACE,
        asked.document(),
        created_by=caller.person,
        prompt_id=asked.prompt.id,
        version_id=asked.version.id,
        project_id=asked.project.id,
    )


def cancel(job: Job) -> Job:
    """Have a race end with what is known by then."""
    services().store.jobs.request_cancel(job.id)
    return services().store.jobs.get(job.id)


def save_winner(caller: Caller, prompt: Prompt, job: Job, title: str) -> PromptVersion:
    """Make a version that the winner of a race answers, by a connection the caller may use."""
    winner = winner_of(job)
    if winner is None:
        raise Conflict("This race has no winner to save.", fix="Race on more tasks.")
    version = services().store.prompts.get_version(job.version_id or 0)
    raced = version_raced(job, version)
    chosen = services().connections.choose(caller, winner.provider, winner.connection_id)
    draft = Draft(
        title=title,
        text=raced.text,
        model=winner.model,
        connection=chosen,
        max_few_shot_examples=winner.few_shot,
    )
    return services().authoring.create_version(caller, prompt, draft, after=raced)


def races_of(prompt_id: int, project_id: int | None, version_id: int | None = None) -> list[Job]:
    """Return the races of a prompt, newest first."""
    jobs = services().store.jobs.search(
        kinds=[JobKind.RACE], prompt_id=prompt_id, version_id=version_id
    )
    return [each for each in jobs if project_id is None or each.project_id == project_id]


def _find(caller: Caller, ref: str) -> Connection | None:
    if not ref:
        return services().models.default
    visible = services().connections.visible(caller)
    for each in visible:
        if each.title == ref:
            return each
    if not (ref.isdecimal() and len(ref) < 10):
        return None
    try:
        return services().connections.choose(caller, None, int(ref))
    except InvalidInput:
        return None
