"""Accepting by a threshold: what is answered, acceptances, and taking them back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ml_backend.web.api.wire.actions import Label, Share
from ml_backend.web.api.wire.parts import Exact, Id, Shown


class ThresholdQuery(Exact):
    """Of which version, and how many may be wrong, how certainly."""

    model_version: Annotated[
        Label | None, Field(description="A model version of yours, as Label Studio shows it.")
    ] = None
    prompt: Annotated[
        Id | None, Field(description="A prompt of which one version has predictions there.")
    ] = None
    max_error: Annotated[Share, Field(description="The share that may be wrong.")] = 0.03
    certainty: Annotated[Share, Field(description="How certain that is to be.")] = 0.95


class CurvePoint(Shown):
    """A threshold: how many it accepts, and how many of those are wrong."""

    threshold: float
    accepted: float
    """The share of the labelled predictions at or above it."""
    error: float
    """The share of these that is wrong, as seen."""
    low: float
    high: float
    """Limits of the true share, which hold at all thresholds of the curve at once."""
    labels: int
    wrong: int


class ThresholdAnswer(Shown):
    """From which score on predictions may be accepted, and whether that is promised."""

    project: int
    model_version: str
    prompt: int
    version: int
    max_error: float
    certainty: float
    promise: bool
    """Whether it holds: a promise sample of this version was labelled and opened."""
    why: str
    """Why it is no promise: then the figures are of ordinary ground truth."""
    promise_sample: int | None = None
    """The newest promise sample of the version, whatever became of it."""
    drawn_before: int | None = None
    """Where it is promised: samples of the version drawn for that limit before this one."""
    threshold: float | None = None
    """Null where even the highest scores are wrong too often, or labels are too few."""
    error_bound: float | None = None
    """The upper limit of the share of wrong ones at the threshold."""
    predictions: int
    """What the project holds of the version."""
    accepted: int
    """Of these, those at or above the threshold that the promise is of."""
    accepted_share: float
    for_people: int
    unscored: int
    outside: int
    """At or above the threshold, and not of the promise."""
    labels: int
    """Labels that this was tested on."""
    accepted_labels: int
    wrong_labels: int
    labels_needed: int
    """Labels without a mistake that max_error and certainty take."""
    labels_for_2_percent: int
    """The same for a promise of 2 %."""
    curve: list[CurvePoint]
    curve_is: str
    """"band" where its limits are of a promise sample: they hold at once at all thresholds, by
    themselves and not beside what was promised. "estimate" of ordinary ground truth."""


class AcceptanceAnswer(Shown):
    """One act of accepting."""

    id: int
    project: int
    prompt: int | None = None
    version: int | None = None
    model_versions: list[str]
    selection: dict[str, Any]
    """What was asked for, without task data."""
    threshold: float | None = None
    promise_sample: int | None = None
    planned: int
    created: int
    """Annotations that it made."""
    taken_back: int
    """Of these, how many are gone again."""
    interrupted: bool
    """Whether it goes on yet, or was interrupted: the same request goes on with it."""
    created_by: int | None = None
    created_by_name: str
    created_at: datetime
    completed_at: datetime | None = None


class TakingBack(Exact):
    """Which acceptance to take back."""

    acceptance: Annotated[
        Id | None, Field(description="Its number; the newest of the project unless said.")
    ] = None
    dry_run: Annotated[bool, Field(description="Only count.")] = False


class KeptAnswer(Shown):
    """Annotations that are left alone, by what says that somebody touched them."""

    opened: int
    """Submitted, changed or skipped in the editor."""
    changed: int
    """They say something else by now."""
    marked: int
    """Marked as ground truth, or changed or marked through the API."""
    confirmed: int
    """A person said that they are right."""
    drafted: int
    """Something on their task is drafted and not submitted."""


class TakeBackAnswer(Shown):
    """What taking an acceptance back would do or did."""

    acceptance: int
    project: int
    dry_run: bool
    created: int | None = None
    """Annotations that the acceptance made."""
    would_delete: int | None = None
    """Those that nobody touched since."""
    already_taken_back: int | None = None
    gone: int
    """Annotations that were deleted by others."""
    kept: KeptAnswer
    deleted: int | None = None
    notes: list[str] = Field(default_factory=list)
    job: int | None = None
    """The job that goes on with it, when it takes longer than this call."""
