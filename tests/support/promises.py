"""Projects with scored predictions of ours, and people who label promise samples."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.records import Prompt, PromptVersion, Slot
from ml_backend.records.promises import PromiseSample
from ml_backend.services.promises.draw import DrawRequest
from ml_backend.services.promises.promise_samples import SampleState
from ml_backend.services.writing.patience import Patience
from support.annotating import submit
from support.house import House


def patience(give_up_after: float = 10.0) -> Patience:
    return Patience(
        lambda said: None, threading.Event(), give_up_after=give_up_after, first_pause=0.05
    )


def topic(value: str) -> list[dict[str, Any]]:
    """Return the result that chooses a topic."""
    region = {"id": "r", "from_name": "topic", "to_name": "text", "type": "choices"}
    return [{**region, "value": {"choices": [value]}}]


def predict(
    house: House,
    prompt: Prompt,
    version: PromptVersion,
    project: int,
    scores: Mapping[int, float | None],
    said: str = "A",
) -> str:
    """Have predictions of ours stand on tasks, with these scores; return their model version."""
    container = house.container
    label = container.ownership.claim(prompt, version, Slot.ALL, project)
    rows = [
        {"task": task, "result": topic(said), "score": score, "model_version": label}
        for task, score in scores.items()
    ]
    container.studio.import_predictions(project, rows)
    return label


def request(house: House, project: int, prompt: Prompt, version: PromptVersion, **more: Any) -> Any:
    """Return a request that few labels fulfil: at most half wrong, half certain."""
    limits = {"max_error": 0.5, "certainty": 0.9, **more}
    return DrawRequest(prompt, version, house.container.studio.get_project(project), **limits)


def draw(
    house: House, project: int, prompt: Prompt, version: PromptVersion, **more: Any
) -> PromiseSample:
    asked = request(house, project, prompt, version, **more)
    return house.container.promise_samples.draw(asked, patience())


def tasks_of(house: House, sample: PromiseSample) -> list[int]:
    return [each.task_id for each in house.container.store.promises.tasks(sample.id)]


def label(house: House, task_ids: Sequence[int], said: str = "A") -> None:
    """Have a person label tasks in the editor."""
    for task in task_ids:
        submit(house.fake, task, topic(said))


def state(house: House, sample: PromiseSample) -> SampleState:
    studio = house.container.studio
    now = house.container.store.promises.get(sample.id)
    return house.container.promise_samples.state(studio, studio.get_project(now.project_id), now)
