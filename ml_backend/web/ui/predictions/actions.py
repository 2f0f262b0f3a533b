"""Deleting predictions and making annotations of them: counted first, and asked again.

A person agrees to a number. When another one is found as the button is pressed, nothing is done and
the new one is shown; the job compares once more before it begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, InvalidInput, NotFound, PromptsError
from ml_backend.labelstudio import Project
from ml_backend.records import Job, JobKind, JsonObject, RunStatus
from ml_backend.services.callers.access import Caller
from ml_backend.services.predictions.bulk_actions import DeletePlan, PromotePlan
from ml_backend.web.actions import bulk_actions
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.predictions import selection
from ml_backend.web.ui.predictions.selection import Chosen
from ml_backend.web.ui.shell.jobs import outcome_page
from ml_backend.web.ui.shell.pages import by_htmx, dialog, for_target, go, pages
from ml_backend.web.ui.shell.prompt_view import number

TYPE_FROM = 1_000
"""Predictions from which the name is typed to delete them."""

WAIT_SECONDS = 5.0
KINDS = {"delete": JobKind.DELETE_PREDICTIONS, "promote": JobKind.PROMOTE}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a dialog is about."""

    action: str
    caller: Caller
    project: Project
    choice: Chosen
    include_annotated: bool = False
    made: JsonObject = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Any]:
        """Return the hidden fields of the form that confirms."""
        more = {"include_annotated": "1"} if self.include_annotated else {}
        return {"project": self.project.id, **self.choice.fields, **more}

    @property
    def name(self) -> str:
        """Return what is typed to confirm a large deletion."""
        if self.choice.label is not None:
            return self.choice.label
        if self.choice.prompt_id is not None:
            return services().access.prompt(self.caller, self.choice.prompt_id).title
        return self.project.title


@dataclass(frozen=True, slots=True)
class Counted:
    """A count, or why there is none; ``before`` is what the person saw, when it differs."""

    plan: DeletePlan | PromotePlan | None = None
    error: PromptsError | None = None
    before: int | None = None

    @property
    def total(self) -> int:
        if self.plan is None:
            return 0
        return self.plan.total if isinstance(self.plan, DeletePlan) else self.plan.would_create


# The dialogs


@pages.get("/predictions/<any(delete, promote):action>")
def ask_predictions(action: str) -> Response:
    """Show what can be chosen; what the choice comes to is counted once the dialog is seen."""
    asked = _asked(action)
    if for_target("dlg"):
        return _dialog(asked, None)
    counted = _try_count(asked) if asked.choice.of else None
    return _dialog(asked, counted)


@pages.get("/predictions/<any(delete, promote):action>/plan")
def count_predictions(action: str) -> Response:
    """Count what a choice comes to."""
    asked = _asked(action)
    counted = _try_count(asked)
    if not by_htmx():
        return _dialog(asked, counted)
    return _plan(asked, counted)


@pages.post("/predictions/<any(delete, promote):action>")
def begin_predictions(action: str) -> Response:
    """Do what was counted, or ask again when it is another number by now."""
    asked = _asked(action)
    made, plan = _count(asked)
    agreed, now = number("counted"), Counted(plan).total
    if agreed != now or not now:
        return _ask_again(asked, Counted(plan, before=agreed))
    if action == "delete" and now >= TYPE_FROM:
        _require_typed(asked)
    job = bulk_actions.begin(KINDS[action], asked.project.id, {**made, "counted": now})
    with suppress(PromptsError):  # the job keeps it, and its page shows it
        services().jobs.wait(job, WAIT_SECONDS)
    job = services().store.jobs.get(job.id)
    outcome = outcome_page(job)
    return go(outcome if job.status.is_final else f"/ui/jobs/{job.id}?back={outcome}")


def _asked(action: str) -> Asked:
    caller = identity.caller()
    project_id = number("project")
    if project_id is None:
        raise InvalidInput("Which project is not said.", field="project", fix="Choose one.")
    return Asked(
        action=action,
        caller=caller,
        project=services().access.project(caller, project_id),
        choice=selection.chosen(),
        include_annotated=request.values.get("include_annotated") == "1",
    )


def _count(asked: Asked) -> tuple[JsonObject, DeletePlan | PromotePlan]:
    made = selection.selection(asked.caller, asked.project, asked.choice)
    if asked.action == "promote":
        made["include_annotated"] = asked.include_annotated
    return made, _plan_of(KINDS[asked.action], asked.caller, asked.project.id, made)


def _plan_of(
    kind: JobKind, caller: Caller, project_id: int, made: JsonObject
) -> DeletePlan | PromotePlan:
    job_handlers = services().job_handlers
    if kind is JobKind.PROMOTE:
        return job_handlers.plan_promote(caller.studio, project_id, made)
    return job_handlers.plan_delete(caller.studio, project_id, made)


def _try_count(asked: Asked) -> Counted:
    """Count, or say beside the choice what is wrong with it."""
    try:
        return Counted(_count(asked)[1])
    except (InvalidInput, Conflict) as error:
        return Counted(error=error)


def _require_typed(asked: Asked) -> None:
    if request.form.get("typed", "").strip() != asked.name.strip():
        raise InvalidInput(
            f"What was typed is not {asked.name!r}; nothing was deleted.",
            field="typed",
            fix="Type the name exactly to confirm.",
        )


def _dialog(asked: Asked, counted: Counted | None) -> Response:
    return dialog(
        f"predictions/{asked.action}.html",
        status=422 if counted and counted.error else 200,
        tabs=asked.caller.studio.tabs(asked.project.id),
        held=services().holdings.of_project(asked.caller, asked.project),
        **_shown(asked, counted),
    )


def _plan(asked: Asked, counted: Counted) -> Response:
    template = f"predictions/{asked.action}_plan.html"
    status = 422 if counted.error else 200
    return make_response(render_template(template, **_shown(asked, counted)), status)


def _shown(asked: Asked, counted: Counted | None) -> Mapping[str, Any]:
    made = counted.plan.selection if counted and counted.plan else None
    return {
        "asked": asked,
        "counted": counted,
        "who": selection.words(asked.caller, asked.choice) if asked.choice.of else "",
        "narrowed": bool(made and (made.task_ids is not None or made.filters is not None)),
        "type_from": TYPE_FROM,
        "back": f"/ui/predictions?project={asked.project.id}",
    }


def _ask_again(asked: Asked, counted: Counted) -> Response:
    if not by_htmx():
        return _dialog(asked, counted)
    response = _plan(asked, counted)
    response.headers["HX-Retarget"] = "#plan"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


# What came of it


@pages.get("/predictions/outcome/<int:job_id>")
def show_outcome(job_id: int) -> Response:
    """Show what a deletion or a promotion did, and how to do what it left undone."""
    caller = identity.caller()
    job = services().access.job(caller, job_id)
    if job.kind not in KINDS.values() or job.project_id is None:
        raise NotFound(f"There is no job {job_id} of predictions.", field="job")
    project = services().access.project(caller, job.project_id)
    left = _left(caller, job) if job.status is RunStatus.FAILED else None
    text = render_template(
        "predictions/outcome.html",
        job=job,
        project=project,
        failed=job.status is RunStatus.FAILED,
        left=left,
        counted=int(job.request.get("counted") or 0),
        choice=selection.of_request(job.request.get("form")),
        type_from=TYPE_FROM,
        result=job.result,
    )
    return make_response(text)


def _left(caller: Caller, job: Job) -> int | None:
    """Return how much a job that failed left undone, None when nobody can say now."""
    try:
        plan = _plan_of(job.kind, caller, job.project_id or 0, job.request)
    except PromptsError:
        return None
    return Counted(plan).total
