"""What somebody asks to accept: which predictions, and by which score or which promise."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass

from ml_backend.errors import InvalidInput
from ml_backend.next_steps import Step
from ml_backend.records import JsonObject
from ml_backend.services.predictions.selection import Selection

CERTAINTY = 0.95
MAX_ERROR = 0.03
"""What is answered where nobody says how many may be wrong."""


@dataclass(frozen=True, slots=True)
class AcceptRequest:
    """Predictions to accept: all that are selected, those of a score, or those of a promise."""

    selection: Selection
    include_annotated: bool = False
    min_score: float | None = None
    """Accept these and higher ones; nothing is said of how many of them are wrong."""
    max_error: float | None = None
    """Accept what a promise sample was opened for: at most this share of it is wrong."""
    certainty: float = CERTAINTY
    follow: int | None = None
    """The follow that accepts by itself, by its guard; None for a person."""

    @property
    def by_promise(self) -> bool:
        return self.max_error is not None

    def document(self, labels: tuple[str, ...]) -> JsonObject:
        """Return what tells two requests apart, as it is kept; it quotes no task data."""
        chosen = self.selection
        narrowed = [sorted(chosen.task_ids or ()), chosen.filters]
        told = json.dumps(narrowed, sort_keys=True, default=str).encode()
        tasks: JsonObject = {"tasks": "all"}
        if not chosen.everything:
            kind = "filter" if chosen.filters is not None else "named"
            tasks = {"tasks": kind, "narrowed": hashlib.sha256(told).hexdigest()[:16]}
        numbers: JsonObject = {"min_score": self.min_score}
        if self.by_promise:
            numbers = {"max_error": self.max_error, "certainty": self.certainty}
        by_itself: JsonObject = {} if self.follow is None else {"follow": self.follow}
        return {
            "model_versions": list(labels),
            **tasks,
            "include_annotated": self.include_annotated,
            **numbers,
            **by_itself,
        }


def accept_request(
    selection: Selection,
    *,
    include_annotated: bool = False,
    min_score: float | None = None,
    max_error: float | None = None,
    certainty: float | None = None,
) -> AcceptRequest:
    """Return a request, or raise InvalidInput where its numbers are none or contradict."""
    if min_score is not None and max_error is not None:
        raise InvalidInput(
            "A lowest score and an error that is allowed exclude each other: the promise has a "
            "threshold of its own.",
            field="min_score",
            fix="Give one of the two.",
        )
    if certainty is not None and max_error is None:
        raise InvalidInput(
            "A certainty is of an error that is allowed.", field="certainty", fix="Give both."
        )
    if min_score is not None and not 0 <= min_score <= 1:
        raise InvalidInput(
            f"A score lies between 0 and 1, and {min_score:g} does not.", field="min_score"
        )
    if max_error is not None and selection.narrows_tasks:
        raise InvalidInput(
            "A promise is of all that it accepts: of some chosen tasks all may be wrong.",
            field="tasks",
            fix="Accept by it of all tasks; chosen ones can be accepted by a lowest score.",
        )
    if max_error is not None:
        check_numbers(max_error, CERTAINTY if certainty is None else certainty)
    return AcceptRequest(
        selection,
        include_annotated,
        min_score,
        max_error,
        CERTAINTY if certainty is None else certainty,
    )


def check_numbers(max_error: float, certainty: float) -> None:
    """Raise InvalidInput for a share of wrong ones or a certainty that cannot be promised."""
    for name, what, value, example in (
        ("max_error", "The share that may be wrong", max_error, 0.03),
        ("certainty", "A certainty", certainty, 0.95),
    ):
        if math.isnan(value) or not 0 < value < 1:
            raise InvalidInput(
                f"{what} lies between 0 and 1, and {value:g} does not.",
                field=name,
                fix=f"Give a share such as {example}.",
            )


def one_version_wanted(labels: int) -> InvalidInput:
    """Return the error of a promise that is asked for of several versions, or of none of ours."""
    found = "none of ours is selected" if not labels else f"{labels} are selected"
    return InvalidInput(
        f"A promise is of one version, and {found}.",
        field="model_version",
        fix=Step.NAME_ONE_VERSION(),
    )
