"""What Label Studio holds, as frozen dataclasses; ``from_wire`` reads its JSON.

``from_wire`` raises KeyError, TypeError or ValueError when the JSON is not what it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ml_backend.labelstudio import queries
from ml_backend.records import JsonObject, Person, Region, Task

Wire = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """The person a token belongs to."""

    id: int
    email: str
    name: str
    organization_id: int | None
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    avatar: str | None = None
    owns_organization: bool = False
    """Whether the organization's owner, as whoami names it by email, is this user."""
    organization_owner: str = ""
    """The owner's email."""

    @classmethod
    def from_wire(cls, wire: Wire) -> User:
        first, last = wire.get("first_name") or "", wire.get("last_name") or ""
        email = str(wire["email"])
        owner = (wire.get("active_organization_meta") or {}).get("email") or ""
        return cls(
            id=int(wire["id"]),
            email=email,
            name=f"{first} {last}".strip(),
            organization_id=wire.get("active_organization"),
            username=str(wire.get("username") or email),
            first_name=str(first),
            last_name=str(last),
            avatar=wire.get("avatar"),
            owns_organization=bool(email) and email.casefold() == str(owner).casefold(),
            organization_owner=str(owner),
        )

    @property
    def person(self) -> Person:
        """What is remembered of the user beside what they make."""
        return Person(
            self.id, self.username, self.email, self.first_name, self.last_name, self.avatar
        )


# Whatever is read of a project must be named here: counts of the queue, which Label Studio sends as
# well, cost it as much as all the rest.
PROJECT_FIELDS = ",".join(
    (
        *("id", "title", "label_config", "expert_instruction", "model_version", "created_at"),
        *("task_number", "total_annotations_number", "total_predictions_number"),
        *("ground_truth_number", "skipped_annotations_number"),
        *("show_collab_predictions", "evaluate_predictions_automatically", "sampling"),
    )
)


class Sampling(StrEnum):
    """The orders in which the label stream takes a project's tasks."""

    SEQUENTIAL = "Sequential sampling"
    UNIFORM = "Uniform sampling"
    UNCERTAINTY = "Uncertainty sampling"


@dataclass(frozen=True, slots=True)
class Project:
    """A project with Label Studio's own counts; ``predictions`` may be too high after deletes."""

    id: int
    title: str
    label_config: str
    instruction: str
    """The labeling instructions, HTML."""
    model_version: str | None
    """What the label stream shows: a label, a backend's title, or None for nothing."""
    created_at: str
    tasks: int
    annotations: int
    predictions: int
    ground_truths: int
    """Annotations marked as ground truth: skipped ones too, and those that no person opened."""
    shows_predictions: bool
    predicts_on_listing: bool
    """True when listing tasks makes Label Studio ask its ML backend for the missing predictions."""
    skipped: int = 0
    """Annotations that say no more than that the task was skipped."""
    sampling: str | None = None
    """In which order the label stream takes tasks, in Label Studio's words; one of ``Sampling``."""

    @classmethod
    def from_wire(cls, wire: Wire) -> Project:
        return cls(
            id=int(wire["id"]),
            title=str(wire["title"]),
            label_config=str(wire["label_config"]),
            instruction=wire.get("expert_instruction") or "",
            model_version=wire.get("model_version") or None,
            created_at=str(wire.get("created_at") or ""),
            tasks=int(wire.get("task_number") or 0),
            annotations=int(wire.get("total_annotations_number") or 0),
            predictions=int(wire.get("total_predictions_number") or 0),
            ground_truths=int(wire.get("ground_truth_number") or 0),
            shows_predictions=bool(wire.get("show_collab_predictions", True)),
            predicts_on_listing=bool(wire.get("evaluate_predictions_automatically", False)),
            skipped=int(wire.get("skipped_annotations_number") or 0),
            sampling=wire.get("sampling"),
        )


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation; ``parent_prediction`` is None once that prediction is deleted."""

    id: int
    result: list[Region]
    ground_truth: bool
    was_cancelled: bool
    parent_prediction: int | None
    completed_by: int | None
    lead_time: float | None = None
    """Seconds a person spent on it in the editor; None when it was made by an action or the API."""
    created_at: str = ""
    """Read only where a person looks at it."""
    updated_by: int | None = None
    """Who changed or marked it last; read only where that matters."""

    @classmethod
    def from_wire(cls, wire: Wire) -> Annotation:
        by = wire.get("completed_by")
        return cls(
            id=int(wire["id"]),
            result=list(wire["result"] or []),
            ground_truth=bool(wire["ground_truth"]),
            was_cancelled=bool(wire["was_cancelled"]),
            parent_prediction=wire["parent_prediction"],
            completed_by=by.get("id") if isinstance(by, dict) else by,
            lead_time=wire.get("lead_time"),
            created_at=str(wire.get("created_at") or ""),
            updated_by=wire.get("updated_by"),
        )


@dataclass(frozen=True, slots=True)
class AnnotatedTask:
    """A task with its annotations, skipped ones included."""

    id: int
    data: Mapping[str, Any]
    annotations: tuple[Annotation, ...]
    has_draft: bool = False
    """Whether somebody has something unsubmitted on it; read only where that matters."""

    @classmethod
    def from_wire(cls, wire: Wire) -> AnnotatedTask:
        annotations = tuple(Annotation.from_wire(each) for each in wire["annotations"])
        return cls(int(wire["id"]), wire["data"], annotations, bool(wire.get("draft_exists")))


@dataclass(frozen=True, slots=True)
class PredictionKey:
    """Which prediction is whose; ``model_version`` None and the text "undefined" both occur."""

    id: int
    task_id: int
    model_version: str | None
    score: float | None = None

    @classmethod
    def from_wire(cls, wire: Wire) -> PredictionKey:
        task_id, score = int(wire["task"]), wire.get("score")
        return cls(int(wire["id"]), task_id, wire["model_version"], score)


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A prediction as Label Studio holds it."""

    id: int
    task_id: int
    model_version: str | None
    score: float | None
    result: list[Region]

    @classmethod
    def from_wire(cls, wire: Wire) -> PredictionRow:
        return cls(
            id=int(wire["id"]),
            task_id=int(wire["task"]),
            model_version=wire["model_version"],
            score=wire["score"],
            result=wire["result"],
        )


@dataclass(frozen=True, slots=True)
class Backend:
    """An ML backend connection; ``state`` is CO (connected), DI, ER, TR or PR."""

    id: int
    project_id: int
    url: str = field(repr=False)
    """May hold a user name and a password."""
    title: str
    state: str
    error: str
    model_version: str | None
    extra_params: Any = None
    """Any JSON; a string as well, for Label Studio's form is a text area."""
    auth_user: str = ""
    has_password: bool = False
    is_interactive: bool = False
    """Whether the editor may ask it while a person labels."""

    @classmethod
    def from_wire(cls, wire: Wire) -> Backend:
        return cls(
            id=int(wire["id"]),
            project_id=int(wire["project"]),
            url=str(wire["url"]),
            title=wire.get("title") or "",
            state=wire.get("state") or "",
            error=wire.get("error_message") or "",
            model_version=wire.get("model_version") or None,
            extra_params=wire.get("extra_params"),
            auth_user=wire.get("basic_auth_user") or "",
            has_password=bool(wire.get("basic_auth_pass_is_set")),
            is_interactive=bool(wire.get("is_interactive")),
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address Label Studio tells of what happens in a project."""

    id: int
    project_id: int | None
    """None when it is for all projects of the organization."""
    url: str = field(repr=False)
    """May hold a user name and a password."""
    headers: Mapping[str, str] = field(repr=False)
    is_active: bool
    sends_payload: bool
    for_all_actions: bool

    @classmethod
    def from_wire(cls, wire: Wire) -> Webhook:
        return cls(
            id=int(wire["id"]),
            project_id=wire.get("project"),
            url=str(wire["url"]),
            headers=dict(wire.get("headers") or {}),
            is_active=bool(wire.get("is_active", True)),
            sends_payload=bool(wire.get("send_payload", True)),
            for_all_actions=bool(wire.get("send_for_all_actions", True)),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A task of a project, None where there is no such task, and the ids beside it."""

    task: Task | None
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the Data Manager: its filters, and what is selected where that is kept."""

    id: int
    title: str
    query: JsonObject
    """What a run takes as its filter; empty when the tab shows every task."""
    task_ids: frozenset[int] | None = None
    """The tasks of a tab that names them and nothing else, None for any other."""
    data: JsonObject = field(default_factory=dict, repr=False)
    """All that Label Studio keeps of it."""

    @classmethod
    def from_wire(cls, wire: Wire) -> Tab:
        data = wire["data"] or {}
        return cls(
            id=int(wire["id"]),
            title=str(data.get("title") or f"Tab {wire['id']}"),
            query={**_tab_filters(data.get("filters")), **_selection(data.get("selectedItems"))},
            task_ids=queries.ids_named(data.get("filters")),
            data=dict(data),
        )


def _tab_filters(filters: Any) -> JsonObject:
    """The filters of a tab; lines without a value, which Label Studio passes over, are left out."""
    if ids := queries.ids_named(filters):
        return queries.selecting(sorted(ids))  # read by its ids, not by looking at every task
    lines = (filters or {}).get("items") or []
    items = [dict(line) for line in lines if line.get("value") is not None]
    if not items:
        return {}
    return {"filters": {"conjunction": filters.get("conjunction") or "and", "items": items}}


def _selection(selected: Any) -> JsonObject:
    """The tasks ticked in a tab; ticking none, or all, says nothing."""
    chosen = selected or {}
    if chosen.get("all") and chosen.get("excluded"):
        return {"selectedItems": {"all": True, "excluded": list(chosen["excluded"])}}
    if chosen.get("all") is False and chosen.get("included"):
        return queries.selecting(chosen["included"])
    return {}
