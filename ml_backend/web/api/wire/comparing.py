"""Comparisons of versions on the same tasks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from ml_backend.records import JsonObject, TruthSource
from ml_backend.records.metrics_json import correctness_json
from ml_backend.services.evaluation.comparison import Comparison, Measure, VersionPair, VersionScore
from ml_backend.services.evaluation.comparison_grid import GridFilter
from ml_backend.web.api.wire.metrics import CorrectnessAnswer
from ml_backend.web.api.wire.parts import Given, Id, Ids, Shown


class ComparedQuery(Given):
    """Which versions, in which project."""

    versions: Annotated[Ids, Field(description="Two to ten version ids.")]
    project: Annotated[Id | None, Field(description="By default the prompt's first.")] = None
    others: Annotated[Ids | None, Field(description="Version ids of other prompts.")] = None
    control: Annotated[
        str | None, Field(max_length=1000, description="Compare on this control alone.")
    ] = None
    truth: Annotated[
        TruthSource | None,
        Field(
            description="By default what all the runs were measured on; where they differ, ground "
            "truth, or annotations where none is marked as that."
        ),
    ] = None


class CompareQuery(ComparedQuery):
    """What is compared, and on which tasks."""

    common_only: Annotated[
        bool, Field(description="Compare on the tasks all have, where their runs differ.")
    ] = False


class GridQueryGiven(ComparedQuery):
    """Which page of versions side by side."""

    show: Annotated[
        GridFilter | None,
        Field(
            description="flips: right by some and wrong by others; disagree: other answers; wrong: "
            "by all; by default the first of flips, disagree, all that has a task."
        ),
    ] = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=500)] = 100


class GridVersion(Shown):
    """A column: a version, and the run that its answers are of."""

    version: int
    title: str
    prompt: int
    run: int


class GridCellAnswer(Shown):
    """What a version said of a task."""

    version: int
    right: bool | None
    """Null without a truth."""
    answer: JsonObject | None
    """Null where it failed."""
    score: float | None
    error: str | None


class GridRowAnswer(Shown):
    """A task and what each version said of it, in the order of the columns."""

    task: int
    data: JsonObject | None
    """Null when the task is gone, or not yours to see."""
    truth: JsonObject | None
    answers: int
    """Different answers; a failure is one of its own."""
    cells: list[GridCellAnswer]


class GridAnswer(Shown):
    """Versions side by side, the tasks on which they differ first."""

    project: int
    truth: TruthSource
    measured_on: str
    tasks: int
    """That all versions were asked."""
    with_truth: int
    left_out: int
    show: GridFilter
    counts: dict[str, int]
    count: int
    page: int
    pages: int
    versions: list[GridVersion]
    rows: list[GridRowAnswer]


class ComparedVersion(Shown):
    """How a version did on the tasks compared."""

    version: int
    title: str
    run: int
    run_tasks: int
    """Tasks with a truth in its run."""
    run_truth: TruthSource
    """What its run was measured on; compared are all on the same."""
    n: int
    correct: int
    failed: int
    accuracy: float | None
    low: float | None
    high: float | None
    score: float | None
    controls: dict[str, CorrectnessAnswer]
    cost: float | None
    """Dollars for the tasks compared; null when a price is unknown."""
    cost_per_task: float | None
    """Of those not answered from the cache."""
    latency: float | None
    """Seconds a task, the median."""
    latency_p95: float | None
    prompt_tokens: int
    completion_tokens: int
    cached: int
    prompt: int
    changed: bool
    """The version was edited after its run."""

    @classmethod
    def of(cls, score: VersionScore) -> ComparedVersion:
        return cls(
            version=score.version.id,
            title=score.version.title,
            run=score.run.id,
            run_tasks=score.tasks,
            run_truth=score.run.truth,
            controls={
                name: CorrectnessAnswer(**correctness_json(each))
                for name, each in score.summary.controls.items()
            },
            prompt=score.version.prompt_id,
            changed=score.changed,
            **correctness_json(score.summary.overall),
            **asdict(score.effort),
        )


BETTER: tuple[Literal["first", "second"] | None, ...] = (None, "first", "second")


class ScoreAnswer(Shown):
    """The second's mean score less the first's: a paired bootstrap's interval, and p of the
    paired randomization test, also corrected by Holm.
    """

    difference: float | None
    low: float | None
    high: float | None
    p: float
    p_holm: float


class PairedAnswer(Shown):
    """Two versions task by task; p of McNemar's exact test, two-sided."""

    n: int
    only_first: int
    only_second: int
    both: int
    neither: int
    p: float
    p_holm: float
    """p corrected for all comparisons of its table, overall or of controls."""
    difference: float | None
    """Accuracy of the second less that of the first, with its 95 % interval."""
    low: float | None
    high: float | None
    better: Literal["first", "second"] | None
    """Null when p_holm is 0.05 or more: no significant difference."""
    score: ScoreAnswer

    @classmethod
    def of(cls, measure: Measure) -> PairedAnswer:
        score = measure.score
        return cls(
            **asdict(measure.paired),
            p_holm=measure.p_holm,
            better=BETTER[measure.better],
            score=ScoreAnswer(
                difference=score.difference,
                low=score.low,
                high=score.high,
                p=score.p,
                p_holm=measure.score_p_holm,
            ),
        )


class ChangedTask(Shown):
    """A task that exactly one of two versions got right."""

    task: int
    right: int
    """The version that got it right."""


class PairAnswer(Shown):
    """Two versions, overall and by control."""

    first: int
    second: int
    overall: PairedAnswer
    controls: dict[str, PairedAnswer]
    changed: list[ChangedTask]

    @classmethod
    def of(cls, pair: VersionPair) -> PairAnswer:
        return cls(
            first=pair.first,
            second=pair.second,
            overall=PairedAnswer.of(pair.overall),
            controls={name: PairedAnswer.of(each) for name, each in pair.controls.items()},
            changed=[ChangedTask(task=task, right=right) for task, right in pair.changed],
        )


class ComparisonAnswer(Shown):
    """Versions of a prompt on the same tasks with a truth."""

    prompt: int
    project: int
    truth: TruthSource
    measured_on: str
    """The truth in words, and why where nobody chose it."""
    tasks: int
    left_out: int
    """Tasks that not every version's run has."""
    versions: list[ComparedVersion]
    pairs: list[PairAnswer]

    @classmethod
    def of(cls, prompt_id: int, found: Comparison) -> ComparisonAnswer:
        return cls(
            prompt=prompt_id,
            project=found.project_id,
            truth=found.truth,
            measured_on=found.measured_on,
            tasks=found.tasks,
            left_out=found.left_out,
            versions=[ComparedVersion.of(each) for each in found.versions],
            pairs=[PairAnswer.of(each) for each in found.pairs],
        )
