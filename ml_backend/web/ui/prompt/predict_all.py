"""Get Predictions for All Tasks: how many, for how much, what they replace; then it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, InvalidInput, PromptsError
from ml_backend.labelstudio import Project
from ml_backend.records import PromptVersion, Slot, Subset
from ml_backend.services.runs.run_request import RunRequest, Together
from ml_backend.web.actions.runs import start
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.editor import address, required_project
from ml_backend.web.ui.prompt.forecast import Forecast, forecast_run
from ml_backend.web.ui.shell.fields import dollars, percent, share
from ml_backend.web.ui.shell.filters import plural
from ml_backend.web.ui.shell.pages import RUN, by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, open_view


@dataclass(frozen=True, slots=True)
class Replaced:
    """Predictions in Label Studio that the run would replace."""

    label: str
    count: int


@pages.get("/prompts/<int:prompt_id>/predict-all")
def ask_predict_all(prompt_id: int) -> Response:
    """Ask whether to get predictions for all tasks."""
    view = open_view(prompt_id)
    return _dialog(view)


@pages.get("/prompts/<int:prompt_id>/predict-all/estimate")
def estimate_predict_all(prompt_id: int) -> str:
    """Say what predictions for all tasks would cost, of several versions where they are chosen."""
    view = open_view(prompt_id)
    project, version = required_project(view), _version(view)
    try:
        found = _forecast(view, project, version, _together(view, version))
    except PromptsError as error:
        found = Forecast(problem=error)
    return render_template("prompt/forecast.html", found=found, price_at="price-form-all")


@pages.post("/prompts/<int:prompt_id>/predict-all")
def predict_all(prompt_id: int) -> Response:
    """Start the run over all tasks."""
    view = open_view(prompt_id)
    project, version = required_project(view), _version(view)
    only_missing = bool(request.form.get("only_missing"))
    if request.form.get("counted") != str(project.tasks):
        return _dialog(view, recounted=True)
    options = RunRequest(
        subset=Subset.ALL,
        only_missing=only_missing,
        budget=dollars(request.form.get("budget", ""), "Stop at", field="budget"),
        together=_together(view, version),
    )
    run = start(view.caller, view.prompt, version, project, options, unless_open=True)
    flash(f"{plural(run.totals.total, 'task')} will be asked.", RUN)
    return go(address(view, version, run=run.id))


def _dialog(view: PromptView, *, recounted: bool = False) -> Response:
    project, version = required_project(view), _version(view)
    found = None if by_htmx() else _forecast(view, project, version)
    query: dict[str, Any] = dict(view.query)
    response = dialog(
        "prompt/predict_all.html",
        view=view,
        project=project,
        version=version,
        others=[each for each in view.versions if each.id != version.id],
        replaced=_replaced(view, project),
        found=found,
        recounted=recounted,
        back=address(view, version),
        estimate_url=url_for("ui.estimate_predict_all", prompt_id=view.prompt.id, **query),
    )
    if recounted and by_htmx():  # asked anew, in place of the dialog that counted before
        response.headers["HX-Retarget"] = "#dlg"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _version(view: PromptView) -> PromptVersion:
    if view.version is None:
        raise Conflict("This prompt has no version yet.", fix="Save its text first.")
    return view.version


def _replaced(view: PromptView, project: Project) -> list[Replaced]:
    ours = services().ownership.ours(project.id, prompt_id=view.prompt.id, slot=Slot.ALL)
    counts = view.caller.studio.model_versions(project.id)
    return [Replaced(label, count) for label, count in counts.items() if label in ours]


def _forecast(
    view: PromptView, project: Project, version: PromptVersion, together: Together | None = None
) -> Forecast:
    return forecast_run(view, project, version, RunRequest(Subset.ALL, together=together))


def _together(view: PromptView, version: PromptVersion) -> Together | None:
    """Return which versions the form has answer with the one that is shown."""
    way = request.values.get("way", "")
    if way not in ("vote", "cascade"):
        return None
    ids = {str(each.id): each.id for each in view.versions}
    named = request.values.getlist("other")
    if any(each not in ids for each in named):
        raise InvalidInput(
            "A version that was chosen is none of this prompt, or was deleted.",
            field="other",
            fix="Choose another version of the prompt.",
        )
    others = [ids[each] for each in named]
    if not others:
        raise InvalidInput(
            f"Nobody answers beside {version.title!r}.",
            field="other",
            fix="Choose another version of the prompt.",
        )
    is_cascade = way == "cascade"
    return Together(
        (version.id, *others),
        is_cascade,
        share(request.values.get("min_score", ""), "The score", field="min_score")
        if is_cascade
        else None,
        percent(request.values.get("max_error", ""), "The error allowed", field="max_error")
        if is_cascade
        else None,
    )
