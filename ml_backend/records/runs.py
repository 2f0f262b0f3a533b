"""Runs, and what each keeps: its options, the version as it was asked, its plan, its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ml_backend.kinds import Origin, ProviderName, RunStatus, Slot, Stage, Subset, TruthSource
from ml_backend.records.confidence import ConfidenceWay
from ml_backend.records.json_types import JsonObject
from ml_backend.records.metrics import Correctness, RunMetrics
from ml_backend.records.people import Person
from ml_backend.records.prompts import PromptVersion
from ml_backend.records.tasks import Usage


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """Answers that a run had and asked for anew; they were paid for all the same."""

    answers: int = 0
    unfitting: int = 0
    """Of these, how many no longer fitted a labeling config that was changed meanwhile."""
    paid: int = 0
    """Of these, how many came from no cache."""
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0

    def __add__(self, other: AskedAgain) -> AskedAgain:
        known = self.cost is not None and other.cost is not None
        return AskedAgain(
            self.answers + other.answers,
            self.unfitting + other.unfitting,
            self.paid + other.paid,
            self.usage + other.usage,
            (self.cost or 0.0) + (other.cost or 0.0) if known else None,
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts and sums of a run so far; ``cost`` None when any call's price is unknown.

    ``usage`` and ``cost`` are all that was spent, on what was asked ``again`` as well.
    """

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    cached: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    failures: Mapping[str, int] = field(default_factory=dict)
    again: AskedAgain = field(default_factory=AskedAgain)
    nothing_to_tell: int = 0
    """Of those that succeeded: null or empty lists were the answer, and mark nothing."""
    deleted: int = 0
    """Tasks that were asked, and were gone from Label Studio when it was published."""

    @property
    def done(self) -> int:
        return self.succeeded + self.failed + self.deleted

    @property
    def paid(self) -> int:
        """Answers that ``cost`` is the sum of."""
        return self.done - self.cached + self.again.paid


@dataclass(frozen=True, slots=True)
class ExamplesLeftOut:
    """How many annotated tasks were no few-shot examples, and why."""

    with_files: int = 0
    too_long: int = 0
    unreadable: int = 0
    over_the_limit: int = 0
    evaluated: int = 0
    """They were measured on."""


@dataclass(frozen=True, slots=True)
class ExampleSource:
    """Where few-shot examples came from; of ``/predict`` only revision and size are known."""

    revision: int | None
    examples: int | None
    most: int | None = None
    """Examples a request shows at most."""
    left_out: ExamplesLeftOut | None = None
    source: str = ""
    """Of an evaluation: from which tasks they are, seen from those it measures on."""
    revisions: tuple[int, ...] = ()
    """All that a run which was interrupted used."""


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """The exact version a run uses, kept with the run whatever is edited later."""

    version_title: str = ""
    text: str | None = None
    """None when nothing was kept."""
    provider: ProviderName | None = None
    model: str = ""
    connection_id: int | None = None
    parameters: JsonObject = field(default_factory=dict)
    max_few_shot_examples: int = 0
    origin: Origin = Origin.BY_HAND
    prompt_title: str = ""
    few_shot: ExampleSource | None = None
    system_prompt: str = ""
    confidence: ConfidenceWay = ConfidenceWay.NONE
    """As the version says; of runs before there was a choice that nothing more was asked for."""
    confidence_asked: ConfidenceWay | None = None
    """What that came to when the run began; None where nobody looked."""

    @classmethod
    def of(
        cls,
        version: PromptVersion,
        prompt_title: str = "",
        asked: ConfidenceWay | None = None,
    ) -> RunSnapshot:
        return cls(
            version_title=version.title,
            text=version.text,
            provider=version.provider,
            model=version.model,
            connection_id=version.connection_id,
            parameters=version.parameters,
            max_few_shot_examples=version.max_few_shot_examples,
            origin=version.origin,
            prompt_title=prompt_title,
            system_prompt=version.system_prompt,
            confidence=version.confidence,
            confidence_asked=asked,
        )

    def is_of(self, version: PromptVersion) -> bool:
        """Return whether the version, title and all, still is what was asked."""
        bare = replace(self, prompt_title="", few_shot=None, confidence_asked=None)
        return bare == RunSnapshot.of(version)

    def asks_as(self, version: PromptVersion) -> bool:
        """Return whether the version still asks the same, whatever it is called."""
        return replace(self, version_title=version.title).is_of(version)

    def as_asked(self, version: PromptVersion) -> PromptVersion:
        """Return a version as it was when it was asked."""
        if self.text is None or self.provider is None:
            return version
        return replace(
            version,
            title=self.version_title,
            text=self.text,
            provider=self.provider,
            model=self.model,
            connection_id=self.connection_id,
            max_few_shot_examples=self.max_few_shot_examples,
            parameters=self.parameters,
            origin=self.origin,
            system_prompt=self.system_prompt,
            confidence=self.confidence_asked or self.confidence,
        )


@dataclass(frozen=True, slots=True)
class Member:
    """One of several versions that answer a task together, as it was when the run began."""

    version_id: int
    snapshot: RunSnapshot


@dataclass(frozen=True, slots=True)
class Vote:
    """All of some versions answer; what most of them say stands, the first named among equals."""

    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Cascade:
    """A cheap version answers; where it is not sure, a dear one does, and that answer stands."""

    members: tuple[Member, Member]
    """The cheap one, the dear one."""
    min_score: float
    """The confidence from which on the cheap one is sure; None and NaN never are."""
    max_error: float | None = None
    """The share of wrong answers the threshold was chosen for, None where it was given."""
    certainty: float | None = None
    judged: int = 0
    """Answers of the cheap one that it was chosen by."""
    is_promise: bool = False
    """Whether ``max_error`` is promised; else it is what such answers were measured to do."""
    why: str = ""
    """Why it is no promise."""
    goes_on: float | None = None
    """The share of tasks expected to be asked of the dear one, None where nothing tells."""
    seen: int = 0
    """Answers of the cheap one that tell this."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run was asked for, with what was left open then decided."""

    task_ids: tuple[int, ...] | None = None
    """The tasks it covers, None for all there are."""
    only_missing: bool = False
    budget: float | None = None
    """Dollars it never exceeds."""
    fresh: bool = False
    """Whether it asks anew what is in the cache."""
    truth: TruthSource = TruthSource.GROUND_TRUTH
    """Which annotations it is measured on."""
    truth_by_default: bool = False
    """Whether that is so because no annotation was marked, and not because somebody chose it."""
    activate: bool | None = None
    """Whether the label stream shows it afterwards; None leaves that to us."""
    follow: bool = False
    """Whether it was started by following the project."""
    samples: int = 1
    """Answers asked of each task."""
    sample_size: int | None = None
    """Of the Sample subset alone."""
    sample_seed: int | None = None
    filters: JsonObject | None = None
    """The Data Manager filter that its tasks were chosen by."""
    held_out: bool = False
    """Whether it covers only tasks that no teacher saw."""
    caution: str = ""
    """Why its metrics flatter the version."""
    worker_job: str = ""
    """What an outside worker that answers it calls it, "" when we ask."""
    estimated: float | None = None
    """Dollars it was expected to cost."""
    continues: str = ""
    """What it goes on with, "" for nothing."""
    vote: Vote | None = None
    cascade: Cascade | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        """The versions that answer its tasks together, () where one does."""
        together = self.vote or self.cascade
        return together.members if together is not None else ()


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a run ends that was stopped while it asked; what was answered is still published."""

    status: RunStatus
    message: str


@dataclass(frozen=True, slots=True)
class ProjectState:
    """What tells whether the tasks of a project still are those that were asked."""

    newest_task: tuple[Any, ...]
    """Id and time of creation, () without any task."""
    config: str
    """A digest of the labeling config."""


@dataclass(frozen=True, slots=True)
class PlannedWrites:
    """What a run removes from Label Studio and writes, fixed before the first write."""

    watermark: int
    """The newest prediction then: a higher id was written since."""
    clear: tuple[int, ...]
    """Older predictions to remove."""
    skip: tuple[int, ...]
    """Tasks whose prediction stands already."""
    model_version: str
    """What the label stream showed."""


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """How a run gets from its answers to its end; each stage adds to it."""

    project: ProjectState | None = None
    stopped: Stopped | None = None
    ask_again: bool = False
    """Whether some tasks are asked once more after publishing."""
    writes: PlannedWrites | None = None
    note: str = ""
    """What a person should know at the end."""

    @property
    def planned(self) -> PlannedWrites:
        """Return the writes of a run that is being published; raises LookupError before."""
        if self.writes is None:
            raise LookupError("The run has no plan of what it writes yet.")
        return self.writes


@dataclass(frozen=True, slots=True)
class Run:
    """One pass of a version over tasks of a project, with the exact text it used."""

    id: int
    prompt_id: int
    version_id: int
    project_id: int
    label: str
    slot: Slot
    subset: Subset
    status: RunStatus
    stage: Stage
    snapshot: RunSnapshot
    options: RunOptions
    totals: Totals
    message: str
    """What a person should read now: why it waits, what stopped it, what was left alone."""
    plan: PublishPlan
    metrics: RunMetrics | None
    """None until it was measured."""
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    asked_at: datetime | None
    completed_at: datetime | None
    stale: str = ""
    """Why its metrics no longer hold, "" while they do."""
    created_by: Person | None = None
    organization: int | None = None

    def is_answered_by(self, version_id: int) -> bool:
        """Whether a version answers its tasks, alone or with others."""
        members = (each.version_id for each in self.options.members)
        return version_id == self.version_id or version_id in members

    def called(self, version: PromptVersion) -> PromptVersion:
        """Return its version under the title its predictions have: that of several together."""
        if not self.options.members:
            return version
        return replace(version, title=self.snapshot.version_title)

    @property
    def is_open(self) -> bool:
        """Whether it may still change."""
        return not self.status.is_final

    @property
    def deleted_tasks(self) -> int:
        """How many of the tasks it was to cover were deleted meanwhile, asked or not."""
        named = self.options.task_ids
        unasked = 0 if named is None else max(0, len(named) - self.totals.total)
        return self.totals.deleted + unasked

    @property
    def correctness(self) -> Correctness:
        """How right its tasks are as a whole, of no task until it was measured."""
        return self.metrics.overall if self.metrics is not None else Correctness()

    @property
    def is_measured(self) -> bool:
        """Whether any of its tasks had a truth to measure on."""
        return self.correctness.n > 0

    @property
    def truth(self) -> TruthSource:
        """Which annotations it is measured on."""
        return self.options.truth

    @property
    def measured_on(self) -> str:
        """The same in words, and why where nobody chose it."""
        why = ", since no annotation of this project was marked as ground truth"
        return self.truth.words + (why if self.options.truth_by_default else "")

    @property
    def worker_job(self) -> str:
        """Return what an outside worker that answers this run calls it, "" when we ask."""
        return self.options.worker_job
