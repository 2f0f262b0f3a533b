"""Races of models: which to take for a prompt."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ml_backend.records import Job, RunStatus, TruthSource
from ml_backend.services.racing.outlook import Outlook
from ml_backend.web.api.wire.parts import Dollars, Exact, Id, Said, Shown

Model = Annotated[str, Field(min_length=1, max_length=400)]


class RaceCreate(Exact):
    """Which models are raced with which settings, and on whose ground truth."""

    project: Id
    models: Annotated[
        list[Model],
        Field(
            min_length=1,
            max_length=24,
            description="Each a model of the version's connection, or CONNECTION:MODEL with its "
            "id or title; CONNECTION: alone is its default model.",
        ),
    ]
    few_shot: Annotated[
        list[Annotated[int, Field(ge=0, le=1000)]],
        Field(
            default_factory=list,
            max_length=10,
            description="With each of these numbers of examples; by default the version's.",
        ),
    ]
    tolerance: Annotated[
        float,
        Field(gt=0, lt=1, description="How much worse than the best a cheaper one may be."),
    ] = 0.05
    budget: Annotated[
        Dollars | None, Field(description="Dollars that the race may cost at most.")
    ] = None
    truth: TruthSource | None = None
    dry_run: Annotated[bool, Field(description="Only say what it takes.")] = False


class RaceFind(Exact):
    """Which race; without one the version's last."""

    job: Id | None = None


class RaceRunner(Shown):
    """A model that would be raced; its cost is null where no price is known."""

    name: str
    model: str
    connection_id: int | None
    few_shot: int
    cost_per_task: float | None
    price: Said
    """Where its price is from, or what to do without one."""
    model_retirement: str | None
    """That it is retired, or will be within 90 days."""


class RacePlanAnswer(Shown):
    """What a race would take."""

    truth: TruthSource
    with_truth: int
    alike: int
    """Tasks that read the same as another, of which one is taken."""
    to_race: int
    to_hold: int
    """Tasks that are not raced: the winner is measured on these."""
    most_calls: int
    most_cost: float | None
    """Dollars where nobody is dropped; mostly it is about half."""
    budget: float | None
    models: list[RaceRunner]

    @classmethod
    def of(cls, outlook: Outlook) -> RacePlanAnswer:
        return cls(**outlook.document())


class RacedModel(Shown):
    """What one model came to; figures are null where nothing is known."""

    name: str
    model: str
    connection_id: int | None
    connection: str
    provider: str
    few_shot: int
    state: str
    """winner, left (raced to the end), worse, dearer, hopeless or failed."""
    by: str
    """Because of which other model it was asked no further."""
    message: Said
    tasks: int
    measured_on: str
    """``held out`` of the winner: tasks that were not raced."""
    score: float | None
    low: float | None
    high: float | None
    """95 %; of raced tasks limits that hold however long it was asked."""
    accuracy: float | None
    failures: dict[str, int]
    cost_per_task: float | None
    seconds_per_task: float | None
    project_cost: float | None
    calls: int


class RacedPair(Shown):
    """Two models on the tasks that both were asked; ``better`` is null where that is not told."""

    first: str
    second: str
    tasks: int
    difference: float
    low: float
    high: float
    p_holm: float
    better: str | None


class RaceResult(Shown):
    """How a race stands; winner and sentence are there once it is over."""

    truth: TruthSource
    tolerance: float
    with_truth: int
    alike: int
    to_race: int
    raced: int
    to_hold: int
    left: list[str]
    models: list[RacedModel]
    measure: str
    """What score is: accuracy, or the mean agreement where answers may be right in part."""
    winner: str | None
    best: str | None
    is_shown: bool
    """Whether evidence says that the winner is within the tolerance, or only what was measured."""
    shortfall: float
    shortfall_most: float
    not_told_apart: list[str]
    more_tasks: int | None
    """About how many more tasks would tell."""
    pairs: list[RacedPair]
    sentence: str
    stopped: Said
    spent: float | None
    calls: int
    all_calls: int
    """What all models on all tasks would have taken."""
    project_tasks: int
    is_over: bool


class RaceAnswer(Shown):
    """A race of models."""

    job: int
    version: int | None
    project: int | None
    status: RunStatus
    message: Said
    result: RaceResult | None
    """Null until the first tasks are raced."""

    @classmethod
    def of(cls, job: Job) -> RaceAnswer:
        return cls(
            job=job.id,
            version=job.version_id,
            project=job.project_id,
            status=job.status,
            message=job.message,
            result=RaceResult(**job.result) if job.result.get("models") else None,
        )
