"""Ground truth of our own: what there is to mark, and marks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ml_backend.records import JsonObject
from ml_backend.services.marking.judging import Judged, Said as SaidBy, Standing
from ml_backend.services.marking.request import MOST_DRAWN, MOST_SEED, MarkRequest, mark_request
from ml_backend.web.api.wire.actions import TaskIds
from ml_backend.web.api.wire.parts import Exact, Id, Shown, Whole

MOST_ROWS = 200


class AnnotatedQuery(Exact):
    """Which annotated tasks, by id; page on with ``next_after`` or ``previous_before``."""

    after: Annotated[Whole, Field(description="Tasks with a higher id.")] = 0
    before: Annotated[Id | None, Field(description="Tasks with a lower id, the next ones.")] = None
    size: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Tasks of a page.")] = 50
    task: Annotated[Id | None, Field(description="This task alone.")] = None
    marked: Annotated[
        bool, Field(description="Only tasks with ground truth, as far as this server knows.")
    ] = False


class SubmittedAnnotation(Shown):
    """An annotation that was submitted, with what it answers by control."""

    id: int
    answer: dict[str, Any] | None
    """Null where it cannot be read."""
    completed_by: int | None
    name: str | None
    created_at: datetime | None
    ground_truth: bool
    by_person: bool
    """False for one made from a prediction that nobody opened or changed: it is no truth."""

    @classmethod
    def of(cls, said: SaidBy, people: Mapping[int, str]) -> SubmittedAnnotation:
        annotation = said.annotation
        made = annotation.created_at
        return cls(
            id=annotation.id,
            answer=said.answer,
            completed_by=annotation.completed_by,
            name=people.get(annotation.completed_by or 0),
            created_at=datetime.fromisoformat(made) if made else None,
            ground_truth=annotation.ground_truth,
            by_person=said.is_peoples,
        )


class AnnotatedItem(Shown):
    """A task with its submitted annotations."""

    id: int
    data: dict[str, Any]
    standing: Standing
    """How it stands to being marked; where people disagree an annotation has to be chosen."""
    annotations: list[SubmittedAnnotation]

    @classmethod
    def of(cls, found: Judged, people: Mapping[int, str]) -> AnnotatedItem:
        said = [SubmittedAnnotation.of(each, people) for each in found.said]
        task = found.task
        return cls(id=task.id, data=dict(task.data), standing=found.standing, annotations=said)


class GroundTruthAnswer(Shown):
    """How many tasks have ground truth, and a page of those that are annotated."""

    project: int
    ground_truth_tasks: int
    annotated_tasks: int
    """By people; those whose annotations nobody opened are left out."""
    exact: bool
    """False where counting would take reading many: then these are Label Studio's own counts."""
    tasks: list[AnnotatedItem]
    next_after: int | None = None
    previous_before: int | None = None


class Marking(Exact):
    """Tasks whose annotations to mark, or no longer: one of task_ids, filters_json, random, all."""

    task_ids: TaskIds | None = None
    annotation_ids: Annotated[
        TaskIds | None,
        Field(description="Of the tasks named: these annotations, where people disagree."),
    ] = None
    filters_json: Annotated[dict[str, Any] | None, Field(description="A Data Manager filter.")] = (
        None
    )
    random: Annotated[
        int | None,
        Field(
            ge=1,
            le=MOST_DRAWN,
            description="So many annotated tasks at random, by class where that can be told; "
            "no promise sample.",
        ),
    ] = None
    seed: Annotated[
        int | None, Field(ge=0, le=MOST_SEED, description="Of random; the answer has it.")
    ] = None
    all: Annotated[bool, Field(description="Every annotated task.")] = False
    ground_truth: Annotated[bool, Field(description="False takes marks off.")] = True
    dry_run: Annotated[bool, Field(description="Only count.")] = False

    def request(self) -> MarkRequest:
        """Return what is asked for; raises InvalidInput where it names nothing, or too much."""
        return mark_request(
            ground_truth=self.ground_truth,
            task_ids=self.task_ids,
            annotation_ids=self.annotation_ids,
            filters=self.filters_json,
            random=self.random,
            seed=self.seed,
            everything=self.all,
        )


class ClassDrawn(Shown):
    """How many tasks of a class were drawn; "" for tasks that name none or several."""

    model_config = Shown.model_config | {"populate_by_name": True}

    name: Annotated[str, Field(alias="class")]
    tasks: int


class MarkAnswer(Shown):
    """What would be marked or was; of work that goes on as a job only the first four are there."""

    project: int
    dry_run: bool
    ground_truth: bool
    job: int | None = None
    """The job that goes on with it, when it takes longer than this call; its result is this."""
    would_mark: int | None = None
    would_unmark: int | None = None
    marked: int | None = None
    """Tasks read back as marked."""
    unmarked: int | None = None
    task_ids: list[int] = Field(default_factory=list)
    """The first thousand of those to mark."""
    already: int | None = None
    """Tasks that stand as wanted."""
    disagree: int | None = None
    """Tasks whose annotators disagree: choose among them with annotation_ids."""
    disagreeing_tasks: list[int] = Field(default_factory=list)
    unopened: int | None = None
    """Tasks whose annotations were made from predictions that nobody opened or changed."""
    not_annotated: int | None = None
    seed: int | None = None
    drawn_from: int | None = None
    drawn_by: str | None = None
    """The control whose classes were drawn from, each its share."""
    classes: list[ClassDrawn] = Field(default_factory=list)
    promise_sample: bool = False
    """Never: only tasks that somebody annotated can be marked."""
    ground_truth_tasks: int | None = None
    annotated_tasks: int | None = None
    notes: list[str] = Field(default_factory=list)

    @classmethod
    def of(cls, request: MarkRequest, found: JsonObject, project: int, dry_run: bool) -> MarkAnswer:
        about = {"project": project, "dry_run": dry_run, "ground_truth": request.ground_truth}
        return cls.model_validate({**about, "seed": request.seed, **found})
