"""Which of a version's predictions may become annotations: by their score, by what a promise is of.

Whatever a rule leaves out is for people, and is counted by why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

from ml_backend.labelstudio import PredictionRow
from ml_backend.records.promises import short
from ml_backend.services.fingerprints import fingerprint


class LeftOut(StrEnum):
    """Why a prediction became no annotation."""

    IDENTICAL = "identical"
    """The task holds an annotation that says the same, or one made from this very prediction."""
    ANNOTATED = "annotated"
    """A person annotated the task."""
    DOUBLED = "doubled"
    """The task holds several predictions of the version; which one is meant nobody knows."""
    SAMPLED = "sampled"
    """The task is of a promise sample: people labelled it, or are to, without a prediction."""
    OUTSIDE = "outside"
    """The promise is not of this task: it was imported later, or had no prediction then."""
    REPLACED = "replaced"
    """The promise was made of another prediction of this task, or of another score."""
    UNSCORED = "unscored"
    """It has no score: nothing is known of how sure the model was."""
    BELOW = "below"
    """Its score is below the threshold."""


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
