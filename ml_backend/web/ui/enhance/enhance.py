"""Enhance Prompt: a teacher model proposes a better text, and one sees whether it is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, InvalidInput, NotFound
from ml_backend.labelstudio import Project
from ml_backend.prompting.differences import rows
from ml_backend.records import (
    Connection,
    Job,
    JobKind,
    PromptVersion,
    ProviderName,
    RunStatus,
)
from ml_backend.services.callers.authoring import Draft
from ml_backend.services.refining.refine import RefineRequest
from ml_backend.services.refining.teacher import LONGEST_GOAL, says_nothing
from ml_backend.web.actions.refinements import refine_in_background
from ml_backend.web.server.services import services
from ml_backend.web.ui.enhance.held_out import begin, look
from ml_backend.web.ui.prompt.editor import known_models
from ml_backend.web.ui.prompt.run_words import WORDS
from ml_backend.web.ui.settings.prices import unpriced_at
from ml_backend.web.ui.shell.pages import for_target, go, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, number, open_view
from ml_backend.web.ui.shell.session import quiet

EARLIER_SHOWN = 20
LONGEST_MODEL = 200


@dataclass(frozen=True, slots=True)
class Teachers:
    """The connections that can write, and what is chosen at first."""

    choices: Sequence[tuple[str, str]]
    """Value of the form and words; "" is the environment's."""
    models: Sequence[tuple[str, str]]
    """Names to choose from, each with what is known of it in a few words."""
    connection: str
    model: str


@pages.get("/prompts/<int:prompt_id>/enhance")
def ask_enhance(prompt_id: int) -> Response:
    """Ask for a teacher model, and say what it would learn from."""
    view = open_view(prompt_id)
    services().access.editable(view.caller, prompt_id)
    project = _project(view)
    jobs = _jobs(view, project)
    text = render_template(
        "enhance/enhance.html",
        view=view,
        drafts=view.version is None or says_nothing(view.version.text),
        teachers=_teachers(view, jobs),
        jobs=jobs[:EARLIER_SHOWN],
        outlook=_outlook(view, project) if "count" in request.args else "",
        longest_goal=LONGEST_GOAL,
        goal=request.args.get("goal", "")[:LONGEST_GOAL],
        titles={version.id: version.title for version in view.versions},
        **WORDS,
    )
    return make_response(text)


@pages.get("/prompts/<int:prompt_id>/enhance/outlook")
def show_outlook(prompt_id: int) -> Response:
    """Count what a teacher would learn from, and say about what asking it costs."""
    view = open_view(prompt_id)
    services().access.editable(view.caller, prompt_id)
    return make_response(_outlook(view, _project(view)))


@pages.post("/prompts/<int:prompt_id>/enhance")
def begin_enhance(prompt_id: int) -> Response:
    """Ask a teacher, which goes on by itself."""
    view = open_view(prompt_id)
    prompt = services().access.editable(view.caller, prompt_id)
    job = refine_in_background(
        services(),
        view.caller,
        prompt,
        view.version,
        _project(view),
        _connection_id(),
        _model_named(),
        request.form.get("goal", ""),
    )
    return go(job_page(job))


@pages.get("/prompts/<int:prompt_id>/enhance/<int:job_id>")
@quiet
def show_enhance(prompt_id: int, job_id: int) -> Response:
    """Show how it stands, and at the end what the teacher proposes and whether that is better."""
    view, job = _open(prompt_id, job_id)
    old, saved = _version(view, job.version_id), _saved(view, job)
    context: dict[str, Any] = {
        "view": view,
        "job": job,
        "old": old,
        "saved": saved,
        "edited_since": old is not None and old.updated_at > job.created_at,
        "held_out": look(view, old, saved) if saved is not None else None,
        "title": services().prompts.default_version_title(view.prompt),
        "rows": rows(old.text if old else "", job.result["prompt"]) if job.result else [],
        **WORDS,
    }
    template = "enhance/result.html"
    if for_target("job"):
        template = "enhance/state.html"
    elif for_target("held-out"):
        template = "enhance/held_out.html"
    return make_response(render_template(template, **context))


@pages.post("/prompts/<int:prompt_id>/enhance/<int:job_id>/save")
def save_suggestion(prompt_id: int, job_id: int) -> Response:
    """Make a version of a suggestion, as it was edited."""
    view, job = _open(prompt_id, job_id)
    prompt = services().access.editable(view.caller, prompt_id)
    if not job.result:
        raise Conflict("There is no suggestion to save yet.", fix="Wait for the teacher's answer.")
    # Browsers send every line end as two characters.
    text = request.form.get("text", "").replace("\r\n", "\n")
    title = request.form.get("title", "")
    old = _version(view, job.version_id)
    if old is not None:
        made_from = old.id if job.result.get("saw_tasks", True) else None
        made = services().authoring.follow_up(view.caller, prompt, old, title, text, made_from)
    else:
        made = services().authoring.create_version(view.caller, prompt, _draft(job, title, text))
    flash(f"{made.title} is saved. {_live(made)}")
    return go(job_page(job, saved=made.id))


def _live(made: PromptVersion) -> str:
    """Say whether a new version already answers: the newest does until one is run on all tasks."""
    active = services().store.prompts.active_version(made.prompt_id)
    if active is None or active.id != made.id:
        return "Nothing that is live changed."
    return (
        "It answers Label Studio's own calls now: no version was chosen for them or run on all "
        "tasks, so that the newest one does."
    )


@pages.post("/prompts/<int:prompt_id>/enhance/<int:job_id>/evaluate")
def evaluate_suggestion(prompt_id: int, job_id: int) -> Response:
    """Run the saved suggestion, and the version before, on the tasks no teacher saw."""
    view, job = _open(prompt_id, job_id)
    saved = _saved(view, job)
    if saved is None:
        raise Conflict("The suggestion is no version yet.", fix="Save it first.")
    begin(view, _project(view), _version(view, job.version_id), saved)
    return go(job_page(job, saved=saved.id))


def job_page(job: Job, **query: Any) -> str:
    """Return the address of a suggestion."""
    if job.project_id is not None:
        query["project"] = job.project_id
    return url_for("ui.show_enhance", prompt_id=job.prompt_id, job_id=job.id, **query)


def _open(prompt_id: int, job_id: int) -> tuple[PromptView, Job]:
    view = open_view(prompt_id)
    job = services().access.job(view.caller, job_id)
    if job.prompt_id != prompt_id or job.kind is not JobKind.REFINE:
        raise NotFound(f"This prompt has no suggestion {job_id}.", field="job")
    return view, job


def _version(view: PromptView, version_id: int | None) -> PromptVersion | None:
    return next((each for each in view.versions if each.id == version_id), None)


def _saved(view: PromptView, job: Job) -> PromptVersion | None:
    """Return the version made of a suggestion: the one the address names, else of that text."""
    named = _version(view, number("saved"))
    if named is not None:
        return named
    proposed, ended = job.result.get("prompt"), job.completed_at
    for version in view.versions:
        if ended is not None and version.text == proposed and version.created_at >= ended:
            return version
    return None


def _draft(job: Job, title: str, text: str) -> Draft:
    """Return a first version: the teacher, who wrote it, answers it."""
    connection = services().refining.teacher_at(job.request["connection_id"])
    return Draft(
        title=title,
        text=text,
        provider=connection.provider.value,
        connection_id=connection.id,
        model=job.request["teacher"],
    )


# The form


def _project(view: PromptView) -> Project:
    if view.project is None:
        raise InvalidInput(
            "The prompt has no project to learn from.",
            field="project",
            fix="Give the prompt a project first.",
        )
    return view.project


def _jobs(view: PromptView, project: Project) -> list[Job]:
    """Return what teachers were asked before, newest first."""
    jobs = services().store.jobs.search(kinds=[JobKind.REFINE], prompt_id=view.prompt.id)
    return [each for each in jobs if each.project_id == project.id]


def _teachers(view: PromptView, jobs: Sequence[Job]) -> Teachers:
    default = services().models.default
    visible = services().connections.visible(view.caller)
    found = [(str(each.id), _words(each)) for each in visible]
    if default.provider is not ProviderName.BASELINE:
        found.insert(0, ("", f"{_words(default)}, the server’s own"))
    last = next((job for job in jobs if job.status is RunStatus.COMPLETED), None)
    values = [value for value, _ in found]
    models = [str(job.request.get("teacher") or "") for job in jobs]
    connection = str(last.request.get("connection_id") or "") if last is not None else None
    if view.version is not None and view.version.provider is not ProviderName.BASELINE:
        models.append(view.version.model)
        if connection is None:
            connection = str(view.version.connection_id or "")
    if connection not in values:
        connection = next(iter(values), "")
    models += [each.default_model for each in (default, *visible)]
    if default.provider is ProviderName.BASELINE:
        models = [each for each in models if each != default.default_model]
    known = list(dict.fromkeys(each for each in models if each))
    words = dict(known_models(view))
    return Teachers(
        found, [(each, words.get(each, "")) for each in known], connection, next(iter(known), "")
    )


def _words(connection: Connection) -> str:
    model = f" · {connection.default_model}" if connection.default_model else ""
    return f"{connection.title} ({connection.provider.value}){model}"


def _outlook(view: PromptView, project: Project) -> str:
    """Return what it would learn from and cost, as HTML."""
    model = request.values.get("model", "").strip()[:LONGEST_MODEL]
    connection = services().connections.choose(view.caller, None, _connection_id())
    found = services().refining.outlook(
        view.caller.studio,
        RefineRequest(
            project,
            view.prompt,
            view.version,
            connection,
            model,
            request.values.get("goal", "")[:LONGEST_GOAL],
        ),
    )
    missing = unpriced_at(view.caller, connection, model)
    return render_template(
        "enhance/outlook.html", view=view, found=found, model=model, missing=missing
    )


def _connection_id() -> int | None:
    text = request.values.get("connection", "").strip()
    if not text:
        return None
    found = number("connection")
    if found is None:
        raise InvalidInput(
            f"{text!r} is no connection.", field="connection", fix="Choose one of the list."
        )
    return found


def _model_named() -> str:
    model = request.form.get("model", "").strip()
    if not model:
        raise InvalidInput(
            "The teacher model is missing.",
            field="model",
            fix="Name a strong model of the connection: it writes once, and others answer.",
        )
    if len(model) > LONGEST_MODEL:
        raise InvalidInput(
            f"The model's name has {len(model):,} characters.", field="model", fix="Shorten it."
        )
    return model
