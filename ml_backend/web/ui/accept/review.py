"""Send to people: the tab Review first, made from what may not be accepted."""

from __future__ import annotations

from flask import flash, request
from werkzeug.wrappers import Response

from ml_backend.labelstudio import Sampling
from ml_backend.services.reviewing.review_first import USUAL, ReviewRequest
from ml_backend.services.reviewing.review_words import end_words
from ml_backend.web.server.services import services
from ml_backend.web.ui.accept.asked import Asked, asked, score_of
from ml_backend.web.ui.shell.fields import whole
from ml_backend.web.ui.shell.filters import plural
from ml_backend.web.ui.shell.pages import alert_slot, dialog, go, pages

SIZES = (50, 100, 200)


@pages.get("/prompts/<int:prompt_id>/accept/review")
def ask_review(prompt_id: int) -> Response:
    """Say what the tab would show."""
    found = asked(prompt_id)
    if found.label is None:
        return go(found.back)
    plan = services().review_first.plan(
        found.view.caller.studio, found.view.prompt, found.project, _request(found)
    )
    return dialog(
        "accept/review.html",
        asked=found,
        plan=plan,
        sizes=SIZES,
        usual=USUAL,
        below=score_of("below"),
        alert_slot=alert_slot(),
        back=found.back,
    )


@pages.post("/prompts/<int:prompt_id>/accept/review")
def send_to_people(prompt_id: int) -> Response:
    """Make the tab, or change what it shows; in the person's own name."""
    found = asked(prompt_id)
    review = services().review_first.start(
        found.view.caller.studio, found.view.prompt, found.project, _request(found)
    )
    flash(
        f"{plural(review.batch, 'task')} are in the tab “{review.title}” of Label Studio; "
        f"{review.waiting:,} more come as people submit."
    )
    return go(found.back)


@pages.post("/prompts/<int:prompt_id>/accept/review/stop")
def stop_sending(prompt_id: int) -> Response:
    """Remove the tab, and put the project's sampling back."""
    found = asked(prompt_id)
    ended = services().review_first.stop(found.view.caller.studio, found.view.prompt, found.project)
    for said in end_words(ended):
        flash(said)
    return go(found.back)


def _request(found: Asked) -> ReviewRequest:
    size = request.values.get("size", "")
    return ReviewRequest(
        version=found.version,
        size=whole(size, "Tasks at a time", SIZES[0], SIZES[-1], field="size") if size else USUAL,
        below=score_of("below"),
        sampling=Sampling.UNCERTAINTY.value if request.form.get("sampling") == "on" else None,
        person=found.view.caller.person,
    )
