"""How sure a disputing answer is, what that is worth, and where it is from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ml_backend.records import Outcome, Prediction, Run


class Calibration(Protocol):
    """What an evaluation learned of a version's confidence."""

    def of(self, outcome: Outcome) -> float | None:
        """Return how often such an answer is right, 0..1; None where that is not known."""


CalibrationOf = Callable[[Run], Calibration | None]
"""Returns what is known of a run's version; None where nothing is."""


def source_of(answer: Prediction) -> str:
    """Return in words where an answer's confidence is from, "" where that was not kept."""
    return answer.confidence.source.words if answer.confidence is not None else ""
