"""The version that a changed text became by itself, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import flash, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict, NotFound
from ml_backend.records import PromptVersion
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.editor import address, editor_of
from ml_backend.web.ui.prompt.editor_form import EditorForm
from ml_backend.web.ui.shell.pages import go, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, answer, number, open_view, part


@dataclass(frozen=True, slots=True)
class Made:
    """A version made of a changed text, and the one that stayed as it was."""

    version: PromptVersion
    beside: PromptVersion
    is_run: bool


@part("made")
def made_of(view: PromptView) -> Made | None:
    """Return what the shown version was made beside, where the address says so."""
    before = number("made")
    beside = next((each for each in view.versions if each.id == before), None)
    if beside is None or view.version is None or view.version.id <= beside.id:
        return None
    return Made(view.version, beside, is_run=services().versions.was_run(view.version))


@pages.post("/prompts/<int:prompt_id>/versions/<int:version_id>/undo")
def undo_version(prompt_id: int, version_id: int) -> Response:
    """Take a version back that nothing used; its text stays in the editor, not saved.

    One that was run goes only by the dialog that says what goes with it.
    """
    view = open_view(prompt_id)
    prompt = services().access.editable(view.caller, prompt_id)
    try:
        version = services().access.version(prompt, version_id)
    except NotFound:
        flash("It was taken back already.")
        return go(address(view, view.version))
    form = EditorForm.of(view.caller, version, view.project)
    try:
        services().versions.take_back(prompt, version)
    except Conflict:
        query: dict[str, Any] = {"version_id": version.id, **view.query}
        return go(url_for("ui.ask_delete_version", prompt_id=prompt.id, **query))
    flash(f"{version.title} is taken back. Its text is in the editor, not saved.")
    view = open_view(prompt_id)  # without it now
    if view.version is not None:
        form = replace(form, seen=view.version.updated_at.isoformat())
    return answer(view, "results", editor=editor_of(view, form))
