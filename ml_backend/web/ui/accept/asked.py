"""What the tab Accept is about: a version's label in a project, and how many may be wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.labelstudio import Project
from ml_backend.records import Label, PromptVersion, Slot
from ml_backend.records.promises import PromiseSample
from ml_backend.services.accepting.request import CERTAINTY, MAX_ERROR
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.prompt_view import PromptView, open_view

LEAST, MOST, STEP = 0.5, 20.0, 0.5
"""Percent of wrong ones that the slider reaches, and its step."""

CERTAINTIES = (0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Asked:
    """A version's predictions in a project; shares are 0..1."""

    view: PromptView
    project: Project
    version: PromptVersion
    labels: Mapping[str, int]
    """The version's model versions in the project -> how many predictions it holds of each."""
    label: Label | None
    """The one that is shown; None where the version predicted nothing."""
    max_error: float
    certainty: float
    newest: PromiseSample | None
    """The newest promise sample of the label, as it was when last looked at."""

    @property
    def percent(self) -> str:
        """Return the error allowed as a field shows it."""
        return f"{100 * self.max_error:g}"

    @property
    def query(self) -> dict[str, Any]:
        """Return what an address needs to be about the same."""
        named = {"label": self.label.label} if self.label and len(self.labels) > 1 else {}
        numbers = {"error": self.percent, "certainty": f"{self.certainty:g}"}
        return {**self.view.query, **numbers, **named}

    @property
    def back(self) -> str:
        return url_for("ui.prompt_tab", prompt_id=self.view.prompt.id, tab="accept", **self.query)

    def url(self, endpoint: str, **more: Any) -> str:
        """Return the address of a page of this tab."""
        return url_for(f"ui.{endpoint}", prompt_id=self.view.prompt.id, **self.query, **more)


def read(view: PromptView) -> Asked | None:
    """Return what is asked for; None without a project or a version."""
    project, version = view.project, view.version
    if project is None or version is None:
        return None
    ours = services().ownership.ours(project.id, prompt_id=view.prompt.id, slot=Slot.ALL)
    held = view.caller.studio.model_versions(project.id)
    mine = {
        name: label
        for name, label in ours.labels.items()
        if label.version_id == version.id and name in held
    }
    wanted = request.values.get("label", "")
    label = mine.get(wanted) or next(iter(mine.values()), None)
    newest = _newest(project, version, label)
    held_look = newest.held if newest is not None else None
    limits = held_look or newest
    return Asked(
        view=view,
        project=project,
        version=version,
        labels={name: held[name] for name in mine},
        label=label,
        max_error=_percent("error", limits.max_error if limits else MAX_ERROR),
        certainty=_certainty(limits.certainty if limits else CERTAINTY),
        newest=newest,
    )


def asked(prompt_id: int) -> Asked:
    """Return what a dialog is about; raises Conflict where the version predicted nothing."""
    found = read(open_view(prompt_id))
    if found is None:
        raise Conflict("This prompt has no project or no version yet.", fix="Save its text first.")
    return found


def label_of(found: Asked) -> Label:
    """Return the label that is shown; raises Conflict where there is none."""
    if found.label is None:
        raise Conflict(
            f"{found.version.title} has predicted nothing in {found.project.title}.",
            fix="Get its predictions for all tasks first.",
        )
    return found.label


def _newest(project: Project, version: PromptVersion, label: Label | None) -> PromiseSample | None:
    samples = services().promise_samples.of_project(project.id, version_id=version.id)
    return next((each for each in samples if label and each.label == label.label), None)


def _percent(name: str, otherwise: float) -> float:
    """Return a share that is given in percent."""
    text = request.values.get(name, "").strip().removesuffix("%").strip()
    if not text:
        return otherwise
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = math.nan
    if not LEAST <= found <= MOST:
        raise InvalidInput(
            f"The error allowed is {text[:20]!r}.",
            field=name,
            fix=f"Give percent from {LEAST:g} to {MOST:g}, for example 3.",
        )
    return round(found / 100, 6)


def _certainty(otherwise: float) -> float:
    text = request.values.get("certainty", "")
    found = next((each for each in CERTAINTIES if f"{each:g}" == text), None)
    if text and found is None and text != f"{otherwise:g}":
        raise InvalidInput(
            f"The certainty is {text[:20]!r}.", field="certainty", fix="Choose one of the list."
        )
    return otherwise if found is None else found


def score_of(name: str) -> float | None:
    """Return a score that is given; None for none."""
    text = request.values.get(name, "").strip()
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= 1:
        raise InvalidInput(f"A score is {text[:20]!r}.", field=name, fix="Give one from 0 to 1.")
    return found
