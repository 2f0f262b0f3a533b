"""A calibration learned on one half of the truths and measured on the other."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ml_backend.records import ConfidenceSource, LearnedCalibration
from ml_backend.scoring.calibration import calibrate
from ml_backend.scoring.confidence.calibrating import fit_map

FEWEST = 40
"""Tasks below which neither half would say anything."""


@dataclass(frozen=True, slots=True)
class JudgedConfidence:
    """How sure an answer was, what that was made of, and whether it was right."""

    task_id: int
    confidence: float
    source: ConfidenceSource
    right: bool


def learn(judged: Iterable[JudgedConfidence]) -> LearnedCalibration | None:
    """Return what the truths of ordinary tasks say of confidence; None where they are too few.

    Confidence of one source alone is learned from, of the most frequent: what a model says of
    itself and what its tokens say are no numbers of one kind. Which half a task is in depends on
    its id alone.
    """
    answers = list(judged)
    if not answers:
        return None
    sources = Counter(each.source for each in answers)
    source = max(sources, key=lambda each: (sources[each], each.value))
    same = sorted((each for each in answers if each.source is source), key=_place)
    if len(same) < FEWEST:
        return None
    learned, held = same[::2], same[1::2]
    found = fit_map([each.confidence for each in learned], [each.right for each in learned])
    before = calibrate((each.confidence, each.right) for each in held)
    after = calibrate((found.of(each.confidence) or 0.0, each.right) for each in held)
    if before is None or after is None:
        return None
    return LearnedCalibration(source, len(learned), found.to_json(), before, after)


def _place(judged: JudgedConfidence) -> bytes:
    return hashlib.sha256(f"calibration:{judged.task_id}".encode()).digest()
