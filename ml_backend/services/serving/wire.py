"""Tasks and predictions in the form of the ML backend protocol."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio.json_bodies import encode
from ml_backend.records import JsonObject, Outcome, Prediction, Task
from ml_backend.services.serving.prompt_sources import LARGEST_ID


def to_entry(outcome: Outcome | None, label: str) -> JsonObject | list[object]:
    """Return one entry of the results; one that cannot be stored would lose all the others."""
    if not isinstance(outcome, Prediction):
        return []
    try:
        result = json.loads(encode(outcome.result))
    except ValueError:  # a number JSON does not have
        return []
    score = outcome.score
    if score is not None and not (math.isfinite(score) and 0.0 <= score <= 1.0):
        score = None
    return {
        "task": outcome.task_id,
        "result": result,
        "score": score,
        "model_version": label,
    }


def to_results(
    tasks: Sequence[Task | None], label: str, outcomes: Iterable[Outcome | None]
) -> list[JsonObject | list[object]]:
    """Return one entry for each task of a request; ``outcomes`` has those of the known ones."""
    left = iter(outcomes)
    return [to_entry(None if task is None else next(left), label) for task in tasks]


def to_task(wire: object) -> Task | None:
    """Return a task of the request; None for what is none."""
    if not isinstance(wire, Mapping) or not isinstance(wire.get("data"), Mapping):
        return None
    task_id = wire.get("id")
    return Task(task_id if isinstance(task_id, int) else 0, wire["data"])


def to_project_id(value: object) -> int:
    """Return the id in ``5.1795381976``: Label Studio joins id and creation time."""
    head = str(value).partition(".")[0] if not isinstance(value, bool) else ""
    if head.isascii() and head.isdigit() and len(head) <= 10 and 0 < int(head) <= LARGEST_ID:
        return int(head)
    raise InvalidInput(
        "The request does not say which project it is about.",
        field="project",
        fix='Label Studio sends "project": "<id>.<creation time>".',
    )


def to_made_at(value: object) -> datetime | None:
    """Return the creation time in ``5.1795381976``, to the second; None where none is told."""
    seconds = str(value).partition(".")[2] if isinstance(value, str) else ""
    if seconds.isascii() and seconds.isdigit() and len(seconds) == 10:
        return datetime.fromtimestamp(int(seconds), UTC)
    return None
