"""The editor of a prompt: what it shows, and what its buttons do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, InvalidInput, LabelStudioUnreachable, PromptsError
from ml_backend.labelstudio import Project, Tab
from ml_backend.llm.models.retiring import retirement_said
from ml_backend.llm.models.saying import short_words
from ml_backend.prompting.parameters import KNOWN
from ml_backend.records import ConfidenceWay, Connection, PromptVersion, ProviderName
from ml_backend.services.prompts.drafts import first_draft
from ml_backend.services.prompts.previews import Preview, Variables
from ml_backend.services.prompts.version_edits import Kept
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.web.actions.runs import begin, check
from ml_backend.web.server.errors import status_of
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.editor_form import (
    BASELINE,
    ENVIRONMENT,
    KEPT,
    EditorForm,
    connection_value,
)
from ml_backend.web.ui.prompt.forecast import Forecast, forecast
from ml_backend.web.ui.settings.prices import say_price
from ml_backend.web.ui.shell.filters import plural
from ml_backend.web.ui.shell.once import repeatable
from ml_backend.web.ui.shell.pages import RUN, by_htmx, go, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, answer, open_view, part
from ml_backend.web.ui.shell.session import reading

TABS_SHOWN = 100
MODELS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Editor:
    """What the editor shows; ``variables`` is None where the labeling config cannot be answered."""

    form: EditorForm
    connections: Sequence[tuple[str, str]]
    models: Sequence[tuple[str, str]]
    """Names to choose from, each with what is known of it in a few words."""
    variables: Variables | None
    tabs: Sequence[Tab]
    problem: PromptsError | None
    """Of the labeling config."""
    refused: PromptsError | None
    """Why the form did not go through."""
    default_title: str
    baselines: Sequence[str] = ()
    """Choices of a connection that read no text."""
    preview: Preview | None = None
    found: Forecast | None = None
    """What the run would take, where that was asked for."""
    trial: object | None = None
    """What came of a try, on a page that was asked for one."""
    parameters: Sequence[str] = tuple(KNOWN)
    """Names of what a version may set of a call."""
    ways: Sequence[ConfidenceWay] = tuple(ConfidenceWay)
    limit: str = ""
    """How long an answer of the version may get, in words."""
    changed: bool = False
    """Whether the form holds what is not saved."""
    was_run: bool = False
    """Whether the version has results, so that a change becomes the next one."""
    model_said: tuple[str, str] = ("", "")
    """What is known of the version's model, and whether it is about to be retired."""


@part("editor")
def editor_of(
    view: PromptView,
    form: EditorForm | None = None,
    *,
    refused: PromptsError | None = None,
    preview: Preview | None = None,
    found: Forecast | None = None,
) -> Editor:
    """Gather the editor of a view, with what was typed where the form came back."""
    variables, tabs, limit = None, [], ""
    problem: PromptsError | None = None
    draft = form or EditorForm.of(view.caller, view.version, view.project)
    if view.project is not None:
        try:
            if form is None and view.version is None:
                draft = _first(view.project, draft)
            variables = services().previews.variables(view.project, draft.text)
            if view.version is not None:
                limit = services().previews.limit(view.project, view.version)
            tabs = view.caller.studio.tabs(view.project.id)[:TABS_SHOWN]
        except LabelStudioUnreachable as error:
            if not services().bridge.is_away:  # else the page says it itself
                problem = error
        except PromptsError as error:
            problem = error
    return Editor(
        form=draft,
        connections=_connections(view),
        models=known_models(view),
        variables=variables,
        tabs=[each for each in tabs if each.query],
        problem=problem,
        refused=refused,
        default_title=services().prompts.default_version_title(view.prompt),
        baselines=_baselines(view),
        preview=preview,
        found=found,
        limit=limit,
        changed=form is not None and draft.differs(view.caller, view.version),
        was_run=view.version is not None and services().versions.was_run(view.version),
        model_said=model_words(view, view.version) if view.version is not None else ("", ""),
    )


@pages.post("/prompts/<int:prompt_id>/editor")
def take_editor(prompt_id: int) -> Response:
    """Save, save as a new version, or save and run, by the button that was pressed."""
    view = open_view(prompt_id)
    form = EditorForm.given(request.form)
    try:
        if "preview" in request.form:
            return answer(view, "results", editor=looked_through(view, form))
        if request.form.get("do") in ("price", "free"):
            flash(say_price(view.caller))
            return answer(view, "results", editor=looked_through(view, form))
        if request.form.get("do") == "run":
            return _run(view, form)
        return _save(view, form, as_new=request.form.get("do") == "save-as")
    except PromptsError as error:
        if by_htmx():
            raise
        status = status_of(error)
        code = 422 if status == 400 else status.value
        return answer(view, "results", code, editor=editor_of(view, form, refused=error))


def looked_through(view: PromptView, form: EditorForm) -> Editor:
    """Return the editor as it was sent, with what would be sent and what that would cost."""
    return editor_of(view, form, preview=preview_of(view, form), found=forecast(view, form))


@pages.post("/prompts/<int:prompt_id>/preview")
@repeatable
@reading
def preview_prompt(prompt_id: int) -> str:
    """Show what would be sent for a task, of the text as it stands in the editor."""
    view = open_view(prompt_id)
    form = EditorForm.given(request.form)
    shown = preview_of(view, form)
    variables = None
    if view.project is not None and shown.task is not None and not shown.reads_nothing:
        variables = services().previews.variables(view.project, form.text)
    return render_template("prompt/preview.html", view=view, preview=shown, variables=variables)


@pages.post("/prompts/<int:prompt_id>/estimate")
@repeatable
@reading
def estimate_run(prompt_id: int) -> str:
    """Say what the run would cost that the editor now describes."""
    view = open_view(prompt_id)
    form = EditorForm.given(request.form)
    try:
        said = model_words(view, form.unsaved(view.caller, view.prompt.id, view.version))
    except PromptsError:
        said = ("", "")  # the forecast says what is wrong
    return render_template(
        "prompt/estimate.html",
        view=view,
        form=form,
        found=forecast(view, form),
        model_said=said,
    )


# Saving and running


def _save(view: PromptView, form: EditorForm, *, as_new: bool) -> Response:
    if not as_new and not form.differs(view.caller, view.version):
        flash("Nothing was changed since it was saved.")
        return go(address(view, view.version))
    kept = _keep(view, form, as_new=as_new)
    version = kept.version
    if kept.beside is not None:
        return go(address(view, version, made=kept.beside.id))
    made = view.version is None or as_new
    flash(f"{version.title} is made." if made else f"{version.title} is saved.")
    return go(address(view, version))


def _keep(view: PromptView, form: EditorForm, *, as_new: bool = False) -> Kept:
    """Save what was typed: as a new version where that is asked for or the shown one was run."""
    caller = view.caller
    prompt = services().access.editable(caller, view.prompt.id)
    draft = form.draft(caller, view.version)
    if view.version is not None and not as_new:
        version = services().access.version(prompt, view.version.id)
        replaces = not services().versions.was_run(version)
        if replaces and form.seen and form.seen != version.updated_at.isoformat():
            raise Conflict(
                f"{version.title} was changed by somebody else while you wrote; yours is not "
                "saved yet.",
                fix="Save as keeps both; or copy your text, and reload.",
            )
        return services().keeping.keep(caller, prompt, version, draft)
    if draft.connection is None:
        raise InvalidInput(
            "The connection of this version is not yours to use in a new one.",
            field="connection",
            fix="Choose another connection.",
        )
    title = draft.title or services().prompts.default_version_title(prompt)
    # Made of the shown one, it keeps of that what the editor does not ask about.
    return Kept(
        services().authoring.create_version(
            caller, prompt, replace(draft, title=title), after=view.version
        )
    )


def _run(view: PromptView, form: EditorForm) -> Response:
    caller, project = view.caller, required_project(view)
    options = form.options(caller, project, view.version)
    if form.said != form.baseline and not by_htmx():
        return _ask_again(view, project, form, options)
    version, saved, made = view.version, "", {}
    is_saved = version is not None and not form.differs(caller, version)
    asked = version if is_saved and version else form.unsaved(caller, view.prompt.id, version)
    # What would keep it from running is said before anything is saved.
    plan = check(caller, view.prompt, asked, project, options)
    if not is_saved:
        kept = _keep(view, form)
        asked = kept.version
        if kept.beside is not None:
            made = {"made": kept.beside.id}
        else:
            saved = f"{asked.title} was saved first, for the text was changed. "
    run = begin(view.prompt, asked, plan, unless_open=True)
    flash(f"{saved}{plural(run.totals.total, 'task')} will be asked.", RUN)
    return go(address(view, asked, run=run.id, **made))


def _ask_again(
    view: PromptView, project: Project, form: EditorForm, options: RunRequest
) -> Response:
    """Say how much it is, where the button could not: a page without script cannot count."""
    draft = form.unsaved(view.caller, view.prompt.id, view.version)
    task_ids = services().runs.tasks.choose(view.prompt, draft, project, options)
    count = project.tasks if task_ids is None else len(task_ids)
    given = {**request.form.to_dict(), "said": form.baseline}
    text = render_template(
        "prompt/confirm_run.html",
        view=view,
        given=given,
        button=form.button(count),
        found=forecast(view, form),
        back=address(view, view.version),
    )
    return make_response(text)


# What is shown


def address(view: PromptView, version: PromptVersion | None, **more: int) -> str:
    """Return where a version of the prompt is shown."""
    query: dict[str, Any] = {**view.query, **more}
    if version is not None:
        query["version"] = version.id
    return url_for("ui.show_prompt", prompt_id=view.prompt.id, **query)


def required_project(view: PromptView) -> Project:
    """Return the view's project; raises InvalidInput without one."""
    if view.project is None:
        raise InvalidInput(
            "This prompt has no project that you see.",
            field="project",
            fix="Create a prompt for one of your projects.",
        )
    return view.project


def preview_of(view: PromptView, form: EditorForm) -> Preview:
    """Return what would be sent of a form for its task, or what keeps it from that."""
    project = required_project(view)
    task = form.preview_task.strip()
    pressed = request.form.get("preview", "")
    task = pressed if pressed.isdecimal() else task
    task_id = int(task) if task.isascii() and task.isdecimal() and len(task) < 10 else None
    try:
        draft = form.unsaved(view.caller, view.prompt.id, view.version)
    except InvalidInput as error:
        return Preview(None, problem=error.message, field=error.field)
    return services().previews.preview(view.caller.studio, project, draft, task_id)


def _first(project: Project, form: EditorForm) -> EditorForm:
    return replace(form, text=first_draft(project, services().predictor_factory.config_of(project)))


def _connections(view: PromptView) -> list[tuple[str, str]]:
    """Return the choices of a connection: value and words, none of them a secret."""
    default = services().models.default
    found = [(ENVIRONMENT, _words(default))]
    found += [(str(each.id), _words(each)) for each in services().connections.visible(view.caller)]
    if default.provider is not ProviderName.BASELINE:
        found.append((BASELINE, "Offline baseline: the most similar annotated tasks, no model"))
    if view.version is not None and connection_value(view.caller, view.version) == KEPT:
        found.insert(0, (KEPT, f"{view.version.provider.value}, as it is: not yours to choose"))
    return found


def _baselines(view: PromptView) -> list[str]:
    """Return the choices of a connection that mean the offline baseline."""
    found = [BASELINE]
    if services().models.default.provider is ProviderName.BASELINE:
        found.append(ENVIRONMENT)
    if view.version is not None and view.version.provider is ProviderName.BASELINE:
        found.append(KEPT)
    return found


def _words(connection: Connection) -> str:
    if connection.id is None and connection.provider is not ProviderName.BASELINE:
        # What tells it from others comes first: a narrow list cuts the rest.
        return f"{connection.default_model or connection.provider.value}, the server's own"
    model = f" ({connection.default_model})" if connection.default_model else ""
    return f"{connection.title[:1].upper()}{connection.title[1:]}{model}"


def known_models(view: PromptView) -> list[tuple[str, str]]:
    """Return models that are known without asking a provider, those of versions first."""
    today = datetime.now(UTC).date()
    models, catalogue = services().models, services().model_catalogue
    asked: dict[tuple[ProviderName, int | None], list[str]] = {}
    for each in view.versions:
        asked.setdefault((each.provider, each.connection_id), []).append(each.model)
    found: dict[str, str] = {}
    places = [(models.asked_by(*place), names) for place, names in asked.items()]
    places += [
        (each, []) for each in (models.default, *services().connections.visible(view.caller))
    ]
    for connection, names in places:
        if len(found) >= MODELS_SHOWN:
            break
        if connection.provider is not ProviderName.BASELINE:
            for known in catalogue.of(connection, names):
                found.setdefault(known.name, short_words(known, today))
    return list(found.items())[:MODELS_SHOWN]


def model_words(view: PromptView, version: PromptVersion) -> tuple[str, str]:
    """Return what is known of the model a version asks, and whether it is about to be retired."""
    connection = services().models.asked_by(version.provider, version.connection_id)
    if not version.model or connection.provider is ProviderName.BASELINE:
        return "", ""
    known = services().model_catalogue.model(connection, version.model)
    today = datetime.now(UTC).date()
    return short_words(known, today), retirement_said(known.name, known.abilities, today)
