"""Promise samples by clicking: counted and said before they are drawn, opened, asked, withdrawn."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, InvalidInput, NotFound
from ml_backend.services.promises.asking import MOST
from ml_backend.services.promises.documents import labels_for, why_not
from ml_backend.services.promises.draw import DrawPlan, DrawRequest, left_out_words
from ml_backend.web.actions import promises as actions
from ml_backend.web.server.services import services
from ml_backend.web.ui.accept.asked import CERTAINTIES, Asked, asked, label_of
from ml_backend.web.ui.shell.fields import whole
from ml_backend.web.ui.shell.filters import plural
from ml_backend.web.ui.shell.pages import alert_slot, by_htmx, dialog, for_target, go, pages
from ml_backend.web.ui.shell.prompt_view import number

LONGEST_REASON = 500


@pages.get("/prompts/<int:prompt_id>/accept/draw")
def ask_draw(prompt_id: int) -> Response:
    """Say what drawing a promise sample takes and does."""
    found = asked(prompt_id)
    return _dialog(found) if found.label is not None else go(found.back)


@pages.post("/prompts/<int:prompt_id>/accept/draw")
def draw_sample(prompt_id: int) -> Response:
    """Draw what was counted, or say anew what that is when it is another number by now."""
    found = asked(prompt_id)
    label_of(found)
    wanted = _request(found)
    plan = actions.plan(found.view.caller, wanted)
    if plan.why:
        raise Conflict(plan.why, fix="Allow more errors, or draw more tasks.")
    if number("counted") != plan.size:
        return _dialog(found, before=number("counted"))
    sample = actions.draw(wanted)
    flash(
        f"{plural(sample.size, 'task')} are drawn, and their predictions leave Label Studio. "
        "Label all of these tasks there; then open the sample here."
    )
    return go(found.back)


@pages.post("/prompts/<int:prompt_id>/accept/samples/<int:sample_id>/open")
def open_promise_sample(prompt_id: int, sample_id: int) -> Response:
    """Open a sample all of whose tasks are labelled."""
    found = asked(prompt_id)
    state = actions.open_sample(found.view.caller, found.project, _own(found, sample_id))
    if state.promise is not None:
        flash("The sample is opened, and the promise holds.")
    else:
        flash(f"The sample is opened, and promises nothing. {why_not(state)}")
    return go(found.back)


@pages.post("/prompts/<int:prompt_id>/accept/samples/<int:sample_id>/ask")
def ask_promise_sample(prompt_id: int, sample_id: int) -> Response:
    """Ask an opened sample for the limit that the slider stands at."""
    found = asked(prompt_id)
    number_of = _own(found, sample_id)
    look = actions.ask(
        found.view.caller, found.project, number_of, found.max_error, found.certainty
    )
    flash("That is promised now." if look.holds else f"That is not promised. {look.why}")
    return go(found.back)


@pages.get("/prompts/<int:prompt_id>/accept/samples/<int:sample_id>/withdraw")
def ask_withdraw(prompt_id: int, sample_id: int) -> Response:
    """Say what withdrawing a sample does."""
    found = asked(prompt_id)
    state = actions.state(found.view.caller, found.project, _own(found, sample_id))
    return dialog(
        "accept/withdraw.html", asked=found, state=state, alert_slot=alert_slot(), back=found.back
    )


@pages.post("/prompts/<int:prompt_id>/accept/samples/<int:sample_id>/withdraw")
def withdraw_sample(prompt_id: int, sample_id: int) -> Response:
    """Withdraw a sample, or what it promised."""
    found = asked(prompt_id)
    reason = request.form.get("reason", "").strip()
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(
            "The reason is too long.", field="reason", fix=f"Use {LONGEST_REASON} characters."
        )
    actions.withdraw(found.view.caller, found.project, _own(found, sample_id), reason)
    flash("The sample is withdrawn; its predictions are put back. What people labelled stays.")
    return go(found.back)


def _own(found: Asked, sample_id: int) -> int:
    """Return the number of a sample; raises NotFound where it is not of this prompt."""
    sample = services().promise_samples.get(found.project.id, sample_id)
    if sample.prompt_id != found.view.prompt.id:
        raise NotFound(f"This prompt has no promise sample {sample_id}.", field="promise")
    return sample.id


def _request(found: Asked) -> DrawRequest:
    size = request.values.get("size", "").strip()
    return actions.request_of(
        found.view.caller,
        found.project,
        found.view.prompt.id,
        found.version.id,
        max_error=found.max_error,
        certainty=found.certainty,
        size=whole(size, "Tasks to draw", 1, MOST, field="size") if size else None,
        several_looks=request.values.get("several") == "on",
    )


def _dialog(found: Asked, before: int | None = None) -> Response:
    plan, error = _plan(found)
    context: dict[str, Any] = {
        "asked": found,
        "plan": plan,
        "error": error,
        "before": before,
        "left_out": left_out_words(plan) if plan else "",
        "labels_for": labels_for(plan.tasks, found.certainty) if plan else {},
        "certainties": sorted({*CERTAINTIES, found.certainty}),
        "size": request.values.get("size", ""),
        "several": request.values.get("several") == "on",
        "back": found.back,
    }
    if for_target("draw-plan"):
        return make_response(render_template("accept/draw_plan.html", **context))
    response = dialog("accept/draw.html", **context)
    if before is not None and by_htmx():  # asked anew, in place of the dialog that counted before
        response.headers["HX-Retarget"] = "#dlg"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _plan(found: Asked) -> tuple[DrawPlan | None, Conflict | InvalidInput | None]:
    """Count, or say beside the fields what is wrong with them."""
    try:
        return actions.plan(found.view.caller, _request(found)), None
    except (Conflict, InvalidInput) as error:
        return None, error
