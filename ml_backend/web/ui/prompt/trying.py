"""Try on this task: what a model answers to the text as it stands in the editor, without a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import Forbidden, PromptsError
from ml_backend.labelstudio import Project
from ml_backend.records import Failure, Prediction
from ml_backend.services.evaluation.results import ResultRow
from ml_backend.services.evaluation.tries import Tried
from ml_backend.web.actions.tries import try_task
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.editor import looked_through, preview_of, required_project
from ml_backend.web.ui.prompt.editor_form import EditorForm
from ml_backend.web.ui.results.rows import ControlLine, control_lines, readable
from ml_backend.web.ui.settings.prices import Unpriced, unpriced
from ml_backend.web.ui.shell.fields import dollars
from ml_backend.web.ui.shell.pages import by_htmx, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, answer, open_view

LONGEST_RAW = 20_000
LONGEST_ANSWER = 2_000


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a try, as the page shows it."""

    tried: Tried | None = None
    problem: PromptsError | None = None
    """What kept the task from being asked."""
    lines: tuple[ControlLine, ...] = ()
    missing: Unpriced | None = None

    @property
    def prediction(self) -> Prediction | None:
        outcome = self.tried.outcome if self.tried else None
        return outcome if isinstance(outcome, Prediction) else None

    @property
    def failure(self) -> Failure | None:
        outcome = self.tried.outcome if self.tried else None
        return outcome if isinstance(outcome, Failure) else None

    @property
    def raw(self) -> str:
        """What the model said, word for word, as far as it is shown."""
        return readable(self.tried.outcome.raw)[:LONGEST_RAW] if self.tried else ""

    @property
    def raw_left_out(self) -> int:
        return max(0, len(self.tried.outcome.raw) - LONGEST_RAW) if self.tried else 0


@pages.post("/prompts/<int:prompt_id>/try")
def take_try(prompt_id: int) -> Response:
    """Ask the shown task, or the one whose button was pressed, with what the editor holds."""
    view = open_view(prompt_id)
    project = required_project(view)
    form = EditorForm.given(request.form)
    task_id = _task_id(request.form.get("try") or request.form.get("try_anew") or form.preview_task)
    shown = form.preview_task
    form = replace(form, preview_task=str(task_id or ""))
    trial = _try(view, project, form, task_id)
    if not by_htmx():
        editor = replace(looked_through(view, form), trial=trial)
        return answer(view, "results", editor=editor)
    # The task that was asked is the one whose messages are shown.
    preview = preview_of(view, form) if shown != form.preview_task else None
    text = render_template("prompt/trial.html", view=view, trial=trial, preview=preview)
    return make_response(text)


def _try(view: PromptView, project: Project, form: EditorForm, task_id: int | None) -> Trial:
    try:
        draft = form.draft(view.caller, view.version)
        tried = try_task(
            view.caller,
            view.prompt,
            project,
            view.version,
            draft,
            task_id=task_id,
            truth=form.chosen_truth,
            budget=dollars(form.budget, "Stop at", field="budget"),
            fresh="try_anew" in request.form,
        )
    except Forbidden:
        raise
    except PromptsError as error:
        return Trial(problem=error)
    row = ResultRow(tried.task, tried.outcome, tried.right, tried.truth, tried.compared)
    missing = None
    if tried.price is None:
        version = services().authoring.unsaved(view.caller, view.prompt, view.version, draft)
        missing = unpriced(view.caller, version)
    return Trial(tried, lines=control_lines(row, LONGEST_ANSWER), missing=missing)


def _task_id(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
