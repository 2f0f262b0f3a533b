"""Which of a version's predictions may become annotations: by their score, by what a promise is of.

Whatever a rule leaves out is for people, and is counted by why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from ml_backend.kinds import LeftOut
from ml_backend.labelstudio import PredictionRow
from ml_backend.records.promises import short
from ml_backend.services.fingerprints import fingerprint


@dataclass(frozen=True, slots=True)
class Promised:
    """What a promise was made of a task: its prediction as it was when the sample was drawn."""

    score: float | None
    fingerprint: str
    """Of its result, shortened."""


@dataclass(frozen=True, slots=True)
class AcceptRule:
    """Accepts predictions of a score of at least ``min_score``; without one, of any or none.

    With a ``population`` only those of its tasks that still are as they were when it was fixed.
    """

    min_score: float | None = None
    population: Mapping[int, Promised] | None = field(default=None, repr=False)
    sampled: Set[int] = field(default=frozenset(), repr=False)
    """Of the population, the tasks it was tested on: of these nothing is accepted."""

    def why_not(self, row: PredictionRow) -> LeftOut | None:
        """Return why a prediction is not accepted, None when it is."""
        if row.task_id in self.sampled:
            return LeftOut.SAMPLED
        if self.population is not None:
            promised = self.population.get(row.task_id)
            if promised is None:
                return LeftOut.OUTSIDE
            if promised != Promised(row.score, short(fingerprint(row.result))):
                return LeftOut.REPLACED
        if self.min_score is None:
            return None
        return why_not_by_score(row.score, self.min_score)


def why_not_by_score(score: float | None, min_score: float) -> LeftOut | None:
    """Return why a score does not reach a threshold, None when it does: ``>=`` accepts."""
    if score is None or math.isnan(score):
        return LeftOut.UNSCORED
    return None if score >= min_score else LeftOut.BELOW


EVERYTHING = AcceptRule()
"""Leaves nothing out for its score."""
