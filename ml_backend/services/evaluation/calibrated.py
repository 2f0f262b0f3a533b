"""How often an answer as sure as this one is right, as far as ordinary ground truth has told.

It is learned with each evaluation and kept with its metrics, beside the confidence as it came: in
Label Studio that stays what it was. Another text, model, connection or parameters make another
version of it, which nothing is known of before it is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml_backend.records import (
    LearnedCalibration,
    Outcome,
    Prediction,
    PromptVersion,
    Run,
    RunStatus,
)
from ml_backend.scoring.confidence.calibration_map import CalibrationMap
from ml_backend.store import Store

LOOKED_AT = 200
"""Newest runs of a version among which its last evaluation is looked for."""


@dataclass(frozen=True, slots=True)
class KnownCalibration:
    """What an evaluation learned of a version's confidence."""

    run_id: int
    learned: LearnedCalibration
    map: CalibrationMap

    def of(self, outcome: Outcome) -> float | None:
        """Return how often such an answer is right, 0..1; None for confidence of another source."""
        if not isinstance(outcome, Prediction) or outcome.confidence is None:
            return None
        if outcome.confidence.source is not self.learned.source:
            return None
        return self.map.of(outcome.score)


def calibration_of(
    store: Store, version: PromptVersion, project_id: int
) -> KnownCalibration | None:
    """Return what the last evaluation of a version, as it asks now, learned in a project."""
    for run in store.runs.search(version_id=version.id, project_id=project_id, limit=LOOKED_AT):
        metrics = run.metrics
        if metrics is None or metrics.learned is None or run.status is not RunStatus.COMPLETED:
            continue
        if not run.snapshot.asks_as(version):
            continue
        learned = metrics.learned
        return KnownCalibration(run.id, learned, CalibrationMap.from_json(learned.map))
    return None


def calibration_of_run(store: Store, run: Run) -> KnownCalibration | None:
    """Return the same of a version as a run asked it."""
    version = store.prompts.get_version(run.version_id)
    asked = run.snapshot.as_asked(version)
    return calibration_of(store, replace(asked, id=run.version_id), run.project_id)
