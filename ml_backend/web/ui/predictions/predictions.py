"""What a project holds of each model version, and what can be done about it."""

from __future__ import annotations

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import for_target, pages
from ml_backend.web.ui.shell.prompt_view import number

PAGE = 50
COUNT_AT_ONCE = 5_000
"""Predictions up to which tasks and mean scores are read without being asked for."""


@pages.get("/predictions")
def list_predictions() -> Response:
    """List the model versions of a project."""
    caller = identity.caller()
    titles = services().access.titles(caller)
    project_id = number("project") or (next(iter(titles)) if len(titles) == 1 else None)
    held = None
    counts = request.args.get("counted") == "1"
    if project_id is not None:
        held = services().holdings.of_project(caller, services().access.project(caller, project_id))
        if counts and not held.away:
            held = services().holdings.counted(held, services().predictions_through(caller.studio))
    first = ((number("page") or 1) - 1) * PAGE
    shown = held.versions[first : first + PAGE] if held else []
    if not shown and first and held:
        first, shown = 0, held.versions[:PAGE]
    template = (
        "predictions/table.html" if for_target("versions") else "predictions/predictions.html"
    )
    text = render_template(
        template,
        titles=dict(sorted(titles.items(), key=lambda each: each[1].casefold())),
        held=held,
        shown=shown,
        first=first,
        page=PAGE,
        counts_itself=held is not None
        and not (counts or held.away)
        and held.predictions <= COUNT_AT_ONCE,
    )
    return make_response(text)
