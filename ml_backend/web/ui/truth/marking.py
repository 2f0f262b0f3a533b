"""Marks set and taken off by clicking: counted first, and asked again when the count changed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput, NotFound, PromptsError
from ml_backend.labelstudio import Project
from ml_backend.records import Job, JobKind, JsonObject, RunStatus
from ml_backend.services.callers.access import Caller
from ml_backend.services.marking.request import (
    DRAWN,
    MOST_DRAWN,
    MOST_SEED,
    MarkRequest,
    mark_request,
    request_from,
)
from ml_backend.web.actions import ground_truth as actions
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.fields import whole
from ml_backend.web.ui.shell.filters import plural
from ml_backend.web.ui.shell.pages import dialog, go, own_path, pages
from ml_backend.web.ui.shell.prompt_view import number

WAIT_SECONDS = 5.0
ONE_SECONDS = 20.0
"""Seconds that marking one annotation is waited for."""

SCOPES = ("tasks", "random", "all")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks for."""

    caller: Caller
    project: Project
    request: MarkRequest

    @property
    def fields(self) -> list[tuple[str, object]]:
        """Return the hidden fields of the form that confirms."""
        asked = self.request
        found: list[tuple[str, object]] = [
            ("project", self.project.id),
            ("do", "mark" if asked.ground_truth else "unmark"),
        ]
        if asked.random is not None:
            return [*found, ("scope", "random"), ("n", asked.random), ("seed", asked.seed)]
        if asked.everything:
            return [*found, ("scope", "all")]
        found += [("task", each) for each in asked.task_ids or ()]
        return found + [("annotation", each) for each in asked.annotation_ids or ()]

    @property
    def back(self) -> str:
        return f"/ui/ground-truth?project={self.project.id}"


@pages.get("/ground-truth/plan")
def ask_ground_truth() -> Response:
    """Say what would be marked, before anything is."""
    asked = _asked()
    return _plan(asked, actions.count(asked.caller, asked.project, asked.request))


@pages.post("/ground-truth")
def take_ground_truth() -> Response:
    """Mark what was counted, or ask again when it is another number by now."""
    asked = _asked()
    if request.form.get("do_count"):
        job = actions.begin(asked.project, asked.request, dry_run=True)
    elif asked.request.annotation_ids is not None:
        return _mark_one(asked)
    else:
        counted = number("counted")
        if counted is None:
            raise InvalidInput("What was counted is not said.", field="counted")
        job = actions.begin(asked.project, asked.request, counted=counted)
    with suppress(PromptsError):  # the job keeps it, and its page shows it
        services().jobs.wait(job, WAIT_SECONDS)
    job = services().store.jobs.get(job.id)
    outcome = f"/ui/ground-truth/outcome/{job.id}"
    return go(outcome if job.status.is_final else f"/ui/jobs/{job.id}?back={outcome}")


@pages.get("/ground-truth/outcome/<int:job_id>")
def show_marks(job_id: int) -> Response:
    """Show what was marked or counted, and how to do what is left."""
    caller = identity.caller()
    job = services().access.job(caller, job_id)
    if job.kind is not JobKind.GROUND_TRUTH or job.project_id is None:
        raise NotFound(f"There is no job {job_id} of ground truth.", field="job")
    asked = Asked(
        caller, services().access.project(caller, job.project_id), request_from(job.request)
    )
    if job.status is RunStatus.COMPLETED and job.request.get("dry_run"):
        return _plan(asked, job.result)
    text = render_template(
        "truth/outcome.html",
        job=job,
        asked=asked,
        failed=job.status is RunStatus.FAILED,
        result=job.result,
        again=_again(asked),
    )
    return make_response(text)


def _mark_one(asked: Asked) -> Response:
    """Mark an annotation that a person chose, or take its mark off, and come back to it."""
    job = services().jobs.wait(actions.begin(asked.project, asked.request), ONE_SECONDS)
    back = own_path(request.form.get("back", ""), asked.back)
    if job.status is not RunStatus.COMPLETED:
        return go(f"/ui/jobs/{job.id}?back=/ui/ground-truth/outcome/{job.id}")
    flash(_told(asked.request, job))
    return go(back)


def _told(asked: MarkRequest, job: Job) -> str:
    [task_id] = asked.task_ids or (0,)
    if not job.result.get("marked" if asked.ground_truth else "unmarked"):
        return f"Nothing was changed: the annotation of task {task_id} has changed meanwhile."
    now = f"Ground truth: {plural(int(job.result['ground_truth_tasks']), 'task')}."
    if asked.ground_truth:
        return f"Task {task_id} is ground truth now. {now}"
    return f"Task {task_id} is no ground truth any more; its annotation stays. {now}"


def _plan(asked: Asked, found: JsonObject | None) -> Response:
    value = asked.request.ground_truth
    count = None if found is None else int(found["would_mark" if value else "would_unmark"])
    return dialog("truth/plan.html", asked=asked, found=found, count=count, value=value)


def _again(asked: Asked) -> str:
    from urllib.parse import urlencode

    return f"/ui/ground-truth/plan?{urlencode(asked.fields)}"


def _asked() -> Asked:
    caller = identity.caller()
    project_id = number("project")
    if project_id is None:
        raise InvalidInput("Which project is not said.", field="project", fix="Choose one.")
    return Asked(caller, services().access.project(caller, project_id), _request())


def _request() -> MarkRequest:
    given = request.values
    do, scope = given.get("do", ""), given.get("scope", "tasks")
    if do not in ("mark", "unmark") or scope not in SCOPES:
        raise InvalidInput("What to do is not said.", field="do", fix="Press one of the buttons.")
    more: dict[str, Any] = {"ground_truth": do == "mark"}
    if scope == "all":
        return mark_request(everything=True, **more)
    if scope == "random":
        number_ = whole(given.get("n", str(DRAWN)), "How many", 1, MOST_DRAWN, field="n")
        seed = given.get("seed", "")
        if seed:
            more["seed"] = whole(seed, "The seed", 0, MOST_SEED, field="seed")
        return mark_request(random=number_, **more)
    tasks = [whole(each, "A task", 1, 2**31 - 1, field="task") for each in given.getlist("task")]
    if not tasks:
        raise InvalidInput(
            "No task is ticked.", field="task", fix="Tick some, or draw some at random."
        )
    chosen = given.getlist("annotation")
    if chosen:
        more["annotation_ids"] = [
            whole(each, "An annotation", 1, 2**31 - 1, field="annotation") for each in chosen
        ]
    return mark_request(task_ids=tasks, **more)
