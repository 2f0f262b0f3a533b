"""Which model?: several raced on the ground truth, until one is known to be good enough."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, NotFound, PromptsError
from ml_backend.records import Job, JobKind, PromptVersion
from ml_backend.services.racing.entrants import Entrant, from_json, names_of
from ml_backend.services.racing.request import winner_of
from ml_backend.web.actions.races import begin, cancel, outlook_of, races_of, save_winner
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.editor import known_models
from ml_backend.web.ui.prompt.run_words import WORDS
from ml_backend.web.ui.race.race_form import ROWS, RaceForm, listed_models, race_page
from ml_backend.web.ui.shell.pages import for_target, go, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, open_view
from ml_backend.web.ui.shell.session import quiet

EARLIER_SHOWN = 20
STATES = {
    "winner": ("take this one", "positive"),
    "left": ("raced to the end", ""),
    "worse": ("worse", "negative"),
    "dearer": ("costs as much and is no better", "negative"),
    "hopeless": ("could not catch up", "negative"),
    "failed": ("could not be asked", "negative"),
}
UNDER_WAY = {**STATES, "left": ("in the race", "")}


@pages.get("/prompts/<int:prompt_id>/race")
def ask_race(prompt_id: int) -> Response:
    """Ask which models to race, and say what that takes."""
    view = open_view(prompt_id)
    form = RaceForm.read(view)
    text = render_template(
        "race/ask.html",
        view=view,
        form=form,
        rows=range(ROWS),
        jobs=races_of(prompt_id, _project_id(view))[:EARLIER_SHOWN],
        names=_names,
        titles={version.id: version.title for version in view.versions},
        models=listed_models(view, form, ask="list" in request.args and _is_asked_here()),
        words=dict(known_models(view)),
        plan=_plan(view, form) if "count" in request.args else "",
        **WORDS,
    )
    return make_response(text)


@pages.get("/prompts/<int:prompt_id>/race/plan")
def show_race_plan(prompt_id: int) -> Response:
    """Say what a race takes, and about what it costs."""
    view = open_view(prompt_id)
    return make_response(_plan(view, RaceForm.read(view)))


@pages.get("/prompts/<int:prompt_id>/race/models")
def list_race_models(prompt_id: int) -> Response:
    """List the models of the chosen connections, as their providers name them."""
    view = open_view(prompt_id)
    models = listed_models(view, RaceForm.read(view), ask=_is_asked_here())
    words = dict(known_models(view))
    return make_response(
        render_template("race/models.html", models=models, words=words, is_asked=True)
    )


@pages.post("/prompts/<int:prompt_id>/race")
def begin_race(prompt_id: int) -> Response:
    """Begin a race, which goes on by itself."""
    view = open_view(prompt_id)
    return go(race_page(begin(view.caller, RaceForm.read(view).asked(view))))


@pages.get("/prompts/<int:prompt_id>/race/<int:job_id>")
@quiet
def show_race(prompt_id: int, job_id: int) -> Response:
    """Show how a race stands, and at its end which model to take."""
    view, job = _open(prompt_id, job_id)
    context: dict[str, Any] = {
        "view": view,
        "job": job,
        "found": job.result,
        "states": STATES if job.status.is_final else UNDER_WAY,
        "version": _version(view, job.version_id),
        "winner": winner_of(job) if job.status.is_final else None,
        "saved": _saved(view, job),
        "title": services().prompts.default_version_title(view.prompt),
        "names": _names(job),
        **WORDS,
    }
    template = "race/state.html" if for_target("job") else "race/show.html"
    return make_response(render_template(template, **context))


@pages.post("/prompts/<int:prompt_id>/race/<int:job_id>/cancel")
def cancel_race(prompt_id: int, job_id: int) -> Response:
    """End a race with what is known by then."""
    _, job = _open(prompt_id, job_id)
    cancel(job)
    return go(race_page(job))


@pages.post("/prompts/<int:prompt_id>/race/<int:job_id>/save")
def save_race_winner(prompt_id: int, job_id: int) -> Response:
    """Make a version that the winner answers."""
    view, job = _open(prompt_id, job_id)
    prompt = services().access.editable(view.caller, prompt_id)
    if not job.status.is_final:
        raise Conflict("The race goes on.", fix="Wait for its end.")
    made = save_winner(view.caller, prompt, job, request.form.get("title", ""))
    flash(f"{made.title} is saved: {made.model} answers it. Evaluate it, or predict all tasks.")
    return go(race_page(job))


def _is_asked_here() -> bool:
    """Whether nobody led here from another site: providers are asked with somebody's key."""
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


def _open(prompt_id: int, job_id: int) -> tuple[PromptView, Job]:
    view = open_view(prompt_id)
    job = services().access.job(view.caller, job_id)
    if job.prompt_id != prompt_id or job.kind is not JobKind.RACE:
        raise NotFound(f"This prompt has no race {job_id}.", field="job")
    return view, job


def _plan(view: PromptView, form: RaceForm) -> str:
    """Return what a race takes as HTML, or what is missing yet."""
    try:
        asked = form.asked(view)
        return render_template("race/plan.html", found=outlook_of(view.caller, asked), why=None)
    except PromptsError as error:
        return render_template("race/plan.html", found=None, why=error)


def _project_id(view: PromptView) -> int | None:
    return view.project.id if view.project is not None else None


def _version(view: PromptView, version_id: int | None) -> PromptVersion | None:
    return next((each for each in view.versions if each.id == version_id), None)


def _saved(view: PromptView, job: Job) -> PromptVersion | None:
    """Return the version made of a winner, where there is one."""
    winner, ended = winner_of(job), job.completed_at
    if winner is None or ended is None:
        return None
    for version in view.versions:
        if version.created_at >= ended and _is_of(version, winner, job):
            return version
    return None


def _is_of(version: PromptVersion, winner: Entrant, job: Job) -> bool:
    asked = (version.model, version.connection_id, version.max_few_shot_examples, version.text)
    return asked == (winner.model, winner.connection_id, winner.few_shot, job.request["text"])


def _names(job: Job) -> list[str]:
    return names_of(from_json(job.request.get("entrants") or []))
