"""The report of a run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ml_backend.records import ConfidenceWay, RunStatus, Slot, Subset, TruthSource
from ml_backend.web.api.wire.metrics import EffortAnswer, Measured
from ml_backend.web.api.wire.parts import Given, Shown


class ReportQuery(Given):
    """In which form."""

    format: Annotated[
        Literal["json", "html"] | None,
        Field(
            description="html is one file for somebody without access; without a format the "
            "Accept header decides."
        ),
    ] = None


class WrongAnswer(Shown):
    """A control of a task that was answered wrongly."""

    task: int
    control: str
    truth: Any = None
    """Of several right answers the one it agrees with best."""
    given: Any = None


class ReportedFailure(Shown):
    """Why a task has no prediction."""

    task: int
    kind: str
    message: str
    raw: str
    """What the model said, its beginning."""


class ReportedRun(Shown):
    """The run of a report, its counts and sums."""

    id: int
    model_version: str
    status: RunStatus
    slot: Slot
    project: int
    project_subset: Subset
    truth: TruthSource
    measured_on: str
    """The same in words, and why where nobody chose it."""
    message: str
    stale: str
    total_tasks: int
    succeeded: int
    failed: int
    deleted_tasks: int
    """Those deleted in Label Studio while it went on; they are neither predicted nor failed."""
    failures: dict[str, int]
    nothing_to_tell: int
    """Of the predictions those that mark nothing: null or empty lists were the answer."""
    cached: int
    asked_again: int
    """Answers it had and asked for anew; cost and tokens count both."""
    no_longer_fitting: int
    """Of these, those that a labeling config changed meanwhile no longer took."""
    cost: float | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    completed_at: str | None


class ReportedPrompt(Shown):
    """A version as a run asked it."""

    title: str
    version: str
    text: str
    provider: str
    model: str
    parameters: dict[str, Any]
    system_prompt: str
    """Sent before all else, "" for none."""
    confidence: ConfidenceWay
    """How it was asked how sure it is."""
    max_few_shot_examples: int


class ReportAnswer(Shown):
    """All there is to know of a run."""

    run: ReportedRun
    project: str
    prompt: ReportedPrompt
    """As it was asked, whatever it is now."""
    metrics: Measured
    effort: EffortAnswer
    """Cost and time of a task."""
    wrong: list[WrongAnswer]
    """Against the truths as they are now."""
    wrong_left_out: int
    """Tasks answered wrongly that are not listed."""
    wrong_unknown: str
    """Why wrong answers could not be listed."""
    failures: list[ReportedFailure]
    failures_left_out: int
    made_at: str
