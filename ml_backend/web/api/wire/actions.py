"""Our own additions: bulk actions, jobs, comparisons; and what costs and refining answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ml_backend.records import Job, JobKind, JsonObject, RunStatus, Subset, TruthSource
from ml_backend.web.api.wire.parts import Exact, Given, Id, Said, Shown
from ml_backend.web.api.wire.prompts import VersionAnswer

Label = Annotated[str, Field(min_length=1, max_length=500)]
TaskIds = Annotated[list[Id], Field(max_length=100_000)]


class Selecting(Exact):
    """Which predictions: of which versions, on which tasks."""

    model_version: Annotated[
        Label | list[Label] | None,
        Field(description="Exactly these model versions, as Label Studio shows them."),
    ] = None
    prompt: Annotated[Id | None, Field(description="All model versions of this prompt.")] = None
    task_ids: TaskIds | None = None
    filters_json: Annotated[dict[str, Any] | None, Field(description="A Data Manager filter.")] = (
        None
    )
    all: Annotated[bool, Field(description="Every task.")] = False
    dry_run: Annotated[bool, Field(description="Only count.")] = False

    def request(self) -> JsonObject:
        """Return the selection as a job keeps it."""
        versions = self.model_version
        return {
            "labels": [versions] if isinstance(versions, str) else versions,
            "prompt_id": self.prompt,
            "task_ids": self.task_ids,
            "filters": self.filters_json,
            "all": self.all,
        }


class Removing(Selecting):
    """Predictions to delete; versions and tasks narrow each other, one must be named."""

    unversioned: Annotated[bool, Field(description="Those that came without a model version.")] = (
        False
    )

    def request(self) -> JsonObject:
        return {**super().request(), "unversioned": self.unversioned}


class Promoting(Selecting):
    """Predictions to make annotations of; both versions and tasks must be named."""

    include_annotated: Annotated[
        bool, Field(description="Also where a person annotated the task.")
    ] = False
    ground_truth: Annotated[
        bool,
        Field(
            description="Mark as ground truth those annotations, made of these predictions now or "
            "earlier, that a person has opened; never the others."
        ),
    ] = False

    def request(self) -> JsonObject:
        asked = {"include_annotated": self.include_annotated, "ground_truth": self.ground_truth}
        return {**super().request(), **asked}


class VersionCounted(Shown):
    """How many predictions of a model version."""

    model_version: str | None
    predictions: int


class RemovalAnswer(Shown):
    """What a deletion would do or did."""

    project: int
    dry_run: bool
    would_delete: int
    tasks: int
    model_versions: list[VersionCounted]
    """Those to delete."""
    mode: str
    deleted: int | None = None
    remaining: list[VersionCounted] | None = None
    """What the project holds afterwards."""
    notes: list[str] = Field(default_factory=list)
    job: int | None = None
    """The job that goes on with it, when it takes longer than this call."""


class PromotionAnswer(Shown):
    """What a promotion would do or did."""

    project: int
    dry_run: bool
    would_create: int
    model_versions: list[VersionCounted]
    skipped_identical: int
    skipped_annotated: int
    skipped_doubled: int
    without_prediction: int
    created: int | None = None
    annotations: int | None = None
    """What the project holds afterwards."""
    annotated_tasks: int | None = None
    would_mark: int | None = None
    marked: int | None = None
    """With ground_truth: tasks whose annotation of such a prediction a person has opened."""
    unopened: int | None = None
    """With ground_truth: annotations that nobody opened or changed, which are no truth."""
    notes: list[str] = Field(default_factory=list)
    job: int | None = None
    """The job that goes on with it, when it takes longer than this call."""


class JobAnswer(Shown):
    """Work that goes on, or went on, after its call was answered."""

    id: int
    kind: JobKind
    status: RunStatus
    prompt: int | None = None
    version: int | None = None
    project: int | None = None
    message: Said
    result: dict[str, Any]
    created_at: datetime
    completed_at: datetime | None = None

    @classmethod
    def of(cls, job: Job) -> JobAnswer:
        return cls(
            id=job.id,
            kind=job.kind,
            status=job.status,
            prompt=job.prompt_id,
            version=job.version_id,
            project=job.project_id,
            message=job.message,
            result=job.result,
            created_at=job.created_at,
            completed_at=job.completed_at,
        )


class GoingOn(Shown):
    """A deletion that takes longer than its call: what is deleted is gone for everybody already."""

    detail: str
    job: int


class CostQuery(Given):
    """Of which run; by default over all tasks of the prompt's first project."""

    project_id: Id | None = None
    project_subset: Subset = Subset.ALL
    truth: Annotated[
        TruthSource | None, Field(description="Of HasGT, as a run takes it; ours.")
    ] = None


class CostAnswer(Shown):
    """What a run would cost in US dollars, or why that is not known; never 0 for unknown.

    With the error type ``PriceUnknown`` the tokens are told all the same.
    """

    prompt_cost_usd: str | None = None
    completion_cost_usd: str | None = None
    total_cost_usd: str | None = None
    is_error: bool = False
    error_type: str | None = None
    error_message: Said | None = None
    tasks: int | None = None
    sampled_tasks: int | None = None
    truth: TruthSource | None = None
    """Which annotations make the tasks of a HasGT run."""
    measured: bool | None = None
    """Whether tokens were measured in earlier runs, or estimated from a sample of tasks."""
    low_cost_usd: str | None = None
    """Of 100 such runs at least 90 end between this and ``high_cost_usd``."""
    high_cost_usd: str | None = None
    price_source: str | None = None
    price_date: str | None = None
    """Of the price table; null for a connection's own prices."""
    tokens: int | None = None
    """Of all tasks, prompts and completions together."""
    low_tokens: int | None = None
    high_tokens: int | None = None


def _flag(value: Any) -> Any:
    return value.casefold() == "true" if value in ("True", "False") else value


class RefineQuery(Given):
    """Whether to wait for the teacher."""

    is_async: Annotated[
        bool | None, BeforeValidator(_flag), Field(alias="async", description="Answer at once.")
    ] = None


class RefineCreate(Given):
    """A teacher model for a version, and the project whose mistakes it is shown."""

    project_id: Id
    teacher_model_name: Annotated[str, Field(min_length=1, max_length=200)]
    teacher_model_provider_connection_id: Id


class RefineFind(Given):
    """Which refinement; without one the version's last."""

    refinement_job_id: Annotated[str, Field(pattern=r"^\d{1,9}$")] | None = None


class RefinedAnswer(Shown):
    """A prompt that a teacher proposes; it becomes a version when one is made of it."""

    prompt: str
    """Empty until the job has ended."""
    title: str | None = None
    reasoning: str | None = None
    diff: str | None = None
    """What changed, as ``diff -u`` says it. Ours, as the next two."""
    examples: int | None = None
    """Tasks the teacher was shown; none of those held out."""
    held_out: int | None = None
    """Tasks with a truth that no teacher sees: what a version made of it is scored on."""
    truth: TruthSource | None = None
    """Which annotations it took for right; null while it goes on."""
    previous_version: VersionAnswer
    total_cost: str | None = None
    """Dollars; null while it goes on and when the teacher's price is unknown."""
    refinement_job_id: str
    refinement_status: RunStatus
    error: str | None = None


class Connecting(Exact):
    """How to connect a project; all by default."""

    url: str | None = None
    prompt: Id | str | None = None
    version: Id | str | None = None
    title: str | None = None
    extra_params: Any = None


class Disconnecting(Exact):
    """Whether only to say what would be disconnected."""

    dry_run: bool = False


class Refresh(Given):
    """A personal access token."""

    refresh: Annotated[str, Field(max_length=10_000, json_schema_extra={"writeOnly": True})]


class Access(Shown):
    """An access token for five minutes."""

    access: str
