"""What a sample is asked, and what it says: certainty is spent once a draw, or shared by looks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ml_backend.errors import InvalidInput
from ml_backend.records import Person
from ml_backend.records.promises import Finding, Look, PromiseSample, PromiseTask
from ml_backend.scoring.acceptance import certainty_of_look, choose_threshold, labels_needed
from ml_backend.scoring.promises.finite_sets import is_kept

MAX_ERROR, CERTAINTY = 0.03, 0.95
ROOM = 3
"""Mistakes that a sample has room for by default: a model that is wrong a third as often as is
allowed makes as many in the labels that then are needed, at any limit."""

MOST = 1_000
"""Tasks of a sample: as many as a tab of Label Studio names."""


def check_limits(max_error: float, certainty: float) -> None:
    """Raise InvalidInput for what cannot be promised."""
    if not 0 < max_error < 1:  # NaN as well
        raise InvalidInput(
            f"A share of {max_error:g} wrong cannot be promised.",
            field="max_error",
            fix="Give a share between 0 and 1: 0.03 for at most 3 % wrong.",
        )
    if not 0.5 <= certainty < 1:
        raise InvalidInput(
            f"Nobody can be {certainty:g} certain.",
            field="certainty",
            fix="Give at least 0.5 and less than 1: 0.95 for 95 % certain.",
        )


def fewest(tasks: int, max_error: float, certainty: float, mistakes: int = 0) -> int | None:
    """Return the fewest labels that promise it of so many tasks with so many mistakes.

    None where no number does: of the few that are left unlabelled a single one is too many.
    """
    at_least = labels_needed(max_error, certainty)
    for drawn in range(at_least, tasks):
        if is_kept(mistakes, drawn, tasks, max_error=max_error, certainty=certainty):
            return drawn
    return None


def size_by_default(tasks: int, max_error: float, certainty: float) -> int | None:
    """Return how many tasks to draw: room for three mistakes, fewer where tasks are few."""
    for mistakes in range(ROOM, -1, -1):
        found = fewest(tasks, max_error, certainty, mistakes)
        if found is not None and found <= MOST:
            return found
    return None


def claimed_by(certainty: float, number: int, *, several_looks: bool) -> float:
    """Return the certainty that the test of a look has to reach itself."""
    return certainty_of_look(certainty, number) if several_looks else certainty


def look_at(
    sample: PromiseSample,
    tasks: Sequence[PromiseTask],
    findings: Mapping[int, Finding],
    *,
    max_error: float,
    certainty: float,
    by: Person | None,
) -> Look:
    """Return what a sample says to one request; each task without a finding counts as wrong.

    Ranked are the raw scores that the predictions had when they were drawn, of the set that they
    were drawn from.
    """
    number = len(sample.looks) + 1
    claimed = claimed_by(certainty, number, several_looks=sample.several_looks)
    right = [task.task_id in findings and findings[task.task_id].is_right for task in tasks]
    found = choose_threshold(
        [task.score for task in tasks],
        right,
        max_error=max_error,
        certainty=claimed,
        population=[each.score for each in sample.population],
    )
    bound = found.error_bound
    return Look(
        number=number,
        max_error=max_error,
        certainty=certainty,
        claimed=claimed,
        threshold=found.threshold,
        accepted=found.accepted,
        error_bound=bound if bound is None or math.isfinite(bound) else None,
        n=found.n,
        accepted_n=found.accepted_n,
        wrong_n=found.wrong_n,
        needed=found.needed,
        why=found.why,
        at=datetime.now(UTC),
        by=by,
    )
