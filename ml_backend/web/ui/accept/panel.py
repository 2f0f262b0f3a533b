"""The tab Accept: how much of a version's predictions may be accepted, and by which promise."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template
from werkzeug.wrappers import Response

from ml_backend.records import Label
from ml_backend.records.promises import PromiseState
from ml_backend.reporting.elements import to_markup
from ml_backend.services.accepting.thresholds import ThresholdAnswer
from ml_backend.services.promises.documents import why_not
from ml_backend.services.promises.promise_samples import SampleState
from ml_backend.services.reviewing.review_words import tab_url
from ml_backend.web.server.services import services
from ml_backend.web.ui.accept.asked import CERTAINTIES, LEAST, MOST, STEP, Asked, read
from ml_backend.web.ui.accept.curve import draw
from ml_backend.web.ui.shell.pages import for_target, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, answer, open_view, panel

ACTS_SHOWN = 20


@panel("accept")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    asked = read(view)
    about: dict[str, Any] = {"view": view, "asked": asked}
    if asked is None or asked.label is None:
        return render_template("accept/accept.html", **about)
    state = _state(asked)
    review = services().review_first.state(view.prompt, asked.project)
    return render_template(
        "accept/accept.html",
        **about,
        **shown(asked, asked.label, state),
        certainties=sorted({*CERTAINTIES, asked.certainty}),
        least=LEAST,
        most=MOST,
        step=STEP,
        review=review,
        review_url=tab_url(review, services().settings) if review else None,
    )


@pages.get("/prompts/<int:prompt_id>/accept/answer")
def show_acceptable(prompt_id: int) -> Response:
    """Say how much may be accepted with so many wrong; what the slider asks for."""
    view = open_view(prompt_id)
    if not for_target("acceptance"):
        return answer(view, "accept")
    asked = read(view)
    if asked is None or asked.label is None:
        return make_response(fill(view))
    context = shown(asked, asked.label, _state(asked))
    response = make_response(render_template("accept/answer.html", asked=asked, **context))
    response.headers["HX-Replace-Url"] = asked.back
    return response


def shown(asked: Asked, label: Label, state: SampleState | None) -> dict[str, Any]:
    """Return what is shown of a label's predictions for the numbers asked for."""
    found = services().thresholds.answer(
        asked.view.caller.studio,
        asked.project,
        label,
        max_error=asked.max_error,
        certainty=asked.certainty,
    )
    plot = draw(found)
    acts = services().take_back_through(asked.view.caller.studio).list(asked.project.id)
    mine = [each for each in acts if each.version_id == asked.version.id]
    standing = min(found.holds.accepted, sum(each.made - each.taken_back for each in mine))
    return {
        "found": found,
        "plot": to_markup(plot) if plot is not None else "",
        "acts": mine[:ACTS_SHOWN],
        "more_acts": max(0, len(mine) - ACTS_SHOWN),
        "standing": standing,
        "left": found.holds.accepted - standing,
        "labelled": found.holds.labelled,
        "for_people": found.holds.for_people,
        "can_ask": _can_ask(found, state),
        "state": state,
        "why": why_not(state) if state is not None else "",
    }


def _can_ask(found: ThresholdAnswer, state: SampleState | None) -> bool:
    """Return whether the sample that is opened may be asked for these numbers, once more."""
    if found.is_promise or state is None or not state.sample.several_looks:
        return False
    if state.sample.state is not PromiseState.OPENED:
        return False
    numbers = (found.max_error, found.certainty)
    return all((look.max_error, look.certainty) != numbers for look in state.sample.looks)


def _state(asked: Asked) -> SampleState | None:
    if asked.newest is None:
        return None
    return services().promise_samples.state(asked.view.caller.studio, asked.project, asked.newest)
