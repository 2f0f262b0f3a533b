"""Where the predictions of a project's tasks came from, as far as this server gave them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import LabelStudioReader, PredictionKey
from ml_backend.records import ExampleSource, JsonObject, Prediction, PromptVersion
from ml_backend.records.run_json import pool_json
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.store import Source, Store

READ_ONE_BY_ONE = 30
"""Tasks read one by one, at 25 to 60 ms each; more by reading the project."""
MOST_TASKS = 1_000


@dataclass(frozen=True, slots=True)
class Provenance:
    """A prediction as Label Studio holds it, and where it came from."""

    key: PredictionKey
    prompt_id: int | None
    """None for a prediction that is not ours."""
    source: Source | None
    """None where nothing is remembered: it is not ours, or older than this record."""


class Provenances:
    """Looks predictions up by the caller's token."""

    def __init__(self, store: Store, ownership: Ownership) -> None:
        self._store = store
        self._ownership = ownership

    def of_tasks(
        self, studio: LabelStudioReader, project_id: int, task_ids: Sequence[int]
    ) -> list[Provenance]:
        """Return the predictions that these tasks of the project have, by task and id."""
        wanted = sorted(set(task_ids))
        if not 0 < len(wanted) <= MOST_TASKS:
            raise InvalidInput(
                f"Provenance is told of 1 to {MOST_TASKS} tasks at a time, not of {len(wanted)}.",
                field="tasks",
            )
        keys = self._read(studio, project_id, wanted)
        sources = self._store.provenance.of_tasks(project_id, wanted)
        ours = self._ownership.reading(studio).ours(project_id)
        found = []
        for key in keys:
            owner = ours.owner(key)
            source = sources.get((key.task_id, key.model_version or "")) if owner else None
            found.append(Provenance(key, owner.prompt_id if owner else None, source))
        return found

    @staticmethod
    def _read(studio: LabelStudioReader, project_id: int, wanted: list[int]) -> list[PredictionKey]:
        if len(wanted) > READ_ONE_BY_ONE:
            among = set(wanted)
            found = [key for key in studio.prediction_keys(project_id) if key.task_id in among]
            return sorted(found, key=lambda key: (key.task_id, key.id))
        return [key for task_id in wanted for key in studio.task_predictions(project_id, task_id)]


def sources_of(
    predictions: Iterable[Prediction],
    label: str,
    version: PromptVersion,
    at: datetime,
    few_shot: ExampleSource | None,
) -> list[Source]:
    """Return where answers of ``/predict`` came from; what a run answered, the run tells itself."""
    return [
        Source(each.task_id, label, version.id, at, each.asked.examples, few_shot)
        for each in predictions
        if each.asked.examples is not None
    ]


def document_of(found: Provenance) -> JsonObject:
    """Return it as a JSON document."""
    source = found.source
    few_shot = None
    if source is not None and source.few_shot is not None:
        few_shot = {**pool_json(source.few_shot), "shown": source.shown}
    origin = None
    if source is not None:
        origin = "predict" if source.run_id is None else "run"
    return {
        "task": found.key.task_id,
        "prediction": found.key.id,
        "model_version": found.key.model_version,
        "prompt": found.prompt_id,
        "version": source.version_id if source else None,
        "origin": origin,
        "run": source.run_id if source else None,
        "given_at": source.given_at if source else None,
        "few_shot": few_shot,
    }
