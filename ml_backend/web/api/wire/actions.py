"""Our own additions: bulk actions, jobs, connecting, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from ml_backend.records import AuditEvent, Job, JobKind, JsonObject, RunStatus
from ml_backend.web.api.wire.parts import Exact, Given, Id, Said, Shown

Label = Annotated[str, Field(min_length=1, max_length=500)]
TaskIds = Annotated[list[Id], Field(max_length=100_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


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


class Showing(Exact):
    """What the label stream is to show."""

    model_version: Annotated[
        Label, Field(description="A model version with predictions, as Label Studio shows it.")
    ]


class LabelStreamAnswer(Shown):
    """What the label stream of a project shows."""

    project: int
    model_version: str | None
    """Null where it shows no predictions."""
    before: str | None = None
    """What it showed until now, where this changed it."""
    predictions: int | None = None
    """Of that model version, where this counted them."""


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

    min_score: Annotated[
        Share | None,
        Field(
            description="Accept only predictions of this score or a higher one; one without a "
            "score never is."
        ),
    ] = None
    max_error: Annotated[
        Share | None,
        Field(
            description="Accept what an opened promise sample of the version promises: at most "
            "this share of it is wrong. Refused where nothing is promised."
        ),
    ] = None
    certainty: Annotated[
        Share | None, Field(description="How certain that is to be, 0.95 unless said.")
    ] = None

    def request(self) -> JsonObject:
        asked = {"include_annotated": self.include_annotated, "ground_truth": self.ground_truth}
        numbers = {
            "min_score": self.min_score,
            "max_error": self.max_error,
            "certainty": self.certainty,
        }
        return {**super().request(), **asked, **numbers}


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
    skipped_below: int = 0
    """Their score is below the threshold."""
    skipped_unscored: int = 0
    """They have no score, which is never accepted by one."""
    skipped_outside: int = 0
    """The promise is not of their tasks: imported later, or without a prediction then."""
    skipped_replaced: int = 0
    """The promise was made of another prediction of the task."""
    skipped_sampled: int = 0
    """Their tasks are of a promise sample: people labelled them, or are to, blind."""
    for_people: int = 0
    """Of those left out, all that nobody has looked at."""
    threshold: float | None = None
    """The lowest score accepted; null where any will do."""
    promise: bool = False
    """Whether it is promised how many of the accepted are wrong at most."""
    promise_sample: int | None = None
    error_bound: float | None = None
    """The limit that the promise sample showed, at most max_error."""
    drawn_before: int | None = None
    """Samples of the version that were drawn for that limit before; null without a promise."""
    created: int | None = None
    annotations: int | None = None
    """What the project holds afterwards."""
    annotated_tasks: int | None = None
    would_mark: int | None = None
    marked: int | None = None
    """With ground_truth: tasks whose annotation of such a prediction a person has opened."""
    unopened: int | None = None
    """With ground_truth: annotations that nobody opened or changed, which are no truth."""
    acceptance: int | None = None
    """The number it is kept under; by it, it can be taken back."""
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


class Connecting(Exact):
    """How to connect a project; all by default."""

    url: str | None = None
    prompt: Id | str | None = None
    version: Id | str | None = None
    title: str | None = None
    extra_params: Any = None
    new_secret: Annotated[
        bool,
        Field(
            description="Put another secret in the place of the project's, in all its connections "
            "and webhooks; the former one is good for ten minutes more."
        ),
    ] = False


class Disconnecting(Exact):
    """Whether only to say what would be disconnected."""

    dry_run: bool = False


class Refresh(Given):
    """A personal access token."""

    refresh: Annotated[str, Field(max_length=10_000, json_schema_extra={"writeOnly": True})]


class Access(Shown):
    """An access token for five minutes."""

    access: str


class AuditSearch(Exact):
    """Which events of the audit log."""

    since: Annotated[AwareDatetime | None, Field(description="From then on.")] = None
    until: Annotated[AwareDatetime | None, Field(description="Before then.")] = None
    who: Annotated[
        str | None, Field(max_length=320, description="Id, address or part of the name.")
    ] = None
    action: Annotated[
        str | None, Field(max_length=1000, description="These alone, with commas between.")
    ] = None
    project: Id | None = None
    before: Annotated[Id | None, Field(description="Older than this event.")] = None
    page_size: Annotated[int, Field(ge=1, le=1000)] = 100


class AuditEventAnswer(Shown):
    """Who did what to what; without task data, texts of prompts or keys."""

    id: int
    at: datetime
    face: str
    """By which way: API, pages, command line, Label Studio, run, server."""
    person: int | None
    email: str
    name: str
    action: str
    kind: str
    object: int | None
    title: str
    project: int | None
    counts: dict[str, int]
    cost: float | None
    outcome: str

    @classmethod
    def of(cls, event: AuditEvent) -> AuditEventAnswer:
        return cls(
            id=event.id,
            at=event.at,
            face=event.face,
            person=event.person_id,
            email=event.email,
            name=event.name,
            action=event.action.value,
            kind=event.kind,
            object=event.object_id,
            title=event.title,
            project=event.project_id,
            counts=dict(event.counts),
            cost=event.cost,
            outcome=event.outcome,
        )


class AuditPage(Shown):
    """Events, newest first."""

    results: list[AuditEventAnswer]
    before: int | None
    """Give it to get those that are older; null where there are none."""

    @classmethod
    def of(cls, found: Sequence[AuditEvent], size: int) -> AuditPage:
        last = found[-1].id if len(found) == size else None
        return cls(results=[AuditEventAnswer.of(each) for each in found], before=last)
