"""How right a run was: its outcomes against ground truth, failures counted as misses.

What was measured holds as long as the ground truth does: a run's metrics carry a fingerprint of
the ground truth they were measured on, and a run whose fingerprint is no longer true is stale.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_backend.labeling import Agreement, LabelingConfig
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.records import (
    Example,
    JsonObject,
    Outcome,
    Prediction,
    Run,
    RunStatus,
    Slot,
    Subset,
)
from ml_backend.scoring.agreement import summarize
from ml_backend.services.examples import read_answer
from ml_backend.store import Store
from ml_backend.store.database import storable

Compared = dict[str, Agreement | None]

FINGERPRINT = "ground_truth"
"""Of a run's metrics: what tells whether the ground truth still is the one measured on."""

MANY_RUNS = 10_000


@dataclass(slots=True)
class Truths:
    """A task's ground truths."""

    data: Mapping[str, Any]
    answers: list[JsonObject] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    """Of those that are in the example pool as well: an empty annotation is not."""

    def judge(self, outcome: Outcome, config: LabelingConfig) -> tuple[Compared, JsonObject]:
        """Return how an outcome agrees with the truth it agrees with best, and that truth.

        A failed task is a miss in every control that its ground truth answers.
        """
        given = outcome.answer if isinstance(outcome, Prediction) else {}
        compared, best = max(
            ((config.compare(given, answer, self.data), answer) for answer in self.answers),
            key=lambda pair: _goodness(pair[0]),
        )
        if isinstance(outcome, Prediction):
            return dict(compared), best
        return dict.fromkeys(compared), best


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
        truths = self.truths(run.project_id, config)
        items: list[Compared] = []
        measured: list[str] = []
        for outcome in self._store.outcomes.iter(run.id, task_ids=truths):
            truth = truths[outcome.task_id]
            items.append(truth.judge(outcome, config)[0])
            measured += truth.digests
        return {**summarize(items), FINGERPRINT: _fingerprint(measured)}

    def compared(
        self, run: Run, truths: Mapping[int, Truths], config: LabelingConfig
    ) -> dict[int, Compared]:
        """Return how each task of a run that has ground truth agrees with it, by control."""
        outcomes = self._store.outcomes.iter(run.id, task_ids=truths)
        return {each.task_id: truths[each.task_id].judge(each, config)[0] for each in outcomes}

    def truths(
        self, project_id: int, config: LabelingConfig, task_ids: Sequence[int] | None = None
    ) -> dict[int, Truths]:
        """Return the ground truths of a project, or of these tasks, by task.

        Those that cannot be read are left out.
        """
        truths: dict[int, Truths] = {}
        for task in self._studio.iter_annotated(
            project_id, task_ids=task_ids, ground_truth_only=True
        ):
            for annotation in task.annotations:
                answer = read_answer(annotation, task.data, config)
                if not annotation.ground_truth or answer is None:
                    continue
                truth = truths.setdefault(task.id, Truths(task.data))
                truth.answers.append(answer)
                if annotation.result:
                    truth.digests.append(_digest(task.id, annotation.id, answer))
        return truths

    # Stale runs

    def mark_outdated(self, project_id: int, before: Collection[Example]) -> list[int]:
        """Mark evaluations that the pool's ground truth no longer bears out; return their runs.

        ``before`` is what the pool's ground truth was before it was last read, for the reason that
        people are shown.
        """
        known = _digests(before)
        digests = _digests(self._store.examples.ground_truth(project_id))
        changed = {task_id for _, task_id in known.items() ^ digests.items()}
        outdated = [
            run.id
            for run in self._evaluations(project_id)
            if _is_outdated(run, digests, changed=bool(changed))
        ]
        if outdated:
            tasks = f": {len(changed)} task{'s' * (len(changed) != 1)}" if changed else ""
            why = f"The ground truth changed after this run{tasks}."
            self._store.runs.mark_stale(outdated, why)
        return outdated

    def stale_for_project(
        self, project_id: int, why: str, *, version_id: int | None = None
    ) -> list[int]:
        """Mark all evaluations of a project, or of one version there; return their runs."""
        runs = self._evaluations(project_id)
        ids = [run.id for run in runs if version_id in (None, run.version_id)]
        if ids:
            self._store.runs.mark_stale(ids, why)
        return ids

    def _evaluations(self, project_id: int) -> list[Run]:
        """Return the project's completed evaluations that are not stale yet."""
        return [
            run
            for run in self._store.runs.search(project_id=project_id, limit=MANY_RUNS)
            if run.slot is Slot.EVALUATE and run.status is RunStatus.COMPLETED and not run.stale
        ]


def _goodness(compared: dict[str, Agreement]) -> tuple[bool, float]:
    values = list(compared.values())
    return all(a.correct for a in values), sum(a.score for a in values)


def _is_outdated(run: Run, truths: Mapping[str, int], *, changed: bool) -> bool:
    """Return whether a run was measured on other ground truths, a digest -> task, than these."""
    measured_on = run.metrics.get(FINGERPRINT)
    if measured_on is None:
        return changed
    # New ground truth elsewhere does not concern a run of chosen tasks.
    whole = run.subset in (Subset.HAS_GT, Subset.ALL) and not run.options.get("held_out")
    tasks = None if whole else run.options.get("task_ids")
    covered = None if tasks is None else set(tasks)
    now = (digest for digest, task_id in truths.items() if covered is None or task_id in covered)
    return bool(_fingerprint(now) != measured_on)


def _digests(truths: Iterable[Example]) -> dict[str, int]:
    """Return digest -> task."""
    return {_digest(each.task_id, each.annotation_id, each.answer): each.task_id for each in truths}


def _digest(task_id: int, annotation_id: int, answer: JsonObject) -> str:
    """Return a short text that is the same for the same answer of the same annotation."""
    said = json.dumps([task_id, annotation_id, answer], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(storable(said).encode()).hexdigest()


def _fingerprint(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]
