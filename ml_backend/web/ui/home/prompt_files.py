"""A prompt as a file: sent to the browser, and taken from it in two steps, the first a look."""

from __future__ import annotations

import re

from flask import Response as FlaskResponse, flash, request
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput, PromptsError
from ml_backend.prompting.prompt_file_reader import MOST_BYTES
from ml_backend.services.callers.access import Caller
from ml_backend.services.prompts.prompt_files import ImportPlan
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import number


@pages.get("/prompts/<int:prompt_id>/export")
def export_prompt(prompt_id: int) -> Response:
    """Send a prompt as a YAML file."""
    found = services().prompt_imports.export(identity.caller(), prompt_id)
    response = FlaskResponse(found.text, mimetype="application/yaml")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", found.prompt.title).strip("-.").lower() or "prompt"
    response.headers["Content-Disposition"] = f'attachment; filename="{name[:60]}.yaml"'
    return response


@pages.get("/prompts/import")
def ask_import() -> Response:
    """Ask for a file and the project it is for."""
    return _form(identity.caller())


@pages.post("/prompts/import")
def take_import() -> Response:
    """Say what importing a file does; do it once that was seen."""
    caller, project_id = identity.caller(), number("project")
    if project_id is not None:
        services().access.require_project(caller, project_id)
    try:
        text, plan = _plan(caller, project_id)
        if request.form.get("seen") != _seen(plan):
            return _form(caller, text=text, plan=plan)
        done = services().prompt_imports.carry_out(caller, plan)
    except PromptsError as error:
        if by_htmx():
            raise
        return _form(caller, problem=error)
    added = len(plan.added)
    flash(f"Imported {done.prompt.title}: {added} of {len(plan.versions)} versions are new.")
    return go(f"/ui/prompts/{done.prompt.id}?project={plan.project.id}")


def _plan(caller: Caller, project_id: int | None) -> tuple[str, ImportPlan]:
    if project_id is None:
        raise InvalidInput("No project is chosen.", field="project", fix="Choose the project.")
    text = _text()
    title = request.form.get("title", "").strip() or None
    return text, services().prompt_imports.plan(caller, text, project_id, title)


def _text() -> str:
    """Return the file that was chosen now, else the one that was looked at before."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        text = request.form.get("text", "").replace("\r\n", "\n")
        if not text.strip():
            raise InvalidInput("No file is chosen.", field="file", fix="Choose a prompt file.")
        return text
    try:
        return sent.stream.read(MOST_BYTES + 1).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("The file is not text in UTF-8.", field="file") from error


def _seen(plan: ImportPlan) -> str:
    """Return what a plan comes to, so that only what a person saw is done."""
    versions = ",".join(f"{each.title}:{int(each.is_added)}" for each in plan.versions)
    return f"{plan.prompt.id if plan.prompt else 0}/{plan.project.id}/{versions}"


def _form(
    caller: Caller,
    *,
    text: str = "",
    plan: ImportPlan | None = None,
    problem: PromptsError | None = None,
) -> Response:
    return dialog(
        "home/import.html",
        status=200 if problem is None else 422,
        problem=problem,
        projects=services().access.titles(caller),
        chosen=number("project"),
        title=request.form.get("title", ""),
        text=text,
        plan=plan,
        seen=_seen(plan) if plan is not None else "",
    )
