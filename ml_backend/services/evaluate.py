"""How right a run was: its outcomes against ground truth, failures counted as misses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling import Agreement, LabelingConfig
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.records import JsonObject, Prediction, Run
from ml_backend.scoring.agreement import summarize
from ml_backend.store import Store

Compared = dict[str, Agreement | None]


class Evaluation:
    """Computes a run's metrics from the store and the project's ground truth."""

    def __init__(self, store: Store, studio: LabelStudioDoor) -> None:
        self._store = store
        self._studio = studio

    def measure(self, run: Run, config: LabelingConfig) -> JsonObject:
        """Return n, correct, failed, accuracy and its interval, overall and per control.

        Only tasks the run covered and that hold ground truth count. Where a task has several
        ground truths, the one that agrees best counts.
        """
        truths = self._truths(run.project_id, config)
        items: list[Compared] = []
        for outcome in self._store.outcomes.iter(run.id, task_ids=truths):
            data, answers = truths[outcome.task_id]
            given = outcome.answer if isinstance(outcome, Prediction) else {}
            compared = max(
                (config.compare(given, answer, data) for answer in answers), key=_goodness
            )
            if isinstance(outcome, Prediction):
                items.append(dict(compared))
            else:
                # A failed task is a miss in every control that its ground truth answers.
                items.append(dict.fromkeys(compared))
        return summarize(items)

    def _truths(
        self, project_id: int, config: LabelingConfig
    ) -> dict[int, tuple[Mapping[str, Any], list[JsonObject]]]:
        truths: dict[int, tuple[Mapping[str, Any], list[JsonObject]]] = {}
        for task in self._studio.iter_annotated(project_id, ground_truth_only=True):
            for annotation in task.annotations:
                if annotation.ground_truth and not annotation.was_cancelled:
                    answer = config.to_answer(annotation.result, task.data)
                    truths.setdefault(task.id, (task.data, []))[1].append(answer)
        return truths


def _goodness(compared: dict[str, Agreement]) -> tuple[bool, float]:
    values = list(compared.values())
    return all(a.correct for a in values), sum(a.score for a in values)
