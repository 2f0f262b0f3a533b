"""Versions of a prompt: `client.prompts.versions` of the SDK."""

from __future__ import annotations

from typing import Any

from ml_backend.errors import InvalidInput, ModelError, NotFound
from ml_backend.records import Job, JobKind, Prompt, PromptVersion, RunStatus
from ml_backend.services.runs.estimates import Estimate
from ml_backend.services.runs.run_request import RunRequest, Together
from ml_backend.store import Evaluated
from ml_backend.web.actions.refinements import refine_in_background
from ml_backend.web.api.deletions import delete_in_background
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.actions import GoingOn
from ml_backend.web.api.wire.costs import CostAnswer, CostQuery
from ml_backend.web.api.wire.parts import ordered
from ml_backend.web.api.wire.prompts import (
    VERSION_NAMES,
    DefaultName,
    OrderQuery,
    VersionAnswer,
    VersionChangeQuery,
    VersionCreate,
    VersionDeleteQuery,
    VersionUpdate,
)
from ml_backend.web.api.wire.refining import (
    RefineCreate,
    RefinedAnswer,
    RefineFind,
    RefineQuery,
)
from ml_backend.web.server import identity
from ml_backend.web.server.next_steps import for_api
from ml_backend.web.server.services import services

REFINE_SECONDS = 45.0
"""How long a refinement is waited for: the SDK gives up after 60 s."""

VERSIONS = "/prompts/<prompt_id>/versions"
VERSION = f"{VERSIONS}/<version_id>"
TEACHER = {
    "connection": "teacher_model_provider_connection_id",
    "model_provider_connection": "teacher_model_provider_connection_id",
    "project": "project_id",
}

api = Operations("versions_api", "versions")


@api.add("GET", VERSIONS, list[VersionAnswer], query=OrderQuery)
def list_versions(prompt_id: int, query: OrderQuery) -> list[VersionAnswer]:
    """List a prompt's versions, oldest first."""
    prompt = services().access.prompt(identity.caller(), prompt_id)
    evaluated = _evaluated(prompt)
    scores = {
        version: each.headline.accuracy
        for version, each in evaluated.items()
        if each.headline is not None
    }
    _, going = services().access.going()
    found = ordered(
        [each for each in services().store.prompts.versions(prompt.id) if each.id not in going],
        query.ordering,
        {
            "id": lambda each: each.id,
            "title": lambda each: each.title.casefold(),
            "created_at": lambda each: each.created_at,
            "updated_at": lambda each: each.updated_at,
            "score": lambda each: scores.get(each.id),
            "provider": lambda each: each.provider.value,
            "provider_model_id": lambda each: each.model,
        },
    )
    return [VersionAnswer.of(each, evaluated.get(each.id)) for each in found]


@api.add("POST", VERSIONS, VersionAnswer, status=201, body=VersionCreate, names=VERSION_NAMES)
def create_version(prompt_id: int, body: VersionCreate) -> VersionAnswer:
    """Add a version to a prompt; takes access to all its projects."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    _check_parent(prompt, body)
    made = services().authoring.create_version(caller, prompt, body.draft())
    return _answer(made)


@api.add("GET", VERSION, VersionAnswer)
def get_version(prompt_id: int, version_id: int) -> VersionAnswer:
    """Return a version."""
    return _answer(_find(prompt_id, version_id)[1])


@api.add(
    "PATCH",
    VERSION,
    VersionAnswer,
    query=VersionChangeQuery,
    body=VersionUpdate,
    names=VERSION_NAMES,
)
def update_version(
    prompt_id: int, version_id: int, query: VersionChangeQuery, body: VersionUpdate
) -> VersionAnswer:
    """Change a version; its predictions stay until the next run overwrites them.

    With keep_if_run=true a version that was run stays as it is, and the answer is the next
    version, which holds the change.
    """
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    version = services().access.version(prompt, version_id)
    _check_parent(prompt, body)
    if query.keep_if_run:
        kept = services().keeping.keep_change(caller, prompt, version, body.draft())
        return _answer(kept.version)
    return _answer(services().authoring.update_version(caller, prompt, version, body.draft()))


@api.add("DELETE", VERSION, status=204, others={202: GoingOn}, query=VersionDeleteQuery)
def delete_version(prompt_id: int, version_id: int, query: VersionDeleteQuery) -> Any:
    """Delete a version and its predictions; takes access to all the prompt's projects.

    With only_unused=true it is taken back only where nothing used it: no run, no prediction.
    """
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    version = services().access.version(prompt, version_id)
    if query.only_unused:
        services().versions.take_back(prompt, version)
        return None
    return delete_in_background(services(), caller, JobKind.DELETE_VERSION, prompt, version)


@api.add("GET", "/prompts/<id>/get-default-version-name", DefaultName)
def get_default_version_name(id: int) -> DefaultName:
    """Return the title a new version would get."""
    prompt = services().access.prompt(identity.caller(), id)
    name = services().prompts.default_version_title(prompt)
    return DefaultName(default_model_version_name=name)


@api.add("GET", f"{VERSION}/cost-estimate", CostAnswer, query=CostQuery)
def cost_estimate(prompt_id: int, version_id: int, query: CostQuery) -> CostAnswer:
    """Return what a run would cost, from a sample of its tasks and a price table."""
    caller = identity.caller()
    prompt, version = _find(prompt_id, version_id)
    visible = services().access.visible(caller, prompt.project_ids)
    project_id = query.project_id or next(iter(visible), None)
    if project_id is None:
        return _no_cost("NoProject", "The prompt has no project whose tasks could be counted.")
    project = services().access.project(caller, project_id)
    try:
        request = RunRequest(together=_together(query))
        opinions = services().runs.opinions
        members = opinions.members(prompt, version, request)
        found = services().estimates_together.estimate(
            caller.studio,
            project,
            members,
            opinions.settle(members, project, request),
            query.project_subset,
            truth=query.truth,
        )
    except (InvalidInput, ModelError) as error:
        return _no_cost(type(error).__name__, str(error))
    return _cost(found)


@api.add("POST", f"{VERSION}/cost-estimate", CostAnswer, query=CostQuery)
def request_cost_estimate(prompt_id: int, version_id: int, query: CostQuery) -> CostAnswer:
    """The same, for callers that POST."""
    return cost_estimate(prompt_id, version_id, query)


@api.add(
    "POST",
    f"{VERSION}/refine",
    RefinedAnswer,
    query=RefineQuery,
    body=RefineCreate,
    names=TEACHER,
)
def refine_prompt(
    prompt_id: int, version_id: int, query: RefineQuery, body: RefineCreate
) -> RefinedAnswer:
    """Have a teacher model propose a better prompt; with async=true answer at once."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    version = services().access.version(prompt, version_id)
    project = services().access.project(caller, body.project_id)
    connection_id = body.teacher_model_provider_connection_id
    job = refine_in_background(
        services(), caller, prompt, version, project, connection_id, body.teacher_model_name
    )
    if not query.is_async:
        job = services().jobs.wait(job, REFINE_SECONDS)
    return _refined(prompt, version, job)


@api.add("GET", f"{VERSION}/refine", RefinedAnswer, query=RefineFind)
def get_refined_prompt(prompt_id: int, version_id: int, query: RefineFind) -> RefinedAnswer:
    """Return a refinement; its prompt is empty until it is Completed."""
    caller = identity.caller()
    prompt, version = _find(prompt_id, version_id)
    jobs = services().store.jobs.search(kinds=[JobKind.REFINE], version_id=version.id, limit=1000)
    wanted = query.refinement_job_id
    for job in jobs:
        if wanted in (None, str(job.id)) and services().access.sees_job(caller, job):
            return _refined(prompt, version, job)
    raise NotFound("This version has no such refinement.", field="refinement_job_id")


def _find(prompt_id: int, version_id: int) -> tuple[Prompt, PromptVersion]:
    prompt = services().access.prompt(identity.caller(), prompt_id)
    return prompt, services().access.version(prompt, version_id)


def _answer(version: PromptVersion) -> VersionAnswer:
    prompt = services().store.prompts.get(version.prompt_id)
    return VersionAnswer.of(version, _evaluated(prompt).get(version.id))


def _evaluated(prompt: Prompt) -> dict[int, Evaluated]:
    """Return version -> how it stands, by runs in projects that the caller sees."""
    projects = services().access.projects_of_runs(identity.caller(), [prompt])
    return services().store.standings.of_prompt(prompt.id, projects).evaluated


def _refined(prompt: Prompt, version: PromptVersion, job: Job) -> RefinedAnswer:
    done = job.status is RunStatus.COMPLETED
    cost = job.result.get("cost")
    return RefinedAnswer(
        prompt=job.result.get("prompt", ""),
        title=services().prompts.default_version_title(prompt) if done else None,
        reasoning=job.result.get("reasoning"),
        diff=job.result.get("diff"),
        examples=job.result.get("examples"),
        held_out=job.result.get("held_out"),
        truth=job.result.get("truth"),
        previous_version=_answer(version),
        total_cost=_dollars(cost) if cost is not None else None,
        refinement_job_id=str(job.id),
        refinement_status=job.status,
        error=for_api(job.message) if job.status is RunStatus.FAILED else None,
    )


def _check_parent(prompt: Prompt, body: VersionUpdate) -> None:
    if body.parent_model is not None and body.parent_model != prompt.id:
        raise InvalidInput(
            f"A version stays with its prompt, which is {prompt.id}.", field="parent_model"
        )


def _dollars(cost: float | None) -> str | None:
    return None if cost is None else f"{cost:.8f}"


def _no_cost(kind: str, message: str) -> CostAnswer:
    return CostAnswer(is_error=True, error_type=kind, error_message=message)


def _together(query: CostQuery) -> Together | None:
    named = query.vote or query.cascade
    if named is None:
        return None
    ids = tuple(int(each) for each in named.split(","))
    threshold = (query.min_score, query.max_error, query.certainty)
    return Together(ids, query.vote is None, *threshold)


def _cost(found: Estimate) -> CostAnswer:
    price = found.price
    return CostAnswer(
        is_error=price is None,
        error_type=None if price else "PriceUnknown",
        error_message=found.unknown or None,
        prompt_cost_usd=_dollars(found.prompt_cost),
        completion_cost_usd=_dollars(found.completion_cost),
        total_cost_usd=_dollars(found.total_cost),
        tasks=found.tasks,
        sampled_tasks=found.sampled,
        truth=found.truth,
        measured=found.measured,
        low_cost_usd=_dollars(found.low),
        high_cost_usd=_dollars(found.high),
        price_source=price.source if price else None,
        price_date=price.dated or None if price else None,
        tokens=round(found.tokens.mean),
        completion_limit=found.limit or None,
        together=found.remark or None,
        version_costs_usd=[_dollars(each.total_cost) for each in found.parts] or None,
        low_tokens=round(found.tokens.low),
        high_tokens=round(found.tokens.high),
        model_retirement=found.retiring or None,
        confidence=found.confidence,
    )
