"""Runs, their progress, their failures and what they measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from ml_backend.records import Failure, Run, RunStatus, Subset, TruthSource, Usage
from ml_backend.services.runs.progress import pace_of
from ml_backend.web.api.wire.metrics import Measured, metrics_answer
from ml_backend.web.api.wire.parts import (
    Dollars,
    Given,
    Id,
    PageQuery,
    PoolAnswer,
    Said,
    Shown,
    UserSimple,
    Whole,
)
from ml_backend.web.api.wire.together import CascadeAnswer, MemberAnswer, TogetherGiven


class RunCreate(TogetherGiven):
    """A run over a subset of a project's tasks."""

    project: Id
    project_subset: Subset = Subset.ALL
    sample_subset_size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    sample_seed: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**53 - 1,
            description="Draws the Sample subset from all tasks, the same for the same seed; null "
            "takes the first ones; ours.",
        ),
    ] = None
    filters_json: Annotated[
        dict[str, Any] | None, Field(description="A Data Manager filter; makes the subset Custom.")
    ] = None
    task_ids: Annotated[
        list[Id] | None, Field(max_length=100_000, description="The tasks of a Custom subset.")
    ] = None
    only_missing_predictions: Annotated[
        bool | None,
        Field(
            description="Only tasks without a prediction of this version; what other versions of "
            "the prompt predicted on them is replaced, for a task holds one of a prompt."
        ),
    ] = None
    job_id: Annotated[
        str | None,
        Field(
            max_length=200,
            description="The run is an outside worker's: we ask nothing and wait for what it "
            "hands in under this name.",
        ),
    ] = None
    budget: Annotated[
        Dollars | None, Field(description="Dollars that are never exceeded; ours.")
    ] = None
    truth: Annotated[
        TruthSource | None,
        Field(
            description="What it is measured on: annotations takes all that people submitted, "
            "and makes HasGT the tasks that have one; by default ground truth, or annotations "
            "where none is marked as that; ours."
        ),
    ] = None
    held_out: Annotated[
        bool | None,
        Field(
            description="HasGT: only tasks no teacher saw, by default for a version a teacher made."
        ),
    ] = None
    samples: Annotated[int, Field(ge=1, le=25, description="Answers for each task; ours.")] = 1
    organization: Id | None = None
    predictions_updated_at: datetime | None = None
    total_correct_predictions: Whole | None = None
    total_predictions: Whole | None = None
    total_tasks: Whole | None = None


RUN_NAMES = {
    "subset": "project_subset",
    "tasks": "task_ids",
    "filter": "filters_json",
    "sample_size": "sample_subset_size",
}
"""Our names of a run's fields -> the SDK's."""


class RunQuery(Given):
    """Which runs of a version, in which order."""

    ordering: str | None = None
    parent_model: Id | None = None
    project: Id | None = None
    project_subset: Subset | None = None


class RunAnswer(Shown):
    """A run; the SDK's ModelRun."""

    id: int
    parent_model: int
    model_version: int
    project: int
    project_subset: Subset
    status: RunStatus
    job_id: str | None = None
    filters_json: Any = None
    sample_subset_size: int | None = None
    task_ids: list[int] | None = None
    source_model_run: int | None = None
    total_tasks: int
    total_predictions: int
    total_correct_predictions: int | None = None
    """Known once a run over tasks with a truth has ended."""
    deleted_tasks: int = 0
    """Those deleted in Label Studio while it went on; they are neither predicted nor failed."""
    organization: int | None = None
    created_by: UserSimple | None = None
    created_at: datetime
    triggered_at: datetime | None = None
    predictions_updated_at: datetime | None = None
    completed_at: datetime | None = None

    @classmethod
    def of(cls, run: Run) -> RunAnswer:
        options, totals = run.options, run.totals
        tasks = options.task_ids if run.subset is Subset.CUSTOM else None
        return RunAnswer(
            id=run.id,
            parent_model=run.prompt_id,
            model_version=run.version_id,
            project=run.project_id,
            project_subset=run.subset,
            status=run.status,
            job_id=run.worker_job or None,
            filters_json=options.filters,
            sample_subset_size=options.sample_size,
            task_ids=None if tasks is None else list(tasks),
            total_tasks=totals.total,
            total_predictions=totals.succeeded,
            total_correct_predictions=run.correctness.correct if run.metrics else None,
            deleted_tasks=run.deleted_tasks,
            organization=run.organization,
            created_by=UserSimple.of(run.created_by),
            created_at=run.created_at,
            triggered_at=run.started_at,
            predictions_updated_at=run.asked_at,
            completed_at=run.completed_at,
        )


class Tokens(Shown):
    """Tokens as the provider counted them."""

    prompt: int
    completion: int
    cached: int
    """Of the prompt's, those read from the provider's cache."""
    cache_write: int
    """Of the prompt's, those written to it, where that is charged."""
    reasoning: int
    """Of the completion's, those the model thought with."""

    @classmethod
    def of(cls, usage: Usage) -> Tokens:
        return cls(
            prompt=usage.prompt_tokens,
            completion=usage.completion_tokens,
            cached=usage.cached_tokens,
            cache_write=usage.cache_write_tokens,
            reasoning=usage.reasoning_tokens,
        )


class RunProgress(RunAnswer):
    """A run in full: how far it is, what it cost, what went wrong."""

    slot: str
    truth: TruthSource
    """What it was measured on."""
    measured_on: str
    """The same in words, and why where nobody chose it."""
    label: str
    """The model version its predictions have in Label Studio."""
    stage: str
    message: Said
    done: int
    failed: int
    failures: dict[str, int]
    """Kind -> tasks."""
    nothing_to_tell: int
    """Of the predictions those that mark nothing: null or empty lists were the answer."""
    cached: int
    asked_again: int
    """Answers it had and asked for anew; ``cost`` and ``tokens`` count both."""
    no_longer_fitting: int
    """Of these, those that a labeling config changed meanwhile no longer took."""
    cost: float | None
    """Dollars; null when a price is unknown."""
    tokens: Tokens
    seconds: float | None
    tasks_per_second: float | None
    eta_seconds: float | None
    metrics: Measured
    stale: str
    """Why its metrics no longer hold."""
    samples: int
    vote: list[MemberAnswer] | None
    """The versions that answer together; ours."""
    cascade: CascadeAnswer | None
    sample_seed: int | None
    """What its sample was drawn with; null took the first tasks."""
    held_out: bool
    """Whether it covers only tasks that no teacher saw."""
    caution: str | None
    """Why its metrics flatter the version."""
    few_shot: PoolAnswer | None
    """Where its few-shot examples come from."""

    @classmethod
    def of(cls, run: Run) -> RunProgress:
        totals = run.totals
        pace = pace_of(run, datetime.now(UTC))
        return cls(
            **dict(RunAnswer.of(run)),
            slot=run.slot.value,
            truth=run.truth,
            measured_on=run.measured_on,
            label=run.label,
            stage=run.stage.value,
            message=run.message,
            done=totals.done,
            failed=totals.failed,
            failures=dict(totals.failures),
            nothing_to_tell=totals.nothing_to_tell,
            cached=totals.cached,
            asked_again=totals.again.answers,
            no_longer_fitting=totals.again.unfitting,
            cost=totals.cost,
            tokens=Tokens.of(totals.usage),
            seconds=pace.seconds,
            tasks_per_second=pace.tasks_per_second,
            eta_seconds=pace.seconds_left,
            metrics=metrics_answer(run.metrics),
            stale=run.stale,
            samples=run.options.samples,
            vote=MemberAnswer.of_vote(run.options.vote),
            cascade=CascadeAnswer.of(run.options.cascade),
            sample_seed=run.options.sample_seed,
            held_out=run.options.held_out,
            caution=run.options.caution or None,
            few_shot=PoolAnswer.of(run.snapshot.few_shot),
        )


class FailureQuery(PageQuery):
    """Which failures of a run."""

    kind: Annotated[str | None, Field(description="Failures of this kind alone.")] = None


class FailureAnswer(Shown):
    """Why a task has no prediction."""

    task: int
    kind: str
    message: Said
    raw: str
    """What the model said."""
    calls: int
    cost: float | None

    @classmethod
    def of(cls, failure: Failure) -> FailureAnswer:
        return cls(
            task=failure.task_id,
            kind=failure.kind.value,
            message=failure.message,
            raw=failure.raw,
            calls=failure.asked.calls,
            cost=failure.asked.cost,
        )


class HandedIn(Given):
    """Answers of an outside worker for a run that was made with a job_id."""

    modelrun_id: Id
    results: Annotated[
        list[dict[str, Any]],
        Field(
            max_length=10_000,
            description='Each {"task_id": 1, "output": {"<control>": …}}; output may be a bare '
            "value where the labeling config has one control, and result a list of regions. Also "
            "score, prompt_tokens, completion_tokens, total_cost_usd.",
        ),
    ]
    job_id: Annotated[str, Field(max_length=200)] | None = None


class HandedInFailures(Given):
    """Failures of an outside worker."""

    modelrun_id: Id
    failed_predictions: Annotated[
        list[dict[str, Any]],
        Field(
            max_length=10_000,
            description='Each {"task_id": 1, "error_type": "…", "error_message": "…"}.',
        ),
    ]
    job_id: Annotated[str, Field(max_length=200)] | None = None


class PredictionsQuery(Given):
    """For statistics only; has no effect."""

    num_predictions: Whole | None = None


class FailedPredictionsQuery(Given):
    """For statistics only; has no effect."""

    num_failed_predictions: Whole | None = None


class Taken(Shown):
    """What was handed in, as it came."""

    job_id: str
    results: list[dict[str, Any]]


class TakenFailures(Shown):
    """What was handed in, as it came."""

    job_id: str
    failed_predictions: list[dict[str, Any]]
