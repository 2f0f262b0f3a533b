"""Predictions with scores under a prompt's label, and promise samples of them, drawn and opened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from ml_backend.records import Prompt, PromptVersion
from ml_backend.records.promises import PromiseSample
from ml_backend.services.promises.draw import DrawRequest
from ml_backend.services.writing.patience import Patience
from support.house import House
from support.labels import own

LABEL = "P__Version 1"
LOOSE = {"max_error": 0.4, "certainty": 0.6}
"""A promise that a handful of labels make."""


def patience() -> Patience:
    return Patience(lambda message: None, threading.Event(), give_up_after=10.0, first_pause=0.05)


def region(choice: str) -> dict[str, Any]:
    named = {"from_name": "topic", "to_name": "text", "type": "choices"}
    return {**named, "value": {"choices": [choice]}}


def row(task: int, choice: str = "A", score: float | None = None) -> dict[str, Any]:
    return {"task": task, "result": [region(choice)], "model_version": LABEL, "score": score}


def scored(
    house: House, scores: Sequence[float | None], title: str = "P"
) -> tuple[int, list[int], Prompt, PromptVersion]:
    """Return a project with a task for each score, predicted "A" by a version that is ours."""
    project, tasks = house.project(len(scores))
    prompt, version = house.prompt(project, title)
    label = f"{title}__Version 1"
    own(house.container.store, house.fake.url, project, label, prompt.id, version.id)
    rows = [
        {**row(task, "A", score), "model_version": label}
        for task, score in zip(tasks, scores, strict=True)
    ]
    house.container.studio.import_predictions(project, rows)
    return project, tasks, prompt, version


def drawn(
    house: House, project: int, prompt: Prompt, version: PromptVersion, size: int, **numbers: float
) -> PromiseSample:
    """Return a promise sample of a version, drawn and hidden."""
    found = house.container.studio.get_project(project)
    request = DrawRequest(prompt, version, found, size=size, **{**LOOSE, **numbers})  # type: ignore[arg-type]
    return house.container.promise_samples.draw(request, patience())


def opened(
    house: House,
    sample: PromiseSample,
    said: Callable[[int], str] = lambda task: "A",
) -> PromiseSample:
    """Return a sample whose tasks a person labelled, opened."""
    studio = house.container.studio
    for task in house.container.store.promises.tasks(sample.id):
        studio.create_annotation(task.task_id, [region(said(task.task_id))])
    return house.container.promise_samples.open(sample, patience())
