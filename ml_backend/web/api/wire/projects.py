"""Projects, their subsets and their tasks as a prompt's author looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from ml_backend.records import Prompt, Subset, TruthSource
from ml_backend.services.evaluation.class_alignment import Alignment
from ml_backend.services.evaluation.subset_tasks import SubsetCount, TaskResult
from ml_backend.web.api.wire.parts import (
    ConfidenceAnswer,
    Given,
    Id,
    Ids,
    PageQuery,
    PoolAnswer,
    Said,
    Shown,
)
from ml_backend.web.api.wire.prompts import SkillName


class CompatibleQuery(PageQuery):
    """Which projects; Community has no workspaces, archives and states."""

    ids: Ids | None = None
    title: str | None = None
    project_type: SkillName | None = None
    ordering: str | None = None
    state: str | None = None
    archived: bool | None = None
    workspaces: Id | None = None
    source_interface_id: float | None = None


class PromptShort(Shown):
    """A prompt of a project in short."""

    id: int
    title: str


class AssignmentSettings(Shown):
    """Enterprise's; here it names the project alone."""

    project: int


class ReviewSettings(Shown):
    """Enterprise's; here it names the project alone."""

    project: int


class ProjectAnswer(Shown):
    """A project whose labeling config we can answer; the SDK's AllRolesProjectList."""

    id: int
    title: str
    description: str | None = None
    label_config: str | None = None
    expert_instruction: str | None = None
    color: str | None = None
    organization: int | None = None
    model_version: str | None = None
    created_at: datetime | None = None
    created_by: dict[str, Any] | None = None
    is_published: bool | None = None
    is_draft: bool | None = None
    show_collab_predictions: bool | None = None
    evaluate_predictions_automatically: bool | None = None
    maximum_annotations: int | None = None
    task_number: int | None = None
    finished_task_number: int | None = None
    ground_truth_number: int | None = None
    num_tasks_with_annotations: int | None = None
    total_annotations_number: int | None = None
    total_predictions_number: int | None = None
    useful_annotation_number: int | None = None
    skipped_annotations_number: int | None = None
    parsed_label_config: dict[str, Any] | None = None
    config_has_control_tags: bool | None = None
    prompts: list[PromptShort] = Field(default_factory=list)
    assignment_settings: AssignmentSettings
    review_settings: ReviewSettings

    @classmethod
    def of(cls, wire: Mapping[str, Any], prompts: list[Prompt]) -> ProjectAnswer:
        known = {name: wire[name] for name in cls.model_fields if name in wire}
        project = int(wire["id"])
        own = {
            "prompts": [PromptShort(id=each.id, title=each.title) for each in prompts],
            "assignment_settings": AssignmentSettings(project=project),
            "review_settings": ReviewSettings(project=project),
        }
        return cls.model_validate({**known, **own})


class SubsetQuery(Given):
    """In which order: subset or count, "-" turns it round."""

    ordering: str | None = None


class Column(Shown):
    """A field of the tasks' data."""

    name: str
    type: str = "any"


class SubsetAnswer(Shown):
    """A subset a run can be started on."""

    subset: Subset
    count: int
    columns_schema: list[Column]
    truth: TruthSource | None = None
    """Of HasGT: which annotations make it; ours."""

    @classmethod
    def of(cls, found: SubsetCount) -> SubsetAnswer:
        columns = [Column(name=name) for name in found.columns]
        return cls(
            subset=found.subset, count=found.count, columns_schema=columns, truth=found.truth
        )


class TaskListQuery(PageQuery):
    """Which tasks of a project, and whose predictions with them."""

    project_subset: Subset = Subset.ALL
    model_run: Annotated[Id | None, Field(description="Predictions of this run.")] = None
    model_version: Annotated[
        Id | None, Field(description="The newest predictions of this version.")
    ] = None
    parent_model: Annotated[
        Id | None, Field(description="The newest predictions of this prompt.")
    ] = None
    include_total: bool = True
    ordering: Annotated[
        Literal["id", "-id", "score", "-score"] | None,
        Field(description="By id or by agreement with the ground truth."),
    ] = None
    output_class: Annotated[
        str | None, Field(description="Tasks whose prediction names this class.")
    ] = None
    output_from_name: Annotated[str | None, Field(description="… in this control alone.")] = None
    alignment_class: Annotated[
        str | None,
        Field(description="Tasks where prediction or ground truth names this class."),
    ] = None
    alignment_from_name: Annotated[str | None, Field(description="… in this control alone.")] = None
    alignment_outcome: Alignment = Alignment.ALL
    prediction_version_ids: Annotated[
        Ids | None, Field(description="Tasks that each of these versions predicted.")
    ] = None


class TaskFailure(Shown):
    """Why a task has no prediction."""

    kind: str
    message: Said


class TaskItem(Shown):
    """A task with what the prompt said and what is true, each by control."""

    id: int
    data: dict[str, Any]
    prediction: dict[str, Any] | None = None
    ground_truth: dict[str, Any] | None = None
    score: float | None = None
    """Agreement with the ground truth, 0 to 1; 0 for a failure. Where none is marked, with what
    people submitted."""
    error: TaskFailure | None = None
    confidence: ConfidenceAnswer | None = None
    """How sure the model is of its answer, and where that is from; ours."""

    @classmethod
    def of(cls, found: TaskResult) -> TaskItem:
        error = None
        if found.failure is not None:
            error = TaskFailure(kind=found.failure.kind.value, message=found.failure.message)
        return cls(
            id=found.task.id,
            data=dict(found.task.data),
            prediction=found.prediction,
            ground_truth=found.ground_truth,
            score=found.score,
            error=error,
            confidence=ConfidenceAnswer.of(found.confidence),
        )


class TaskResults(Shown):
    """The tasks of one page."""

    task_count: Annotated[int | None, Field(exclude_if=lambda count: count is None)] = None
    """Of all pages; left out when include_total is false."""
    task_result_list: list[TaskItem]
    truth: TruthSource
    """Which annotations were taken for true: those of the run, else as a run takes them; ours."""


class ProvenanceQuery(Given):
    """Of which tasks."""

    task_ids: Annotated[Ids, Field(description="Up to 1,000 tasks, such as 1,2,3.")]


class ProvenancePool(PoolAnswer):
    """The pool of a prediction's examples."""

    shown: int | None
    """How many of them its request showed; null of a run."""


class ProvenanceAnswer(Shown):
    """Where a prediction came from."""

    task: int
    prediction: int
    model_version: str | None = None
    prompt: int | None = None
    """Null for a prediction that is not this server's."""
    version: int | None = None
    origin: Literal["predict", "run"] | None = None
    """Null where nothing is remembered."""
    run: int | None = None
    given_at: datetime | None = None
    few_shot: ProvenancePool | None = None
    """Null for a version that shows no examples."""
