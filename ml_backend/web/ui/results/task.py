"""One task's result in full, and its prediction accepted as an annotation."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, LabelStudioUnreachable, NotFound
from ml_backend.labelstudio import Project
from ml_backend.records import JobKind, JsonObject, Prediction, Run, RunStatus
from ml_backend.services.evaluation.calibrated import calibration_of_run
from ml_backend.services.evaluation.results import ResultQuery, ResultRow
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.predictions.promote import PromotePlan
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.results.address import ResultAddress, read_address
from ml_backend.web.ui.results.results import open_run
from ml_backend.web.ui.results.rows import control_lines, inputs_of, line_of, readable, region_lines
from ml_backend.web.ui.shell.filters import pretty
from ml_backend.web.ui.shell.jobs import job_page
from ml_backend.web.ui.shell.next_steps import for_pages
from ml_backend.web.ui.shell.pages import by_htmx, dialog, go, pages

LONGEST_RAW = 20_000
LONGEST_VALUE = 4_000
LONGEST_ANSWER = 2_000
WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A task's result with the address of the results it was opened from."""

    run: Run
    project: Project
    row: ResultRow
    address: ResultAddress


@pages.get("/runs/<int:run_id>/tasks/<int:task_id>")
def show_task(run_id: int, task_id: int) -> Response:
    """Tell a result in full: beside its line for htmx, else on a page of its own."""
    found = _find(run_id, task_id)
    inputs = inputs_of(found.project.label_config)
    line = line_of(found.row, found.address.columns or inputs)
    about = {**_about(found), "line": line, "unfolded": "fold" not in request.args}
    if by_htmx():
        return make_response(render_template("results/row.html", **about))
    return make_response(render_template("results/page.html", **about))


@pages.get("/runs/<int:run_id>/tasks/<int:task_id>/messages")
def show_messages(run_id: int, task_id: int) -> Response:
    """Show the messages that the model was sent."""
    found = _find(run_id, task_id)
    if found.row.task is None:
        raise NotFound(
            f"Task {task_id} is gone from Label Studio, and with it what was asked.",
            field="task",
        )
    asked = services().asked_messages.of(
        found.project, found.run, found.row.task, found.row.outcome
    )
    name = "messages_part.html" if by_htmx() else "messages_page.html"
    text = render_template(f"prompt/{name}", **_about(found), asked=asked)
    return make_response(readable(text))


@pages.get("/runs/<int:run_id>/tasks/<int:task_id>/accept")
def confirm_acceptance(run_id: int, task_id: int) -> Response:
    """Say what accepting a prediction makes, before it is made."""
    found = _find(run_id, task_id)
    beside = request.args.get("beside") == "1"
    _require_prediction(found)
    plan = _plan(found, task_id, beside)
    return dialog(
        "prompt/accept.html", **_about(found), plan=plan, beside=beside, why=_skipped(plan)
    )


@pages.post("/runs/<int:run_id>/tasks/<int:task_id>/accept")
def accept(run_id: int, task_id: int) -> Response:
    """Make an annotation of a task's prediction, in the person's name."""
    found = _find(run_id, task_id)
    beside = request.form.get("beside") == "1"
    _require_prediction(found)
    plan = _plan(found, task_id, beside)
    if not plan.would_create:
        raise Conflict(f"Nothing was made of task {task_id}. {_skipped(plan)}")
    job = services().jobs.submit(
        JobKind.PROMOTE,
        _request(found.run, task_id, beside),
        created_by=identity.caller().person,
        project_id=found.project.id,
        studio=identity.lasting_studio(services().studio_as),
    )
    job = services().jobs.wait(job, WAIT_SECONDS)
    if job.status is not RunStatus.COMPLETED:
        return go(job_page(job, back=found.address.here()))
    _tell(task_id, job.result)
    return go(found.address.here())


def _find(run_id: int, task_id: int) -> TaskPage:
    """Return a task's result; NotFound when the run has none of it."""
    caller, run = identity.caller(), open_run(run_id)
    project = services().access.project(caller, run.project_id)
    address = read_address(run)
    query = ResultQuery(task_ids=(task_id,), size=1)
    page = services().results.page(caller.studio, project, run, query)
    if page.away:
        raise LabelStudioUnreachable(
            "Label Studio does not answer, and the task is there.", fix="Try again in a moment."
        )
    rows = page.rows
    if not rows:
        raise NotFound(f"Run {run_id} has no result of task {task_id}.", field="task")
    return TaskPage(run, project, rows[0], address)


def _about(found: TaskPage) -> JsonObject:
    row, outcome = found.row, found.row.outcome
    raw = readable(outcome.raw)
    known = calibration_of_run(services().store, found.run)
    data = row.task.data if row.task else {}
    return {
        "run": found.run,
        "project": found.project,
        "address": found.address,
        "row": row,
        "task_id": outcome.task_id,
        "is_good": isinstance(outcome, Prediction),
        "controls": control_lines(row, LONGEST_ANSWER),
        "regions": region_lines(outcome, LONGEST_ANSWER),
        "right_in": known.of(outcome) if known is not None else None,
        "sure": outcome.confidence if isinstance(outcome, Prediction) else None,
        "raw": raw[:LONGEST_RAW],
        "raw_left_out": max(0, len(raw) - LONGEST_RAW),
        "data": {readable(name): _value(each) for name, each in data.items()},
        "is_published": found.run.status is RunStatus.COMPLETED,
    }


def _value(value: object) -> str:
    text = readable(value if isinstance(value, str) else pretty(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


# Accepting


def _request(run: Run, task_id: int, beside: bool) -> JsonObject:
    return {"labels": [run.label], "task_ids": [task_id], "include_annotated": beside}


def _require_prediction(found: TaskPage) -> None:
    """Raise Conflict unless what would become an annotation is the very answer that is shown."""
    outcome, run = found.row.outcome, found.run
    if not isinstance(outcome, Prediction):
        raise Conflict(f"Task {outcome.task_id} has no prediction to accept.")
    studio = identity.caller().studio
    rows = studio.task_prediction_rows(found.project.id, outcome.task_id)
    held = {fingerprint(row.result) for row in rows if row.model_version == run.label}
    if held and fingerprint(outcome.result) not in held:
        raise Conflict(
            f"Label Studio holds another prediction of {run.label!r} on task {outcome.task_id} by "
            "now: a later run answered it anew.",
            fix="Open that run's results and accept it there.",
        )


def _plan(found: TaskPage, task_id: int, beside: bool) -> PromotePlan:
    request_ = _request(found.run, task_id, beside)
    return services().job_handlers.plan_promote(
        identity.caller().studio, found.project.id, request_
    )


def _skipped(plan: PromotePlan) -> str:
    """Return why nothing would be made, "" when something would."""
    if plan.would_create:
        return ""
    if plan.skipped_identical:
        return "The task has an annotation that says the same."
    if plan.skipped_annotated:
        return "A person has annotated the task already."
    if plan.skipped_doubled:
        return "Label Studio holds several predictions of this model version on the task."
    return (
        "Label Studio holds no prediction of this model version on the task: it was deleted, or a "
        "later run replaced it."
    )


def _tell(task_id: int, result: JsonObject) -> None:
    if result.get("created"):
        flash(
            f"Made 1 annotation of task {task_id}, in your name. To take it back, open the task "
            "in Label Studio and delete the annotation there."
        )
    else:
        notes = for_pages(" ".join(result.get("notes") or ()))
        flash(f"Nothing was made of task {task_id}: {notes}")
