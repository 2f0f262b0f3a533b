"""Projects: their subsets and tasks, connecting them, deleting and promoting predictions."""

from __future__ import annotations

from typing import Any

from ml_backend.records import Job, JobKind, JsonObject
from ml_backend.services.accepting.documents import of_accept_plan
from ml_backend.services.callers.access import Caller
from ml_backend.services.evaluation.subset_tasks import TaskQuery
from ml_backend.services.jobs import documents
from ml_backend.services.predictions.provenance import document_of
from ml_backend.services.publishing.shown_version import show_model_version
from ml_backend.web.actions import bulk_actions
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.actions import (
    Connecting,
    Disconnecting,
    LabelStreamAnswer,
    Promoting,
    PromotionAnswer,
    RemovalAnswer,
    Removing,
    Selecting,
    Showing,
)
from ml_backend.web.api.wire.parts import Page, numbers, ordered, paged
from ml_backend.web.api.wire.projects import (
    ProvenanceAnswer,
    ProvenanceQuery,
    SubsetAnswer,
    SubsetQuery,
    TaskItem,
    TaskListQuery,
    TaskResults,
)
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("projects_api", "projects")

PROJECT = "/projects/<project_id>"
WAIT_SECONDS = 20.0
NAMES = {"tasks": "task_ids", "filter": "filters_json"}


@api.add("GET", f"{PROJECT}/subsets", list[SubsetAnswer], query=SubsetQuery)
def list_subsets(project_id: int, query: SubsetQuery) -> list[SubsetAnswer]:
    """List the subsets a run can be started on, with their tasks counted."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    found = services().subsets.counts(caller.studio, project)
    keys = {"subset": lambda each: each.subset.value, "count": lambda each: each.count}
    return [SubsetAnswer.of(each) for each in ordered(found, query.ordering, keys)]


@api.add("GET", f"{PROJECT}/subset-tasks", Page[TaskResults], query=TaskListQuery)
def list_subset_tasks(project_id: int, query: TaskListQuery) -> dict[str, Any]:
    """List tasks with what a prompt said about them, what is true, and whether they agree."""
    caller = identity.caller()
    access = services().access
    project = access.project(caller, project_id)
    run = access.run(caller, query.model_run) if query.model_run is not None else None
    if query.parent_model is not None:
        access.prompt(caller, query.parent_model)
    found = services().subsets.page(
        caller.studio,
        project,
        TaskQuery(
            subset=query.project_subset,
            run=run,
            version_id=query.model_version,
            prompt_id=query.parent_model,
            output_class=query.output_class,
            output_control=query.output_from_name,
            aligned_class=query.alignment_class,
            aligned_control=query.alignment_from_name,
            alignment=query.alignment_outcome,
            predicted_by=numbers(query.prediction_version_ids),
            order=query.ordering or "id",
            page=query.page,
            page_size=query.page_size,
        ),
    )
    results = TaskResults(
        task_count=found.count if query.include_total else None,
        task_result_list=[TaskItem.of(each) for each in found.results],
        truth=found.truth,
    )
    return paged(found.count, query, [results])


@api.add(
    "GET",
    f"{PROJECT}/predictions/provenance",
    list[ProvenanceAnswer],
    query=ProvenanceQuery,
    names=NAMES,
)
def list_provenance(project_id: int, query: ProvenanceQuery) -> list[JsonObject]:
    """Say where the predictions of tasks came from: version, run, few-shot pool."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    found = services().provenances.of_tasks(caller.studio, project.id, numbers(query.task_ids))
    return [document_of(each) for each in found]


@api.add(
    "POST",
    f"{PROJECT}/predictions/delete",
    RemovalAnswer,
    others={202: RemovalAnswer},
    body=Removing,
    names=NAMES,
)
def delete_predictions(project_id: int, body: Removing) -> Any:
    """Count predictions and, unless dry_run, delete them with your own rights."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    request = _request(caller, body)
    plan = services().job_handlers.plan_delete(caller.studio, project.id, request)
    counted = {**documents.of_delete_plan(plan), "dry_run": body.dry_run}
    if body.dry_run or not plan.total:
        return counted if body.dry_run else {**counted, "deleted": 0}
    job = _begin(JobKind.DELETE_PREDICTIONS, project.id, request)
    if not job.status.is_final:
        return {**counted, "job": job.id}, 202
    done = job.result
    return {
        **counted,
        "deleted": done["deleted"],
        "remaining": done["model_versions"],
        "notes": done["notes"],
    }


@api.add(
    "POST",
    f"{PROJECT}/predictions/promote",
    PromotionAnswer,
    others={202: PromotionAnswer},
    body=Promoting,
    names=NAMES,
)
def promote_predictions(project_id: int, body: Promoting) -> Any:
    """Count predictions and, unless dry_run, make annotations of them in your name.

    With min_score those that are sure enough, with max_error those that a promise is of.
    """
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    request = _request(caller, body)
    accepted = services().job_handlers.acceptances.plan(caller.studio, project.id, request)
    plan = accepted.promote
    counted = {
        **documents.of_promote_plan(plan),
        **of_accept_plan(accepted),
        "dry_run": body.dry_run,
    }
    marks = 0
    if body.ground_truth:
        opened = services().job_handlers.plan_promoted_marks(caller.studio, project, plan)
        marks = opened.tasks
        counted |= {"would_mark": marks, "unopened": opened.unopened}
    if body.dry_run or not (plan.would_create or marks):
        return counted if body.dry_run else {**counted, "created": 0}
    job = _begin(JobKind.PROMOTE, project.id, request)
    if not job.status.is_final:
        return {**counted, "job": job.id}, 202
    return {**counted, **job.result}


@api.add("GET", f"{PROJECT}/label-stream", LabelStreamAnswer)
def get_label_stream(project_id: int) -> LabelStreamAnswer:
    """Return the model version whose predictions the label stream shows."""
    project = services().access.project(identity.caller(), project_id)
    shown = project.model_version if project.shows_predictions else None
    return LabelStreamAnswer(project=project.id, model_version=shown)


@api.add("POST", f"{PROJECT}/label-stream", LabelStreamAnswer, body=Showing, names=NAMES)
def show_in_label_stream(project_id: int, body: Showing) -> LabelStreamAnswer:
    """Have the label stream show a model version's predictions, with your own rights."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    found = show_model_version(caller.studio, project, body.model_version)
    return LabelStreamAnswer(
        project=project.id,
        model_version=found.model_version,
        before=found.before,
        predictions=found.predictions,
    )


@api.add("POST", f"{PROJECT}/connect", JsonObject, body=Connecting)
def connect_project(project_id: int, body: Connecting) -> JsonObject:
    """Connect a project to this server, or mend its connection."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    prompt = body.prompt
    if prompt is not None:
        prompt = services().access.prompt_for(caller, project.id, prompt).id
    report = (
        services()
        .connecting_through(caller.studio)
        .connect(
            project,
            body.url,
            prompt=prompt,
            version=body.version,
            title=body.title,
            extra_params=body.extra_params,
            new_secret=body.new_secret,
            person=caller.person,
        )
    )
    return report.document()


@api.add("POST", f"{PROJECT}/disconnect", JsonObject, body=Disconnecting)
def disconnect_project(project_id: int, body: Disconnecting) -> JsonObject:
    """Disconnect a project from this server."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    disconnecting = services().disconnecting_through(caller.studio)
    plan = disconnecting.plan(project)
    if not body.dry_run:
        disconnecting.execute(plan)
    return {**plan.document(), "disconnected": not body.dry_run and not plan.is_empty}


def _request(caller: Caller, body: Selecting) -> JsonObject:
    """Return the selection; a prompt named must be one the caller sees."""
    if body.prompt is not None:
        services().access.prompt(caller, body.prompt)
    return body.request()


def _begin(kind: JobKind, project_id: int, request: JsonObject) -> Job:
    return services().jobs.wait(bulk_actions.begin(kind, project_id, request), WAIT_SECONDS)
