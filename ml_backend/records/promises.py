"""Promise samples: tasks drawn to test "of what you accept at most 3 % is wrong, 95 % certain".

What makes it true is in docs/accept.md; where each rule is kept, in docs/design/promises.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ml_backend.kinds import Slot
from ml_backend.records.json_types import JsonObject, Region
from ml_backend.records.people import Person


class PromiseState(StrEnum):
    """How far a promise sample is."""

    DRAWN = "drawn"
    """Its tasks are being labelled, blind: they are no truth and no example of anything."""
    OPENED = "opened"
    """All are labelled and were compared; its looks say what is promised."""
    WITHDRAWN = "withdrawn"
    """It promises nothing, or no longer; the reason says why."""


class SampleKind(StrEnum):
    """What tasks were drawn for."""

    PROMISE = "promise"
    CHECK = "check"
    """To check what a follow accepts: nothing is promised of it (``records/follow_checks.py``)."""


class Hiding(StrEnum):
    """Where the predictions of a sample's tasks are: each change is committed before it is made."""

    HIDING = "hiding"
    """They are kept here, and are being taken out of Label Studio."""
    HIDDEN = "hidden"
    RETURNING = "returning"
    """They are being put back."""
    RETURNED = "returned"


class Finding(StrEnum):
    """What became of a task of a sample; all but the first count as wrong."""

    RIGHT = "right"
    WRONG = "wrong"
    SKIPPED = "skipped"
    DELETED = "deleted"
    """The task, or its annotation, is gone from Label Studio."""
    FROM_PREDICTION = "from prediction"
    """Its annotation was made from a prediction, or by no person."""
    SAW_PREDICTION = "saw prediction"
    """A prediction stood on it while it was labelled."""
    UNREADABLE = "unreadable"
    """The annotation does not fit the labeling config."""
    CHANGED = "changed"
    """It is another task by now than the one that was drawn."""

    @property
    def is_right(self) -> bool:
        return self is Finding.RIGHT


@dataclass(frozen=True, slots=True)
class Eligible:
    """A task that could be accepted when a sample was drawn, by its prediction then."""

    task_id: int
    score: float
    fingerprint: str
    """Of the prediction's result, shortened: of another answer nothing is promised."""


@dataclass(frozen=True, slots=True)
class PromiseTask:
    """A task of a sample, with the prediction that is tested on it."""

    task_id: int
    score: float
    fingerprint: str
    result: list[Region] = field(repr=False)
    data_digest: str
    """Of the task's data: another task may take the id of one that was deleted."""
    finding: Finding | None = None
    """None until the sample is opened; before, that somebody worked on it beside a prediction."""
    annotation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A prediction of ours that is kept out of Label Studio while a sample is open."""

    task_id: int
    label: str
    prompt_id: int
    slot: Slot
    score: float | None
    result: list[Region] = field(repr=False)
    prediction_id: int | None = None
    """Which it was in Label Studio; None for one that was made while the sample was open."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a sample said when it was asked, for one limit and certainty; shares are 0..1.

    ``claimed`` is the certainty that the test itself had to reach, more than the one asked for
    where a draw is asked several times.
    """

    number: int
    max_error: float
    certainty: float
    claimed: float
    threshold: float | None
    accepted: float
    error_bound: float | None
    n: int
    accepted_n: int
    wrong_n: int
    needed: int
    why: str
    at: datetime
    by: Person | None = None

    @property
    def holds(self) -> bool:
        return self.threshold is not None


@dataclass(frozen=True, slots=True)
class PromiseSample:
    """Tasks drawn uniformly, without replacement, from all that could be accepted."""

    id: int
    project_id: int
    project_made_at: datetime | None
    prompt_id: int
    version_id: int
    label: str
    """The model version whose predictions are tested."""
    slot: Slot
    seed: str
    snapshot: JsonObject
    """The version as it answered: another text, model or parameters withdraws."""
    config_digest: str
    pool_revision: int | None
    """Of the few-shot examples; None for a version that shows none."""
    pool_digest: str
    run_ids: tuple[int, ...]
    population: tuple[Eligible, ...] = field(repr=False)
    population_digest: str
    left_out: Mapping[str, int]
    """Why other tasks could not be drawn -> how many."""
    size: int
    max_error: float
    certainty: float
    several_looks: bool
    """Whether further requests of the same draw are possible; each takes its share."""
    state: PromiseState
    hiding: Hiding
    watermark: int
    """The highest id of a prediction when putting back began, -1 before."""
    tab: JsonObject | None
    """The tab of Label Studio that shows its tasks, as it was last written; None for none."""
    looks: tuple[Look, ...]
    reason: str
    """Why it was withdrawn."""
    created_by: Person | None
    created_at: datetime
    opened_at: datetime | None
    withdrawn_at: datetime | None
    kind: SampleKind = SampleKind.PROMISE
    newest_task_at: datetime | None = None
    """When the newest task was made, by Label Studio's clock; None where it did not say.

    A task made later is another one, though it may have the id of one that was deleted.
    """

    @property
    def is_open(self) -> bool:
        """Whether its tasks still are labelled blind."""
        return self.state is PromiseState.DRAWN

    @property
    def is_settled(self) -> bool:
        """Whether Label Studio holds what it should for the state the sample is in."""
        if self.state is PromiseState.DRAWN:
            return self.hiding is Hiding.HIDDEN
        return self.hiding is Hiding.RETURNED

    @property
    def as_of(self) -> datetime:
        """The moment after which no task that was made is of the population."""
        return self.newest_task_at or self.created_at

    @property
    def last_task(self) -> int:
        """The highest id of the population, 0 for an empty one."""
        return max((each.task_id for each in self.population), default=0)

    @property
    def held(self) -> Look | None:
        """The first look by which something is promised now; None for none."""
        if self.state is not PromiseState.OPENED:
            return None
        return next((look for look in self.looks if look.holds), None)


@dataclass(frozen=True, slots=True)
class Promise:
    """Of the population's predictions scored at or above the threshold at most so many are wrong.

    It is about those predictions alone: of tasks imported later, and of other answers to these
    tasks, nothing is promised.
    """

    sample: PromiseSample
    look: Look
    sampled: frozenset[int] = frozenset()
    """The tasks that were labelled to test it: of these nothing is accepted."""
    passed_on: frozenset[int] = frozenset()
    """Ids of the population that are those of other tasks by now, imported after the draw."""
    drawn_before: int = 0
    """Samples of the version that were drawn for the sample's limit before it."""

    @property
    def threshold(self) -> float:
        assert self.look.threshold is not None  # nosec B101  # for types: it holds
        return self.look.threshold

    def covers(self, task_id: int, score: float | None, fingerprint: str) -> bool:
        """Return whether a prediction of the sample's label is one that may be accepted.

        ``fingerprint`` is that of its result (``services.fingerprints``). For many use ``covered``.
        """
        return self.covered().get(task_id) == (score, short(fingerprint))

    def covered(self) -> dict[int, tuple[float | None, str]]:
        """Return task -> score and shortened fingerprint, of all that is promised of."""
        return {
            each.task_id: (each.score, each.fingerprint)
            for each in self.sample.population
            if each.score >= self.threshold
            and each.task_id not in self.sampled
            and each.task_id not in self.passed_on
        }


def short(fingerprint: str) -> str:
    """Return as much of a fingerprint as is kept of each task of a population."""
    return fingerprint[:16]


def digest_of(population: Sequence[Eligible]) -> str:
    """Return a digest that is another for any other population, or other predictions of it."""
    rows = [[each.task_id, each.score, each.fingerprint] for each in population]
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()
