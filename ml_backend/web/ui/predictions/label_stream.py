"""Show in label stream: what people see before them when they label."""

from __future__ import annotations

from flask import flash, request
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput
from ml_backend.services.publishing.shown_version import show_model_version
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import go, own_path, pages
from ml_backend.web.ui.shell.prompt_view import number


@pages.post("/predictions/show")
def show_in_label_stream() -> Response:
    """Have the label stream of a project show a model version, with the person's own rights."""
    caller = identity.caller()
    project_id = number("project")
    if project_id is None:
        raise InvalidInput("Which project is not said.", field="project", fix="Choose one.")
    project = services().access.project(caller, project_id)
    wanted = request.form.get("model_version", "")
    found = show_model_version(caller.studio, project, wanted)
    before = f" instead of {found.before}" if found.before not in (None, wanted) else ""
    flash(f"The label stream of {project.title} shows {wanted} now{before}.")
    back = f"/ui/predictions?project={project.id}"
    return go(own_path(request.form.get("back", ""), back))
