"""Which predictions a form is about: of a model version or a prompt, on all tasks or on some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.labelstudio import Project, Tab
from ml_backend.records import JsonObject
from ml_backend.services.callers.access import Caller
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.fields import task_ids

EVERY, UNVERSIONED = "every", "unversioned"
SCOPES = ("all", "tasks", "tab")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A form's choice, as it was sent."""

    of: str
    """``version:LABEL``, ``prompt:ID``, "unversioned" or "every"."""
    scope: str
    tasks: str
    """Ids as typed: ``1, 2, 5-9``."""
    tab: str

    @property
    def fields(self) -> dict[str, str]:
        """Return what another form carries to choose the same."""
        found = {"of": self.of, "scope": self.scope}
        if self.scope == "tasks":
            found["tasks"] = self.tasks
        if self.scope == "tab":
            found["tab"] = self.tab
        return found

    @property
    def label(self) -> str | None:
        return self.of.removeprefix("version:") if self.of.startswith("version:") else None

    @property
    def prompt_id(self) -> int | None:
        number = self.of.removeprefix("prompt:") if self.of.startswith("prompt:") else ""
        is_id = number.isascii() and number.isdecimal() and len(number) < 10
        return int(number) if is_id else None


def chosen() -> Chosen:
    """Return what the form or the address chooses."""
    values = request.values
    scope = values.get("scope", "all")
    return Chosen(
        of=values.get("of", ""),
        scope=scope if scope in SCOPES else "all",
        tasks=values.get("tasks", "").strip(),
        tab=values.get("tab", ""),
    )


def of_request(form: Any) -> Chosen | None:
    """Return what a job was asked for, as its request keeps it; None when no form asked."""
    if not isinstance(form, dict):
        return None
    return Chosen(*(str(form.get(name, "")) for name in ("of", "scope", "tasks", "tab")))


def selection(caller: Caller, project: Project, choice: Chosen) -> JsonObject:
    """Return a choice as a job's request; raises InvalidInput for one that names nothing."""
    made: JsonObject = {
        "labels": None if choice.label is None else [choice.label],
        "prompt_id": choice.prompt_id,
        "unversioned": choice.of == UNVERSIONED,
        "task_ids": None,
        "filters": None,
        "all": False,
        "form": choice.fields,
    }
    if choice.prompt_id is not None:
        services().access.prompt(caller, choice.prompt_id)
    elif not (choice.label or choice.of in (EVERY, UNVERSIONED)):
        raise InvalidInput(
            "Which predictions is not said.", field="of", fix="Choose a model version or a prompt."
        )
    if choice.scope == "tasks":
        made["task_ids"] = task_ids(choice.tasks)
    elif choice.scope == "tab":
        made["filters"] = find_tab(caller, project, choice.tab).query or None
    made["all"] = made["task_ids"] is None and made["filters"] is None
    return {**made, "title": words(caller, choice)}


def find_tab(caller: Caller, project: Project, tab_id: str) -> Tab:
    """Return a tab of the project's Data Manager."""
    for tab in caller.studio.tabs(project.id):
        if str(tab.id) == tab_id:
            return tab
    raise NotFound(
        "The Data Manager has no such tab any more.", field="tab", fix="Choose another one."
    )


def words(caller: Caller, choice: Chosen) -> str:
    """Return whose predictions a choice takes, as a heading says it."""
    if choice.label is not None:
        return choice.label
    if choice.prompt_id is not None:
        return f"all versions of {services().access.prompt(caller, choice.prompt_id).title}"
    return "without a model version" if choice.of == UNVERSIONED else "every model version"
