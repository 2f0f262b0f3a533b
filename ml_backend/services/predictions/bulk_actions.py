"""Bulk actions on predictions in Label Studio: count, delete, promote."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import fmean

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio.records import PredictionKey
from ml_backend.records import Label, Slot
from ml_backend.services.predictions.delete import DeletePlan, DeletePredictions, DeleteReport
from ml_backend.services.predictions.promote import PromotePlan, PromotePredictions, PromoteReport
from ml_backend.services.predictions.selection import Selection
from ml_backend.services.writing.writer import Acting

__all__ = [
    "DeletePlan",
    "DeleteReport",
    "Predictions",
    "PromotePlan",
    "PromoteReport",
    "VersionCount",
]

EVERY = Selection()
"""Names nothing: all that a project holds."""


@dataclass(frozen=True, slots=True)
class VersionCount:
    """What a project holds of one model version; ``label`` names its owner when it is ours."""

    model_version: str | None
    predictions: int
    tasks: int
    label: Label | None
    shown: bool
    """The label stream shows it."""
    score: float | None
    """The mean of those that have one."""


class Predictions(DeletePredictions[Acting], PromotePredictions[Acting]):
    """All bulk actions. A plan counts without changing anything; executing it reads again first."""

    def unsure(
        self,
        project_id: int,
        below: float,
        selection: Selection,
        slot: Slot | None = None,
    ) -> tuple[list[PredictionKey], int]:
        """Return the predictions whose score is below a limit, the least sure first.

        With how many have no score: nothing is known of how sure they are. ``slot`` leaves out
        those of the other slot, and those that are not ours.
        """
        if not 0 < below <= 1:
            raise InvalidInput(
                f"No score is below {below:g}.", field="below", fix="Give one above 0, up to 1."
            )
        found = self._held(project_id, selection, slot)
        chosen = [key for key in found if key.score is not None and key.score < below]
        chosen.sort(key=lambda key: (key.score, key.task_id))
        return chosen, sum(key.score is None for key in found)

    def count(
        self, project_id: int, selection: Selection = EVERY, slot: Slot | None = None
    ) -> list[VersionCount]:
        """Return what a project holds of each model version, of all of them when none is named.

        ``slot`` leaves out those of the other slot, and those that are not ours.
        """
        shown = self._studio.get_project(project_id).model_version
        keys = self._held(project_id, selection, slot)
        found = map(self._ownership.ours(project_id).owner, keys)
        owners = {label.label: label for label in found if label is not None}
        tasks: dict[str | None, set[int]] = defaultdict(set)
        scores: dict[str | None, list[float]] = defaultdict(list)
        for key in keys:
            tasks[key.model_version].add(key.task_id)
            if key.score is not None:
                scores[key.model_version].append(key.score)
        counts = Counter(key.model_version for key in keys)
        return [
            VersionCount(
                model_version=version,
                predictions=counts[version],
                tasks=len(tasks[version]),
                label=owners.get(version or ""),
                shown=bool(version) and version == shown,
                score=fmean(scores[version]) if scores[version] else None,
            )
            for version in sorted(counts, key=lambda version: (version is None, version or ""))
        ]

    def _held(
        self, project_id: int, selection: Selection, slot: Slot | None
    ) -> list[PredictionKey]:
        """Return the predictions that a selection takes, of one slot alone where it is given."""
        keys = self.choose(
            self._studio, project_id, selection, self._studio.prediction_keys(project_id)
        )
        if slot is None:
            return keys
        ours = self._ownership.ours(project_id)
        owners = ((key, ours.owner(key)) for key in keys)
        return [key for key, owner in owners if owner is not None and owner.slot is slot]
