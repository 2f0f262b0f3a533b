"""Promise samples as the API takes and gives them; shares are 0..1."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ml_backend.records.promises import Look
from ml_backend.services.promises import documents
from ml_backend.services.promises.asking import CERTAINTY, MAX_ERROR, MOST
from ml_backend.services.promises.draw import DrawPlan
from ml_backend.services.promises.promise_samples import SampleState
from ml_backend.web.api.wire.parts import Exact, Id, Said, Shown

Limit = Annotated[
    float, Field(gt=0, lt=1, description="The share that may be wrong: 0.03 for 3 %.")
]
Certainty = Annotated[float, Field(ge=0.5, lt=1, description="0.95 for 95 % certain.")]


class PromiseDraw(Exact):
    """Whose predictions are tested, for which promise."""

    prompt: Annotated[Id, Field(description="The prompt's id.")]
    version: Annotated[Id, Field(description="The version's id.")]
    max_error: Limit = MAX_ERROR
    certainty: Certainty = CERTAINTY
    size: Annotated[
        int | None,
        Field(ge=1, le=MOST, description="Tasks to draw; null leaves room for a few mistakes."),
    ] = None
    several_looks: Annotated[
        bool,
        Field(description="Other limits may be asked of it later; each takes its share."),
    ] = False
    dry_run: Annotated[bool, Field(description="Only count.")] = False


class PromiseAsk(Exact):
    """Another limit of a sample that is opened."""

    max_error: Limit
    certainty: Certainty = CERTAINTY


class PromiseWithdraw(Exact):
    """Why a sample is withdrawn."""

    reason: Annotated[str, Field(max_length=500, description="Shown with the sample.")] = ""


class DrawPlanAnswer(Shown):
    """What a draw would do; nothing was changed."""

    project: int
    prompt: int
    version: int
    model_version: str
    max_error: float
    certainty: float
    several_looks: bool
    tasks: int
    """Tasks whose prediction could be accepted: what is drawn from, and promised of."""
    left_out: dict[str, int]
    """Why other tasks are not among them, with how many."""
    size: int
    needed: int | None
    """Labels that promise it without a mistake; null where no number does."""
    labels_for: dict[str, int | None]
    """The labels that other limits take."""
    drawn_before: int
    """Samples of this version that were drawn for this limit before, those withdrawn too."""
    withdrawn_model_versions: list[str]
    """Predictions of these are taken off the drawn tasks until the sample is opened."""
    possible: bool
    why: Said
    """Why it cannot be drawn, "" where it can."""

    @classmethod
    def of(cls, plan: DrawPlan) -> DrawPlanAnswer:
        return cls.model_validate(documents.of_plan(plan))


class LookAnswer(Shown):
    """What a sample said to one request."""

    number: int
    promise: bool
    why: Said
    """Why nothing is promised, "" where something is."""
    max_error: float
    certainty: float
    claimed_certainty: float
    """What the test itself had to reach: more where a draw is asked several times."""
    threshold: float | None
    """Predictions of this score or a higher one are accepted."""
    accepted: float
    """The share of the sample at or above the threshold."""
    error_bound: float | None
    labelled: int
    labelled_accepted: int
    wrong: int
    """Of the labelled ones at or above the threshold."""
    needed: int
    at: datetime

    @classmethod
    def of(cls, look: Look) -> LookAnswer:
        return cls.model_validate(documents.of_look(look))


class PromiseSampleAnswer(Shown):
    """A promise sample, how far it is, and what is promised."""

    id: int
    project: int
    prompt: int
    version: int
    model_version: str
    state: str
    """drawn, opened or withdrawn."""
    settled: bool
    """False while predictions are taken off its tasks, or put back."""
    max_error: float
    certainty: float
    several_looks: bool
    size: int
    """Tasks that were drawn."""
    tasks: int
    """Tasks they were drawn from."""
    left_out: dict[str, int]
    labelled: int | None
    unlabelled_tasks: list[int]
    lost: dict[str, int]
    """Tasks that count as wrong whatever their labels say, by why."""
    ready: bool
    """Whether it can be opened now."""
    tab: str | None
    """Where its tasks are labelled, in Label Studio."""
    promise: bool
    why: Said
    """Why nothing is promised, "" where something is."""
    drawn_before: int
    """Samples of this version that were drawn for this limit before, those withdrawn too: the best
    of many draws says less than its certainty."""
    looks: list[LookAnswer]
    labels_for: dict[str, int | None]
    seed: str
    population_digest: str
    created_at: datetime
    opened_at: datetime | None
    withdrawn_at: datetime | None
    reason: Said
    """Why it was withdrawn."""

    @classmethod
    def of(cls, state: SampleState) -> PromiseSampleAnswer:
        return cls.model_validate(documents.of_state(state))
