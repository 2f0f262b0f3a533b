"""The nouns of the server as frozen dataclasses; they know neither the store nor the network.

Words are Label Studio's own: task, prediction, region, model version, run, ground truth.
Times are aware UTC datetimes, durations seconds, costs US dollars, scores 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ml_backend.kinds import (
    FailureKind as FailureKind,
    JobKind as JobKind,
    Origin as Origin,
    ProviderName as ProviderName,
    RunStatus as RunStatus,
    Scope as Scope,
    Slot as Slot,
    Stage as Stage,
    Subset as Subset,
    TruthSource as TruthSource,
)

JsonObject = dict[str, Any]
Region = dict[str, Any]


BASELINE_MODEL = "nearest-annotated-tasks"
"""The one model of the offline baseline."""


@dataclass(frozen=True, slots=True)
class Person:
    """A Label Studio user, as known when they did what is remembered here."""

    id: int
    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    avatar: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A Label Studio task: its id and its data, which is untrusted text."""

    id: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a task that is no text: where it lies, and what the model is told it is."""

    kind: Literal["image", "pdf"]
    url: str
    name: str
    """The task data field, such as "image"; "pages[2]" for the third page of a list."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more calls, as the provider counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of an answer that could not be used while the rest of it could."""

    control: str
    message: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What asking one task took, whether it went well or not; ``cost`` None means unknown."""

    usage: Usage = Usage()
    cost: float | None = None
    latency: float = 0.0
    calls: int = 0
    cached: bool = False
    request_key: str = ""
    """SHA-256 of the exact request: tells whether a task still is the one that was asked."""
    examples: int | None = None
    """Few-shot examples it showed; None for an outcome that was read from a run."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One task's good outcome: the answer by control name and the regions made of it."""

    task_id: int
    answer: JsonObject
    result: list[Region]
    score: float | None = None
    problems: tuple[Problem, ...] = ()
    asked: CallRecord = CallRecord()
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One task's bad outcome; ``raw`` keeps what the model said, for the person who looks."""

    task_id: int
    kind: FailureKind
    message: str
    raw: str = ""
    asked: CallRecord = CallRecord()


Outcome = Prediction | Failure


@dataclass(frozen=True, slots=True)
class Example:
    """An annotated task: what the offline baseline and few-shot prompting learn from."""

    task_id: int
    data: Mapping[str, Any]
    answer: JsonObject
    annotation_id: int = 0
    ground_truth: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """Credentials and endpoint of a model provider; ``id`` None is the one from the environment."""

    id: int | None
    title: str
    provider: ProviderName
    endpoint: str = ""
    deployment: str = ""
    api_version: str = ""
    default_model: str = ""
    api_key: str = field(default="", repr=False)
    prices: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Model -> (prompt, completion) dollars per million tokens; goes before the price table."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    scope: Scope = Scope.ORGANIZATION
    created_by: Person | None = None
    """None for one made by command: it belongs to who runs the server."""
    organization: int | None = None
    details: JsonObject = field(default_factory=dict)
    """What the SDK keeps of a connection and nothing here depends on."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets besides ``api_key``, by the SDK's names."""
    budget_limit: float | None = None
    """Dollars it may spend in a ``budget_period``; None has no limit."""
    budget_period: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt: what Enterprise's SDK calls a ModelInterface."""

    id: int
    title: str
    description: str
    project_ids: tuple[int, ...]
    active_version_id: int | None
    """Chosen by hand; None follows the last published All run, else the newest version."""
    created_at: datetime
    updated_at: datetime
    origin: Origin = Origin.BY_HAND
    """Prompts that come from a connection or project are not that project's own choice."""
    created_by: Person | None = None
    """None for one made by command: it belongs to who runs the server."""
    organization: int | None = None
    skill_name: str = ""
    input_fields: Any = None
    output_classes: Any = None


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """One version of a prompt with the model that answers it."""

    id: int
    prompt_id: int
    title: str
    text: str
    provider: ProviderName
    model: str
    connection_id: int | None
    max_few_shot_examples: int
    parameters: JsonObject
    created_at: datetime
    updated_at: datetime
    origin: Origin = Origin.BY_HAND
    created_by: Person | None = None
    organization: int | None = None
    refined_from: int | None = None
    """The version a teacher made it from; it is scored on tasks that no teacher saw."""

    @property
    def is_lenient(self) -> bool:
        """True for prose written elsewhere: braces that name no task data stay as they are."""
        return self.origin is not Origin.BY_HAND


@dataclass(frozen=True, slots=True)
class Label:
    """A model version string of ours in one project of one Label Studio."""

    label: str
    prompt_id: int
    version_id: int
    slot: Slot
    project_id: int
    is_written: bool = True
    """Whether we wrote under it: rows under it are ours then, and not before."""
    is_checked: bool = True
    """Whether it was looked whether the project held rows of others under it."""
    watermark: int = 0
    """Rows with ids up to this one stood there before us, and are not ours."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts and sums of a run so far; ``cost`` None when any call's price is unknown."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    cached: int = 0
    usage: Usage = Usage()
    cost: float | None = 0.0
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.succeeded + self.failed


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
    snapshot: JsonObject
    options: JsonObject
    totals: Totals
    message: str
    """What a person should read now: why it waits, what stopped it, what was left alone."""
    plan: JsonObject
    metrics: JsonObject
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    asked_at: datetime | None
    completed_at: datetime | None
    stale: str = ""
    """Why its metrics no longer hold, "" while they do."""
    created_by: Person | None = None
    organization: int | None = None

    @property
    def truth(self) -> TruthSource:
        """Which annotations it is measured on."""
        return TruthSource(self.options.get("truth") or TruthSource.GROUND_TRUTH)

    @property
    def measured_on(self) -> str:
        """The same in words, and why where nobody chose it."""
        why = ", since no annotation of this project was marked as ground truth"
        return self.truth.words + (why if self.options.get("truth_by_default") else "")

    @property
    def worker_job(self) -> str:
        """Return what an outside worker that answers this run calls it, "" when we ask."""
        return str(self.options.get("job_id") or "")


@dataclass(frozen=True, slots=True)
class Job:
    """Work that goes on in the background; ``result`` is its report once it is Completed."""

    id: int
    kind: JobKind
    prompt_id: int | None
    version_id: int | None
    project_id: int | None
    status: RunStatus
    request: JsonObject
    result: JsonObject
    message: str
    """What it does now, or why it failed."""
    created_by: Person | None
    created_at: datetime
    completed_at: datetime | None
