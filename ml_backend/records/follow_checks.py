"""A follow that accepts: by which promise, which tasks it decided on, and what checks of it said.

What is accepted so is checked, not promised: the promise is of the tasks it was drawn from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ml_backend.records.json_types import JsonObject
from ml_backend.records.people import Person

NOT_PROMISED = "checked, not promised"
"""What is said of everything that a follow accepts."""


class GuardState(StrEnum):
    """Whether a follow accepts; all but the first are for good."""

    ACCEPTING = "accepting"
    ALARMED = "alarmed"
    """Its checks found more wrong ones than was promised."""
    WITHDRAWN = "withdrawn"
    """The promise it went by is none any more."""
    STOPPED = "stopped"
    """A person asked for that, or for following anew."""


@dataclass(frozen=True, slots=True)
class FollowGuard:
    """By what a follow accepts, and how that stands; shares are 0..1."""

    id: int
    project_id: int
    prompt_id: int
    version_id: int
    label: str
    """The model version whose predictions are accepted."""
    promise_id: int
    """The promise sample that was opened for it."""
    max_error: float
    certainty: float
    threshold: float
    seed: str
    """By which lots are drawn; told to nobody."""
    state: GuardState
    message: str
    """Why it accepts no more, or what it waits for."""
    batch: int
    """How many times it decided on tasks."""
    is_batch_open: bool
    """Whether the last of these is not carried out yet."""
    waiting: int
    """Tasks that would be accepted, and wait for checks of others to be answered."""
    run_id: int
    """The newest run of the follow that was looked at."""
    good_place: int | None
    """Once it accepts no more: what was decided on at a higher place no good check followed."""
    tab: JsonObject | None
    """The tab of Label Studio with its open checks, as it was last written; None for none."""
    due_at: float
    """When it is looked at next, in epoch seconds."""
    created_by: Person | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def is_accepting(self) -> bool:
        return self.state is GuardState.ACCEPTING


@dataclass(frozen=True, slots=True)
class FollowedTask:
    """A task that would be accepted, and what the lot made of it."""

    task_id: int
    place: int
    """Its number among all that were decided on, from 0."""
    batch: int
    is_check: bool
    """Whether people check it; the others are accepted."""
    sample_id: int | None = None
    """Of a check, the sample that keeps its prediction out of sight."""
    number: int | None = None
    """Of a check, the how many-th that was answered, from 1; None while it is open."""
    is_right: bool | None = None


@dataclass(frozen=True, slots=True)
class GuardFigures:
    """What a follow accepted, and what its checks came to."""

    accepted: int
    """Tasks decided on to be accepted."""
    drawn: int
    """Checks drawn …"""
    answered: int
    """… and answered by people."""
    wrong: int
    ahead: int
    """Accepted tasks that came after the last answered check's."""
    level: float
    """How near an alarm is, 0..1."""
