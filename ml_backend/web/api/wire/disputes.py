"""Labels of people that sure answers dispute, and what somebody decides of one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ml_backend.services.disputing.disputed import MOST_ROWS, ROWS
from ml_backend.store import Decision
from ml_backend.web.api.wire.parts import Exact, Id, Shown, Whole


class DisputeFind(Exact):
    """Of which project's labels, by which run."""

    project: Id
    run: Annotated[
        Id | None,
        Field(description="A run of the version; by default its newest that can be measured."),
    ] = None
    first: Annotated[Whole, Field(description="Where the page begins: a page's next.")] = 0
    size: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Labels on a page.")] = ROWS


class Deciding(Exact):
    """What is wrong: the label, the prompt, or the guideline, which is unclear."""

    project: Id
    decision: Annotated[
        Decision,
        Field(
            description="label: its mark as ground truth is taken off; prompt: Enhance shows it "
            "first; guideline: it is collected by class pair."
        ),
    ]
    run: Annotated[Id | None, Field(description="As when they were listed.")] = None


class Undoing(Exact):
    """Of which project."""

    project: Id


class OtherVersionAnswer(Shown):
    """Another version of the prompt that answered the same task."""

    version: int
    title: str
    says: str
    """answer, label or other: what it agrees with."""


class DisputedAnswer(Shown):
    """A label that an answer differs from, with the evidence."""

    task: int
    data: dict[str, Any]
    label: dict[str, Any]
    labelled_by: list[str]
    answer: dict[str, Any]
    differs: list[str]
    """The controls in which label and answer differ."""
    confidence: float | None
    """Of the answer, as it came."""
    calibrated: float | None
    """How often an answer as sure as this is right; null where that is not known."""
    confidence_source: str
    """Where the confidence is from; "" where that was not kept."""
    other_versions: list[OtherVersionAnswer]


class DecidedAnswer(Shown):
    """What was decided of a task."""

    task: int
    decision: str
    run: int
    version: int
    unmarked: list[int]
    """Annotations whose mark as ground truth was taken off with it."""
    decided_by: str | None


class UnclearAnswer(Shown):
    """Two classes between which the guideline was found unclear."""

    control: str
    label: str
    answer: str
    tasks: list[int]


class DisputesAnswer(Shown):
    """A page of disputed labels, the most doubtful first, and what was decided of others."""

    run: int
    project: int
    disputed: int
    unranked: int
    """Tasks got wrong without a confidence, or without any answer."""
    first: int
    next: int | None
    """Where the next page begins; null where there is none."""
    labels: list[DisputedAnswer]
    decided: list[DecidedAnswer]
    unclear: list[UnclearAnswer]
    instruction: str
    """What the project tells people who label."""


class UndoneAnswer(Shown):
    """A decision that was taken back."""

    task: int
    decision: str
    marked_again: bool
    mark_left_off: bool
    """The annotation is gone or changed since, or another one is marked."""
