"""Which model: races of a version's prompt among models."""

from __future__ import annotations

from typing import Any

from ml_backend.errors import NotFound
from ml_backend.records import Job, Prompt
from ml_backend.web.actions.races import begin, cancel, outlook_of, race_of, races_of
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.racing import RaceAnswer, RaceCreate, RaceFind, RacePlanAnswer
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

RACE = "/prompts/<prompt_id>/versions/<version_id>/race"

api = Operations("races_api", "versions")


@api.add("POST", RACE, RaceAnswer, status=202, others={200: RacePlanAnswer}, body=RaceCreate)
def race_models(prompt_id: int, version_id: int, body: RaceCreate) -> Any:
    """Race models on the ground truth, or say what that takes; nothing goes to Label Studio."""
    caller = identity.caller()
    prompt = services().access.prompt(caller, prompt_id)
    version = services().access.version(prompt, version_id)
    project = services().access.project(caller, body.project)
    asked = race_of(
        caller,
        prompt,
        version,
        project,
        body.models,
        body.few_shot,
        body.tolerance,
        body.budget,
        body.truth,
    )
    if body.dry_run:
        return RacePlanAnswer.of(outlook_of(caller, asked)), 200
    return RaceAnswer.of(begin(caller, asked))


@api.add("GET", RACE, RaceAnswer, query=RaceFind)
def get_race(prompt_id: int, version_id: int, query: RaceFind) -> RaceAnswer:
    """Return a race: how it stands, and at its end which model to take."""
    return RaceAnswer.of(_race(prompt_id, version_id, query.job)[1])


@api.add("POST", f"{RACE}/cancel", RaceAnswer, query=RaceFind)
def cancel_race(prompt_id: int, version_id: int, query: RaceFind) -> RaceAnswer:
    """End a race with what is known by then; a race that ended stays as it is."""
    return RaceAnswer.of(cancel(_race(prompt_id, version_id, query.job)[1]))


def _race(prompt_id: int, version_id: int, job_id: int | None) -> tuple[Prompt, Job]:
    caller = identity.caller()
    prompt = services().access.prompt(caller, prompt_id)
    version = services().access.version(prompt, version_id)
    for job in races_of(prompt.id, None, version.id):
        if job_id in (None, job.id) and services().access.sees_job(caller, job):
            return prompt, job
    raise NotFound("This version has no such race.", field="job")
