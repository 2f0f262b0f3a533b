"""Following: a prompt that predicts new tasks by itself, and what of them it accepts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ml_backend.web.api.wire.actions import Share
from ml_backend.web.api.wire.parts import Exact, Id, Said, Shown


class FollowFind(Exact):
    """Whose follow: of a prompt, or of all that the caller sees."""

    prompt: Id | None = None


class FollowEnd(Exact):
    """Whose follow to end."""

    prompt: Id


class FollowStart(Exact):
    """Which prompt is to follow the project, for how much, and what it accepts."""

    prompt: Id
    budget: Annotated[
        float | None, Field(gt=0, description="Dollars that all its runs may cost from now on.")
    ] = None
    accept_max_error: Annotated[
        Share | None,
        Field(
            description="Accept what reaches the threshold of a promise of at most so many wrong; "
            "of new tasks nothing is promised, they are checked. Null accepts nothing."
        ),
    ] = None
    certainty: Annotated[Share, Field(description="How certain that promise is.")] = 0.95


class FollowTakingBack(Exact):
    """Of which prompt to take back what was accepted since the last good check."""

    prompt: Id
    dry_run: Annotated[bool, Field(description="Only count.")] = False


class FollowAccepts(Shown):
    """By what a follow accepts, or did last, and how its checks stand."""

    state: str
    """accepting; alarmed, by its checks; withdrawn, for its promise is none any more; stopped."""
    promise: bool
    """Always false: a promise is of the tasks it was drawn from, and these came later."""
    why: str
    promise_sample: int
    version: int
    model_version: str
    max_error: float
    certainty: float
    threshold: float
    accepted: int
    """Tasks that were decided on to be accepted."""
    checks: int
    """Tasks that were drawn for people instead."""
    checks_answered: int
    checks_wrong: int
    ahead: int
    """Accepted tasks that are ahead of the last answered check: 200 at most."""
    waiting: int
    """Tasks that would be accepted, and wait for checks to be answered."""
    alarm_level: float
    """How near an alarm is, 0..1."""
    since_last_good_check: int
    """Once it accepts no more: tasks accepted since its last good check."""
    message: Said
    since: datetime
    ended_at: datetime | None


class FollowAnswer(Shown):
    """A prompt that follows a project."""

    prompt: int
    project: int
    budget: float | None
    spent: float | None
    """Dollars since the budget was set; null where a run's cost is unknown."""
    since: datetime
    message: Said
    accepts: FollowAccepts | None
    """Null where it never accepted anything here."""


class FollowEndAnswer(Shown):
    """Whether it followed."""

    prompt: int
    project: int
    stopped: bool


class FollowTakeBackAnswer(Shown):
    """What taking back would do or did, in annotations."""

    prompt: int
    project: int
    acceptances: list[int]
    would_delete: int
    kept: int
    """Left alone: people touched them."""
    gone: int
    """Deleted before, by whomever."""
    dry_run: bool
    deleted: int | None = None
