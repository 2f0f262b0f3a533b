"""Right: mark as ground truth. One click on a result, in the person's own name."""

from __future__ import annotations

from flask import flash, request
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, NotFound
from ml_backend.records import Prediction
from ml_backend.services.marking.mark_right import Became
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.results.address import read_address
from ml_backend.web.ui.results.results import open_run
from ml_backend.web.ui.shell.pages import go, own_path, pages

SAYS = {
    Became.MARKED: "Task {task} is ground truth now.",
    Became.CONFIRMED: "Task {task} is ground truth now: you are the first who looked at its "
    "annotation.",
    Became.CREATED: "Task {task} is ground truth now: the answer was made an annotation in your "
    "name.",
    Became.ALREADY: "Task {task} is ground truth already.",
}


@pages.post("/runs/<int:run_id>/tasks/<int:task_id>/right")
def mark_right(run_id: int, task_id: int) -> Response:
    """Make the answer of a task its ground truth."""
    caller, run = identity.caller(), open_run(run_id)
    project = services().access.project(caller, run.project_id)
    services().results.require_project(run, project)
    held = services().store.results.read(run.id, [task_id])
    if task_id not in held:
        raise NotFound(f"Run {run_id} has no result of task {task_id}.", field="task")
    outcome, _ = held[task_id]
    if not isinstance(outcome, Prediction):
        raise Conflict(f"Task {task_id} has no prediction that could be right.")
    became = services().right_answers_through(caller.studio).accept(project, outcome)
    flash(SAYS[became].format(task=task_id))
    return go(own_path(request.form.get("back", ""), read_address(run).here()))
