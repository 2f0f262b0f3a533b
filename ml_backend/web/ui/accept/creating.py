"""Annotations made of what may be accepted, and taken back: counted first, and asked again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, NotFound, PromptsError
from ml_backend.kinds import Kept, LeftOut
from ml_backend.records import Job, JobKind, JsonObject
from ml_backend.services.accepting.accepting import AcceptPlan
from ml_backend.web.actions import bulk_actions
from ml_backend.web.server.services import services
from ml_backend.web.ui.accept.asked import Asked, asked, label_of, score_of
from ml_backend.web.ui.shell.pages import alert_slot, by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import number

WAIT_SECONDS = 5.0

WHY_SKIPPED = {
    LeftOut.BELOW: "whose score is below the threshold",
    LeftOut.UNSCORED: "without a score",
    LeftOut.SAMPLED: "of tasks that people label, or labelled, for a promise sample",
    LeftOut.OUTSIDE: "of tasks that the promise is not of: they came later",
    LeftOut.REPLACED: "that are not those the promise was made of: they were replaced since",
    LeftOut.ANNOTATED: "of tasks that people annotated",
    LeftOut.IDENTICAL: "that stand as an annotation already",
    LeftOut.DOUBLED: "of tasks that have several of this version: which one is meant nobody knows",
}
WHY_KEPT = {
    Kept.OPENED: "that a person opened and submitted",
    Kept.CHANGED: "that say something else by now",
    Kept.MARKED: "that were marked or changed",
    Kept.CONFIRMED: "that a person said are right",
    Kept.DRAFTED: "on whose task somebody works",
}


@pages.get("/prompts/<int:prompt_id>/accept/create")
def ask_create(prompt_id: int) -> Response:
    """Count what would be made an annotation, and say what is skipped and why."""
    found = asked(prompt_id)
    return _dialog(found) if found.label is not None else go(found.back)


@pages.post("/prompts/<int:prompt_id>/accept/create")
def create_accepted(prompt_id: int) -> Response:
    """Make what was counted, or ask again when it is another number by now."""
    found = asked(prompt_id)
    made = _request(found)
    plan = _plan(found, made)
    if number("counted") != plan.would_create or not plan.would_create:
        return _dialog(found, before=number("counted"))
    title = label_of(found).label
    return _begin(found, JobKind.PROMOTE, {**made, "title": title, "counted": plan.would_create})


@pages.get("/prompts/<int:prompt_id>/accept/acceptances/<int:acceptance_id>/take-back")
def ask_take_back(prompt_id: int, acceptance_id: int) -> Response:
    """Count what taking an acceptance back would delete, and what it leaves."""
    return _take_back_dialog(asked(prompt_id), acceptance_id)


@pages.post("/prompts/<int:prompt_id>/accept/acceptances/<int:acceptance_id>/take-back")
def take_back(prompt_id: int, acceptance_id: int) -> Response:
    """Delete what was counted, or ask again when it is another number by now."""
    found = asked(prompt_id)
    _own(found, acceptance_id)
    handlers = services().job_handlers.acceptances
    plan = handlers.plan_take_back(found.view.caller.studio, acceptance_id)
    if number("counted") != plan.would_delete or not plan.would_delete:
        return _take_back_dialog(found, acceptance_id, before=number("counted"))
    return _begin(found, JobKind.TAKE_BACK, {"acceptance": acceptance_id})


def _begin(found: Asked, kind: JobKind, made: JsonObject) -> Response:
    job: Job = bulk_actions.begin(kind, found.project.id, made)
    with suppress(PromptsError):  # the job keeps it, and its page shows it
        services().jobs.wait(job, WAIT_SECONDS)
    return go(f"/ui/jobs/{job.id}?{urlencode({'back': found.back})}")


def _request(found: Asked) -> JsonObject:
    """Return what a job is asked: by the promise, or by a score that nothing is promised of."""
    made: JsonObject = {"labels": [label_of(found).label], "all": True}
    score = score_of("min_score")
    if score is None:
        return {**made, "max_error": found.max_error, "certainty": found.certainty}
    return {**made, "min_score": score}


def _plan(found: Asked, made: JsonObject) -> AcceptPlan:
    handlers = services().job_handlers.acceptances
    return handlers.plan(found.view.caller.studio, found.project.id, made)


def _dialog(found: Asked, before: int | None = None) -> Response:
    made = _request(found)
    plan, error = None, None
    try:
        plan = _plan(found, made)
    except Conflict as refused:  # nothing is promised any more: said in the dialog
        error = refused
    skipped = (
        [(plan.promote.skipped(why), said) for why, said in WHY_SKIPPED.items()] if plan else []
    )
    context: dict[str, Any] = {
        "asked": found,
        "plan": plan,
        "error": error,
        "min_score": made.get("min_score"),
        "skipped": [each for each in skipped if each[0]],
        "before": before,
    }
    return _shown("accept/create.html", context, before, 409 if error else 200)


def _take_back_dialog(found: Asked, acceptance_id: int, before: int | None = None) -> Response:
    _own(found, acceptance_id)
    handlers = services().job_handlers.acceptances
    plan = handlers.plan_take_back(found.view.caller.studio, acceptance_id)
    kept = [(plan.kept.get(why, 0), said) for why, said in WHY_KEPT.items()]
    context = {
        "asked": found,
        "plan": plan,
        "kept": [each for each in kept if each[0]],
        "before": before,
    }
    return _shown("accept/take_back.html", context, before, 200)


def _shown(template: str, context: dict[str, Any], before: int | None, status: int) -> Response:
    back = context["asked"].back
    slot = alert_slot()
    response = dialog(template, status=status, alert_slot=slot, back=back, **context)
    if before is not None and by_htmx():  # asked anew, in place of the dialog that counted before
        response.headers["HX-Retarget"] = "#dlg"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _own(found: Asked, acceptance_id: int) -> None:
    """Raise NotFound where an acceptance is not of this prompt in this project."""
    act = services().store.acceptances.find(acceptance_id)
    about = (found.project.id, found.view.prompt.id)
    if act is None or (act.project_id, act.prompt_id) != about:
        raise NotFound(f"This prompt has no acceptance {acceptance_id}.", field="acceptance")
