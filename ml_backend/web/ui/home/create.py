"""The dialog that makes a prompt with its first version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import ConfigError, InvalidInput, PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.config_notes import notes_of
from ml_backend.labelstudio import Project
from ml_backend.records import BASELINE_MODEL, Connection, ProviderName
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.authoring import Draft
from ml_backend.services.prompts.drafts import first_draft, instructions
from ml_backend.services.prompts.prompts import require_text
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.next_steps import for_pages
from ml_backend.web.ui.shell.pages import by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import number

FIRST_VERSION = "Version 1"
BASELINE = "baseline"
PROJECT_FIELDS = "id,title,label_config"


@dataclass(frozen=True, slots=True)
class Choice:
    """A project to choose; ``reason`` says why it cannot be, "" when it can."""

    id: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """What is shown of the chosen project; ``problem`` says why it cannot be answered."""

    project: Project
    problem: str = ""
    variables: Sequence[str] = ()
    classes: Sequence[str] = ()
    notes: Sequence[str] = ()
    """What to know of its labeling config."""
    draft: str = ""
    is_told: bool = False
    """The draft is made of the labeling instructions."""


@pages.get("/prompts/new")
def new_prompt() -> Response:
    """Ask for what a prompt needs."""
    return _form(identity.caller())


@pages.post("/prompts/new/project")
def choose_project() -> Response:
    """Return what is known of the chosen project, with a first text for it."""
    target = _target(identity.caller(), number("project"))
    text = render_template("home/create_project.html", target=target, form=_filled(target))
    return make_response(text)


@pages.post("/prompts/new")
def create_prompt() -> Response:
    """Make a prompt and its first version, or neither."""
    caller = identity.caller()
    if "show" in request.form:
        return _form(caller)
    try:
        return _create(caller)
    except PromptsError as error:
        if by_htmx():
            raise
        # Without script the form comes back as it was, with the reason above it.
        return _form(caller, error)


def _create(caller: Caller) -> Response:
    project_id = number("project")
    if project_id is None:
        raise InvalidInput(
            "No project is chosen.", field="project", fix="Choose the target project."
        )
    draft = _draft(caller)
    prompt = services().authoring.create_prompt(
        caller,
        request.form.get("title", ""),
        [project_id],
        description=request.form.get("description", "").strip(),
    )
    try:
        services().authoring.create_version(caller, prompt, draft)
    except Exception:
        services().store.prompts.delete(prompt.id)
        raise
    has_tasks = services().access.project(caller, project_id).tasks
    then = "Evaluate it on a few tasks" if has_tasks else "Import tasks in Label Studio"
    flash(f"Created {prompt.title}. {then} next.")
    return go(f"/ui/prompts/{prompt.id}?project={project_id}")


def _form(caller: Caller, problem: PromptsError | None = None) -> Response:
    choices = _choices(caller)
    possible = [each.id for each in choices if not each.reason]
    wanted = number("project") or (possible[0] if len(possible) == 1 else None)
    target = _target(caller, wanted)
    return dialog(
        "home/create.html",
        status=200 if problem is None else 422,
        problem=problem,
        choices=choices,
        possible=possible,
        target=target,
        form=_filled(target),
        default=services().models.default,
        connections=services().connections.visible(caller),
    )


def _filled(target: Target | None) -> dict[str, str]:
    """Return the form's fields; a text nobody touched is replaced by the new project's draft."""
    form = {name: request.form.get(name, "") for name in ("title", "description", "model")}
    form["connection"] = request.form.get("connection", "")
    text, offered = (_lines(request.form.get(name, "")) for name in ("text", "offered"))
    draft = target.draft if target is not None else ""
    is_own = bool(text.strip()) and text.strip() != offered.strip()
    return {**form, "text": text if is_own else draft, "offered": draft}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _draft(caller: Caller) -> Draft:
    """Return the first version as the form has it; raises InvalidInput for what is missing."""
    text = _lines(request.form.get("text", ""))
    if not require_text(text, "text").strip():
        raise InvalidInput("The prompt is empty.", field="text", fix="Say what to label, and how.")
    wanted = request.form.get("connection", "")
    model = request.form.get("model", "").strip() or None
    chosen = Draft(title=FIRST_VERSION, text=text, model=model)
    connection: Connection = services().models.default
    if wanted == BASELINE:
        return Draft(
            title=FIRST_VERSION,
            text=text,
            model=BASELINE_MODEL,
            provider=ProviderName.BASELINE.value,
        )
    if wanted:
        connection = services().access.connection(caller, number("connection") or 0)
        chosen = Draft(title=FIRST_VERSION, text=text, model=model, connection_id=connection.id)
    if model is None and not connection.default_model:
        raise InvalidInput(
            f"The connection {connection.title} has no default model.",
            field="model",
            fix="Type the model's name, as its provider spells it.",
        )
    return chosen


def _choices(caller: Caller) -> list[Choice]:
    """Return all projects the person sees, by title, with the reason where one cannot be."""
    wires = caller.studio.project_wires({"include": PROJECT_FIELDS})
    found = [_choice(wire) for wire in wires]
    return sorted(found, key=lambda each: (each.title.casefold(), each.id))


def _choice(wire: dict[str, Any]) -> Choice:
    xml = str(wire.get("label_config") or "")
    reason = ""
    if xml.strip() in ("", "<View></View>"):
        reason = "it has no labeling config"
    else:
        try:
            LabelingConfig.parse(xml).require_answerable()
        except ConfigError as error:
            reason = error.message.rstrip(".")
    return Choice(int(wire["id"]), str(wire.get("title") or wire["id"]), reason)


def _target(caller: Caller, project_id: int | None) -> Target | None:
    if project_id is None:
        return None
    project = services().access.project(caller, project_id)
    project = services().evaluation.reading(caller.studio).counted(project)
    try:
        config = services().predictor_factory.config_of(project)
    except ConfigError as error:
        return Target(project, problem=for_pages(str(error)))
    columns = set(caller.studio.data_columns(project.id)) - set(config.input_fields)
    return Target(
        project,
        variables=(*config.input_fields, *sorted(columns)),
        classes=config.output_classes,
        notes=notes_of(config, columns | set(config.input_fields)),
        draft=first_draft(project, config),
        is_told=bool(instructions(project)),
    )
