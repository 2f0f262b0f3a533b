"""Simulated models whose confidence says too much, too little or the truth, and people who slip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_backend.scoring.calibration import calibrate
from ml_backend.scoring.confidence.auroc import auroc
from ml_backend.scoring.confidence.calibrating import fit_map
from ml_backend.scoring.confidence.disputes import Given, Judged, disputes
from ml_backend.scoring.promises.drift import watch

Rng = np.random.Generator

CLASSES = 4


def answers(rng: Rng, n: int, *, accuracy: float = 0.85, apart: float = 1.5) -> tuple[Any, Any]:
    """Return confidences and who is right; ``apart`` 1.5 is an AUROC of .856."""
    right = rng.random(n) < accuracy
    odds = 1.0 + apart * right + rng.standard_normal(n)
    return 1 / (1 + np.exp(-odds)), right


def ece_change(rng: Rng, *, sharpness: float, fitted: int = 300, held: int = 300) -> float:
    """Return by how much the ECE of held-out truth rises; ``sharpness`` 1 is calibrated.

    Below 1 the model says more than it knows, above 1 less.
    """
    odds = 1.5 + 1.5 * rng.standard_normal(fitted + held)
    right = rng.random(fitted + held) < 1 / (1 + np.exp(-sharpness * odds))
    said = (1 / (1 + np.exp(-odds))).tolist()
    fit = fit_map(said[:fitted], right[:fitted].tolist())
    later = right[fitted:].tolist()
    before = calibrate(zip(said[fitted:], later, strict=True))
    after = calibrate(
        ((fit.of(each) or 0.0, ok) for each, ok in zip(said[fitted:], later, strict=True))
    )
    assert before is not None
    assert after is not None
    return after.ece - before.ece


@dataclass(frozen=True, slots=True)
class Found:
    """Wrong labels of people among the first disputes; shares."""

    precision: float
    recall: float
    auroc: float


def wrong_labels(
    rng: Rng,
    *,
    tasks: int = 1000,
    share: float = 0.1,
    by_pair: bool = False,
    model_too: bool = False,
) -> Found:
    """Flip people's labels at random or, ``by_pair``, of one class to another; see what is found.

    ``model_too``: half of the model's mistakes in that class go the same way.
    """
    truth = rng.integers(0, CLASSES, tasks)
    confidence, right = answers(rng, tasks)
    other = (truth + rng.integers(1, CLASSES, tasks)) % CLASSES
    if model_too:
        other = np.where((truth == 0) & (rng.random(tasks) < 0.5), 1, other)
    given = np.where(right, truth, other)
    pool = np.flatnonzero(truth == 0) if by_pair else np.arange(tasks)
    flipped = rng.choice(pool, round(share * tasks), replace=False)
    labels = truth.copy()
    away = np.ones(len(flipped), dtype=int) if by_pair else rng.integers(1, CLASSES, len(flipped))
    labels[flipped] = (truth[flipped] + away) % CLASSES
    others, others_right = answers(rng, 400)
    fit = fit_map(others.tolist(), others_right.tolist())
    found = disputes(
        Judged(task, int(labels[task]), [Given(int(given[task]), fit.of(float(confidence[task])))])
        for task in range(tasks)
    )
    first = {each.task_id for each in found[: round(share * tasks)]}
    hits = len(first & set(flipped.tolist()))
    measured = auroc(confidence.tolist(), right.tolist())
    assert measured is not None
    return Found(hits / len(first), hits / len(flipped), measured.value)


def found_after(rng: Rng, max_error: float, *, before: float, after: float) -> int | None:
    """Return after how many checks a break is found: 300 checks were as ``before``.

    None where it is not found within 1,000; 0 for an alarm before it.
    """
    checks = [*(rng.random(300) >= before), *(rng.random(1000) >= after)]
    found = watch(checks, max_error=max_error)
    return max(0, found.checks - 300) if found.is_alarm else None


def alarms(rng: Rng, max_error: float, *, share: float, checks: int = 1000) -> bool:
    """Return whether so many checks of a steady share of wrong ones raise an alarm."""
    return watch(rng.random(checks) >= share, max_error=max_error).is_alarm
