"""The page of a project's ground truth: which annotated tasks there are, and which are marked."""

from __future__ import annotations

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import ConfigError
from ml_backend.labelstudio import Project
from ml_backend.services.callers.access import Caller
from ml_backend.services.marking.request import DRAWN
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import for_target, pages
from ml_backend.web.ui.shell.prompt_view import number
from ml_backend.web.ui.truth.rows import inputs_of, line_of


@pages.get("/ground-truth")
def show_ground_truth() -> Response:
    """Show a project's annotated tasks, page by page."""
    caller = identity.caller()
    titles = services().access.titles(caller)
    project_id = number("project") or (next(iter(titles)) if len(titles) == 1 else None)
    about = {"titles": dict(sorted(titles.items(), key=lambda each: each[1].casefold()))}
    if project_id is None:
        return make_response(render_template("truth/page.html", **about, project=None))
    project = services().access.project(caller, project_id)
    template = "truth/table.html" if for_target("annotated") else "truth/page.html"
    return make_response(render_template(template, **about, **_shown(caller, project)))


def _shown(caller: Caller, project: Project) -> dict[str, object]:
    listing = services().annotated_through(caller.studio)
    about: dict[str, object] = {"project": project, "drawn": DRAWN}
    about["only_marked"] = only_marked = request.args.get("marked") == "1"
    about["task_id"] = task_id = number("task")
    try:
        page = listing.page(
            project,
            after=number("after") or 0,
            before=number("before"),
            only_marked=only_marked,
            task_id=task_id,
        )
        state = listing.state(project, count=request.args.get("counted") == "1")
    except ConfigError as error:
        return {**about, "problem": error}
    inputs = inputs_of(project.label_config)
    lines = [line_of(each, page.people, inputs) for each in page.rows]
    return {**about, "page": page, "state": state, "lines": lines}
