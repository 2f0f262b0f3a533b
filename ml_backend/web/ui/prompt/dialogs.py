"""Renaming a prompt, and deleting it with its predictions."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput
from ml_backend.records import JobKind, Prompt
from ml_backend.services.callers.access import Caller
from ml_backend.services.predictions.delete_prompt import PromptDeletion
from ml_backend.services.project_identity import Stranger
from ml_backend.web.actions.deletions import visible_projects
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.jobs import job_page
from ml_backend.web.ui.shell.pages import HOME, by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, number, part

TYPED_FROM = 1000
"""Predictions from which on a deletion wants the title typed."""


@pages.get("/prompts/<int:prompt_id>/edit")
def edit_prompt(prompt_id: int) -> Response:
    """Ask for another name or description."""
    prompt = services().access.editable(identity.caller(), prompt_id)
    return dialog("prompt/edit.html", prompt=prompt)


@pages.post("/prompts/<int:prompt_id>/edit")
def take_edit(prompt_id: int) -> Response:
    """Rename a prompt."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    changed = services().authoring.update_prompt(
        caller,
        prompt,
        title=request.form.get("title", ""),
        description=request.form.get("description", "").strip(),
    )
    flash(f"Saved {changed.title}.")
    return go(HOME)


@part("stranger")
def find_stranger(view: PromptView) -> Stranger | None:
    """Return the project shown where the prompt was made for another one of its number."""
    if view.project is None:
        return None
    return services().project_identity.stranger(view.prompt.id, view.project)


@pages.post("/prompts/<int:prompt_id>/rebind")
def rebind_prompt(prompt_id: int) -> Response:
    """Take a person's word that a prompt is for the project that has its number now."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    project = services().access.project(caller, number("project") or 0)
    services().project_identity.confirm(prompt, project)
    flash(f"{prompt.title} is for {project.title} now.")
    return go(url_for("ui.show_prompt", prompt_id=prompt.id, project=project.id))


@dataclass(frozen=True, slots=True)
class Loss:
    """What deleting a prompt takes along, in the words of its dialog."""

    plan: PromptDeletion
    by_project: tuple[tuple[str, int], ...]
    """Titles of projects and how many predictions leave each."""

    @classmethod
    def count(cls, caller: Caller, prompt: Prompt) -> Loss:
        """Count in Label Studio, in every project that holds some."""
        projects = visible_projects(services(), caller, prompt)
        plan = services().deletions.plan(prompt, projects=projects)
        name = services().access.title
        return cls(
            plan,
            tuple(
                (name(caller, each.project_id) or f"project {each.project_id}", each.total)
                for each in plan.plans
            ),
        )

    @property
    def is_typed(self) -> bool:
        return self.plan.predictions >= TYPED_FROM


@pages.get("/prompts/<int:prompt_id>/delete")
def ask_delete_prompt(prompt_id: int) -> Response:
    """Say what deleting a prompt takes along; a dialog counts once it is open."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    loss = None if by_htmx() else Loss.count(caller, prompt)
    return dialog("prompt/delete.html", prompt=prompt, loss=loss)


@pages.get("/prompts/<int:prompt_id>/delete/counted")
def count_delete(prompt_id: int) -> Response:
    """Return the count with the button that deletes."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    return _counted(prompt, Loss.count(caller, prompt))


@pages.post("/prompts/<int:prompt_id>/delete")
def take_delete(prompt_id: int) -> Response:
    """Delete a prompt once the person has seen how much that is."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    loss = Loss.count(caller, prompt)
    seen = number("predictions")
    if seen != loss.plan.predictions:
        if by_htmx():
            return _counted(prompt, loss, changed=seen is not None)
        return dialog("prompt/delete.html", prompt=prompt, loss=loss, changed=seen is not None)
    if loss.is_typed and request.form.get("typed", "").strip() != prompt.title:
        raise InvalidInput(
            "What you typed is not the prompt's name. Nothing was deleted.",
            field="typed",
            fix=f"Type {prompt.title} to delete it with its predictions.",
        )
    job = services().jobs.submit(
        JobKind.DELETE_PROMPT,
        {"title": prompt.title, "projects": visible_projects(services(), caller, prompt)},
        created_by=caller.person,
        prompt_id=prompt.id,
    )
    return go(job_page(job, back=HOME))


def _counted(prompt: Prompt, loss: Loss, *, changed: bool = False) -> Response:
    text = render_template("prompt/delete_form.html", prompt=prompt, loss=loss, changed=changed)
    return make_response(text)
