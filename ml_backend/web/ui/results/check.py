"""Check the label: labels that sure answers dispute, each decided on in place."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput
from ml_backend.services.disputing.evidence import DisputedLabel, Says
from ml_backend.store import CheckedLabel, Decision
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.results.results import open_run
from ml_backend.web.ui.results.rows import inputs_of, readable, said
from ml_backend.web.ui.shell.filters import shown
from ml_backend.web.ui.shell.pages import go, pages
from ml_backend.web.ui.shell.prompt_view import number

LONGEST_DATA = 600
MOST_DECIDED = 100
WORDS = {
    Decision.LABEL: "the label is wrong",
    Decision.PROMPT: "the prompt is wrong",
    Decision.GUIDELINE: "the guideline is unclear",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A disputed label as the page shows it."""

    row: DisputedLabel
    data: tuple[tuple[str, str], ...]
    controls: tuple[tuple[str, str, str], ...]
    """(control, label, answer) of what differs."""

    @property
    def agreeing(self) -> int:
        return self.row.says(Says.ANSWER)

    @property
    def for_label(self) -> int:
        return self.row.says(Says.LABEL)


@pages.get("/runs/<int:run_id>/check")
def check_labels(run_id: int) -> Response:
    """Show the labels that a run's answers dispute, the most doubtful first."""
    caller, run = identity.caller(), open_run(run_id)
    project = services().access.project(caller, run.project_id)
    page = services().disputed_labels.page(
        caller.studio, project, run, first=max(0, number("first") or 0)
    )
    columns = inputs_of(project.label_config)
    return make_response(
        render_template(
            "results/check.html",
            run=run,
            project=project,
            page=page,
            lines=[_line(each, columns) for each in page.rows],
            decided=[(each, WORDS[each.decision]) for each in page.decided[:MOST_DECIDED]],
            instruction=readable(page.instruction),
            here=_here(run_id),
        )
    )


@pages.post("/runs/<int:run_id>/check/<int:task_id>")
def decide_label(run_id: int, task_id: int) -> Response:
    """Keep what somebody decided, or take it back."""
    caller, run = identity.caller(), open_run(run_id)
    project = services().access.project(caller, run.project_id)
    services().results.require_project(run, project)
    decisions = services().label_decisions_through(caller.studio)
    if request.form.get("undo") == "1":
        undone = decisions.undo(project, run.prompt_id, task_id)
        left = " Its mark as ground truth stays off: the label changed." * undone.mark_left_off
        flash(f"Task {task_id} is undecided again.{left}")
        return go(_here(run_id))
    decided = decisions.decide(project, run, task_id, _decision(), caller.person)
    flash(f"Task {task_id}: {WORDS[decided.decision]}.{_followed(decided)}")
    return go(_here(run_id))


def _decision() -> Decision:
    given = request.form.get("decision", "")
    try:
        return Decision(given)
    except ValueError as error:
        known = ", ".join(each.value for each in Decision)
        raise InvalidInput(
            f"{given[:50]!r} is no decision.", field="decision", fix=f"Use one of {known}."
        ) from error


def _followed(decided: CheckedLabel) -> str:
    match decided.decision:
        case Decision.LABEL if decided.unmarked:
            return " Its mark as ground truth is off; correct it in Label Studio."
        case Decision.LABEL:
            return " Correct it in Label Studio."
        case Decision.PROMPT:
            return " Enhance shows it to the teacher first, unless it is held out."
        case Decision.GUIDELINE:
            return ""


def _here(run_id: int) -> str:
    return f"/ui/runs/{run_id}/check"


def _line(row: DisputedLabel, columns: tuple[str, ...]) -> Line:
    return Line(
        row=row,
        data=tuple((name, readable(shown(row.data.get(name), LONGEST_DATA))) for name in columns),
        controls=tuple(
            (name, said(row.label.get(name), 200), said(row.answer.get(name), 200))
            for name in row.differs
        ),
    )
