"""Prompts: `client.prompts` of the SDK, and comparing the versions of one."""

from __future__ import annotations

from typing import Any

from ml_backend.errors import InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Project
from ml_backend.records import JobKind, JsonObject, Prompt, PromptVersion
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.authoring import skill_of
from ml_backend.services.evaluation.comparison import MOST_VERSIONS
from ml_backend.services.evaluation.comparison_grid import GridQuery
from ml_backend.services.jobs import documents
from ml_backend.web.api.deletions import delete_in_background
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.actions import GoingOn
from ml_backend.web.api.wire.comparing import (
    ComparedQuery,
    CompareQuery,
    ComparisonAnswer,
    GridAnswer,
    GridQueryGiven,
)
from ml_backend.web.api.wire.parts import Page, numbers, ordered, paged, slice_of
from ml_backend.web.api.wire.projects import CompatibleQuery, ProjectAnswer
from ml_backend.web.api.wire.prompts import (
    PromptAnswer,
    PromptCreate,
    PromptDetail,
    PromptQuery,
    PromptUpdate,
)
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

NAMES = {"project": "associated_projects", "label_config": "associated_projects"}
BY_LABEL_STUDIO = {"title", "id", "created_at", "is_published", "is_draft"}
"""Fields that Label Studio itself orders projects by."""

api = Operations("prompts_api", "prompts")


@api.add("GET", "/prompts/", Page[PromptDetail], query=PromptQuery)
def list_prompts(query: PromptQuery) -> dict[str, Any]:
    """List the prompts you see."""
    caller = identity.caller()
    going, _ = services().access.going()
    found = [each for each in services().access.prompts(caller) if each.id not in going]
    if query.search:
        wanted = query.search.casefold()
        found = [each for each in found if _mentions(each, wanted)]
    projects = services().access.projects_of_runs(caller, found)
    standings = services().store.standings.of_prompts([each.id for each in found], projects)
    found = ordered(
        found,
        query.ordering,
        {
            "id": lambda each: each.id,
            "title": lambda each: each.title.casefold(),
            "created_at": lambda each: each.created_at,
            "updated_at": lambda each: each.updated_at,
            "best_score": lambda each: standings[each.id].best,
            "runs_count": lambda each: standings[each.id].runs,
            "versions_count": lambda each: standings[each.id].versions,
        },
    )
    shown = slice_of(found, query)
    titles = _titles(caller, shown)
    details = [PromptDetail.of(each, titles, standings[each.id]) for each in shown]
    return paged(len(found), query, details)


@api.add("POST", "/prompts/", PromptAnswer, status=201, body=PromptCreate, names=NAMES)
def create_prompt(body: PromptCreate) -> PromptAnswer:
    """Make a prompt; fields and classes not given are those of its first project's config."""
    columns = {name: each for name, each in body.columns().items() if each is not None}
    project_ids = columns.pop("project_ids", [])
    title = columns.pop("title")
    caller = identity.caller()
    prompt = services().authoring.create_prompt(caller, title, project_ids, **columns)
    return _answer(prompt, services().authoring.notes(caller, project_ids))


@api.add("GET", "/prompts/<id>/", PromptDetail)
def get_prompt(id: int) -> PromptDetail:
    """Return a prompt."""
    caller = identity.caller()
    prompt = services().access.prompt(caller, id)
    titles = _titles(caller, [prompt])
    projects = services().access.projects_of_runs(caller, [prompt])
    return PromptDetail.of(prompt, titles, services().store.standings.of_prompt(id, projects))


@api.add("PATCH", "/prompts/<id>/", PromptAnswer, body=PromptUpdate, names=NAMES)
def update_prompt(id: int, body: PromptUpdate) -> PromptAnswer:
    """Change a prompt; takes access to all its projects."""
    caller = identity.caller()
    prompt = services().access.editable(caller, id)
    return _answer(services().authoring.update_prompt(caller, prompt, **body.columns()))


@api.add("DELETE", "/prompts/<id>/", status=204, others={202: GoingOn})
def delete_prompt(id: int) -> Any:
    """Delete a prompt, its versions and their predictions; takes access to all its projects."""
    caller = identity.caller()
    prompt = services().access.editable(caller, id)
    return delete_in_background(services(), caller, JobKind.DELETE_PROMPT, prompt, None)


@api.add("POST", "/prompts/<id>/projects/<project_id>/rebind", PromptAnswer)
def rebind_prompt(id: int, project_id: int) -> PromptAnswer:
    """Say that a prompt is for the project that has this number now.

    Asked for (409) where Label Studio was set up anew and its numbers began again.
    """
    caller = identity.caller()
    prompt = services().access.editable(caller, id)
    project = services().access.project(caller, project_id)
    services().project_identity.confirm(prompt, project)
    return _answer(prompt)


@api.add("GET", "/prompts/compatible-projects", Page[ProjectAnswer], query=CompatibleQuery)
def compatible_projects(query: CompatibleQuery) -> dict[str, Any]:
    """List the projects whose labeling config can be answered."""
    caller = identity.caller()
    wires = caller.studio.project_wires(_label_studio_order(query.ordering))
    chosen = set(numbers(query.ids))
    found = [
        wire
        for wire in wires
        if (not chosen or wire["id"] in chosen)
        and (not query.title or query.title.casefold() in str(wire["title"]).casefold())
        and _is_of(wire, query)
    ]
    prompts = services().access.prompts(caller)
    shown = [
        ProjectAnswer.of(wire, [prompt for prompt in prompts if wire["id"] in prompt.project_ids])
        for wire in slice_of(found, query)
    ]
    return paged(len(found), query, shown)


@api.add("GET", "/prompts/<id>/compare", ComparisonAnswer, query=CompareQuery)
def compare_versions(id: int, query: CompareQuery) -> ComparisonAnswer:
    """Compare versions on the same tasks with a truth, by their last runs."""
    caller = identity.caller()
    prompt = services().access.prompt(caller, id)
    project, versions = _compared(caller, prompt, query)
    found = services().comparisons.compare(
        caller.studio,
        project,
        versions,
        common_only=query.common_only,
        control=query.control,
        truth=query.truth,
    )
    return ComparisonAnswer.of(prompt.id, found)


@api.add("GET", "/prompts/<id>/compare/tasks", GridAnswer, query=GridQueryGiven)
def compare_tasks(id: int, query: GridQueryGiven) -> JsonObject:
    """Put versions side by side, task by task: those on which they differ first.

    Without any ground truth these are the tasks on which they disagree most.
    """
    caller = identity.caller()
    prompt = services().access.prompt(caller, id)
    project, versions = _compared(caller, prompt, query)
    found = services().comparison_grids.page(
        caller.studio,
        project,
        versions,
        GridQuery(
            filter=query.show,
            page=query.page,
            size=query.page_size,
            control=query.control,
            truth=query.truth,
        ),
    )
    return documents.of_grid(found)


def _compared(
    caller: Caller, prompt: Prompt, query: ComparedQuery
) -> tuple[Project, list[PromptVersion]]:
    """Return what a query compares, where; all of it the caller's to see."""
    wanted = numbers(query.versions)
    others = numbers(query.others) if query.others else []
    if not 2 <= len(wanted) + len(others) <= MOST_VERSIONS:
        raise InvalidInput("Name two to ten versions.", field="versions")
    versions = [services().access.version(prompt, each) for each in wanted]
    versions += [services().access.any_version(caller, each) for each in others]
    project_id = query.project or next(
        iter(services().access.visible(caller, prompt.project_ids)), None
    )
    if project_id is None:
        raise InvalidInput("The prompt has no project.", field="project")
    return services().access.project(caller, project_id), versions


def _titles(caller: Caller, prompts: Any) -> dict[int, str]:
    wanted = {each for prompt in prompts for each in prompt.project_ids}
    found = {each: services().access.title(caller, each) for each in wanted}
    return {each: title for each, title in found.items() if title is not None}


def _answer(prompt: Prompt, notes: list[str] | None = None) -> PromptAnswer:
    visible = services().access.visible(identity.caller(), prompt.project_ids)
    return PromptAnswer.of(prompt, visible, notes)


def _mentions(prompt: Prompt, wanted: str) -> bool:
    return wanted in prompt.title.casefold() or wanted in prompt.description.casefold()


def _label_studio_order(ordering: str | None) -> dict[str, str]:
    field = (ordering or "").lstrip("-")
    return {"ordering": ordering or ""} if field in BY_LABEL_STUDIO else {}


def _is_of(wire: dict[str, Any], query: CompatibleQuery) -> bool:
    """Return whether a project can be answered and fits the query's other filters."""
    if query.archived or (query.workspaces and wire.get("workspace") != query.workspaces):
        return False
    if query.state and wire.get("state") != query.state:
        return False
    if query.source_interface_id is not None:
        return False
    try:
        config = LabelingConfig.parse(str(wire.get("label_config") or ""))
        config.require_answerable()
    except InvalidInput:
        return False
    return query.project_type is None or skill_of(config) == query.project_type
