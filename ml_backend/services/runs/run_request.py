"""What is asked of a run, by whatever face, and whether it makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_backend.errors import InvalidInput
from ml_backend.kinds import SAMPLE_SIZE
from ml_backend.labelstudio import Project
from ml_backend.next_steps import Step
from ml_backend.records import (
    Cascade,
    JsonObject,
    Person,
    PromptVersion,
    ProviderName,
    Run,
    RunOptions,
    Slot,
    Subset,
    TruthSource,
    Vote,
)
from ml_backend.services.callers.access import Caller
from ml_backend.services.evaluation.ground_truth import truth_of

MOST_SAMPLES = 25

SEEN_BY_TEACHER = (
    "A teacher model saw some of these tasks with their right answers when it wrote this version: "
    "the figures flatter it. Evaluate on the held-out tasks for a fair score."
)


@dataclass(frozen=True, slots=True)
class Together:
    """Versions that answer the tasks of a run together, by their ids, the leading one first.

    A vote of two or more, or a cascade of a cheap one and a dear one.
    """

    version_ids: tuple[int, ...]
    is_cascade: bool = False
    min_score: float | None = None
    """Of a cascade: the confidence from which on the cheap one is sure."""
    max_error: float | None = None
    """Of a cascade: have the threshold chosen so that at most this share of them is wrong."""
    certainty: float | None = None
    """Of ``max_error``; None for 95 %."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a caller may choose for a run; None leaves the choice to us."""

    subset: Subset = Subset.ALL
    sample_size: int = SAMPLE_SIZE
    sample_seed: int | None = None
    """Draws the sample from all tasks, the same for the same seed; None takes the first ones."""
    task_ids: Sequence[int] | None = None
    filters: JsonObject | None = None
    slot: Slot | None = None
    only_missing: bool = False
    budget: float | None = None
    fresh: bool = False
    truth: TruthSource | None = None
    """What it is measured on; with ANNOTATIONS the HasGT subset is the tasks people annotated.
    None takes ground truth where any is marked, else annotations."""
    activate: bool | None = None
    held_out: bool | None = None
    """Whether HasGT covers only tasks no teacher saw; None does for a version a teacher made."""
    samples: int = 1
    """Answers asked of each task; with several the score says how far they agree."""
    together: Together | None = None
    """Other versions that answer with the one it is started of; None for that one alone."""
    follow: bool = False
    """Whether it counts towards the budget of a prompt that follows its project."""
    worker_job: str = ""
    """What an outside worker calls this run: it hands in the answers, and we ask nothing."""
    estimated: float | None = None
    """Dollars it was expected to cost, kept to be held against what it did."""
    created_by: Person | None = None
    organization: int | None = None

    @property
    def place(self) -> Slot:
        """The slot its predictions take; that of all tasks where it may cover all of them."""
        covers_all = self.subset is Subset.ALL or self.only_missing
        return self.slot or (Slot.ALL if covers_all else Slot.EVALUATE)

    def by(self, caller: Caller, organization: int | None = None) -> RunRequest:
        """The same, asked by a caller, for an organization or else the caller's own."""
        return replace(
            self,
            created_by=caller.person,
            organization=organization or caller.user.organization_id,
        )


@dataclass(frozen=True, slots=True)
class Exposure:
    """What teachers saw of the tasks a run is measured on."""

    held_out: bool = False
    """It covers only tasks that none saw."""
    caution: str = ""
    """Why its metrics flatter the version."""


def request_of(
    subset: Subset | None = None,
    *,
    task_ids: Sequence[int] | None = None,
    filters: JsonObject | None = None,
    sample_size: int | None = None,
    **more: Any,
) -> RunRequest:
    """Return a request as faces are given it: tasks or a filter alone mean the Custom subset."""
    if subset is None:
        subset = Subset.ALL if task_ids is None and filters is None else Subset.CUSTOM
    return RunRequest(
        subset=subset,
        task_ids=task_ids,
        filters=filters,
        sample_size=sample_size or SAMPLE_SIZE,
        **more,
    )


def once_more(run: Run) -> RunRequest:
    """Return a run like that one. What was answered costs nothing: the same is never paid twice."""
    asked = run.options
    again = RunRequest(
        subset=run.subset,
        # In this slot tasks with a prediction have it already.
        only_missing=run.slot is Slot.ALL,
        budget=asked.budget,
        truth=asked.truth,
        samples=asked.samples,
        together=together_of(asked),
    )
    if run.subset is Subset.ALL and run.slot is Slot.ALL:
        return again
    if run.subset is Subset.HAS_GT:
        return replace(again, held_out=asked.held_out)
    if run.subset is Subset.SAMPLE:
        size = asked.sample_size or SAMPLE_SIZE
        return replace(again, sample_size=size, sample_seed=asked.sample_seed)
    return replace(again, subset=Subset.CUSTOM, task_ids=asked.task_ids)


def together_of(asked: RunOptions) -> Together | None:
    """Return which versions a run was asked for, with the threshold as it was chosen then."""
    if not asked.members:
        return None
    version_ids = tuple(each.version_id for each in asked.members)
    if asked.cascade is None:
        return Together(version_ids)
    return Together(version_ids, is_cascade=True, min_score=asked.cascade.min_score)


def known_count(request: RunRequest, project: Project) -> int | None:
    """Return how many tasks a run would ask, None where finding out takes reading them."""
    if request.subset is Subset.ALL:
        return None if request.only_missing else project.tasks
    if request.subset is Subset.HAS_GT:
        marked = truth_of(project, request.truth) is TruthSource.GROUND_TRUTH
        return project.ground_truths if marked and not request.held_out else None
    if request.subset is Subset.SAMPLE:
        return min(request.sample_size, project.tasks)
    return None if request.task_ids is None else len(request.task_ids)


def check_request(request: RunRequest) -> None:
    """Raise InvalidInput where what is asked contradicts itself."""
    if request.subset is Subset.CUSTOM and not (request.task_ids or request.filters):
        raise InvalidInput(
            "The Custom subset needs tasks.",
            field="tasks",
            fix=Step.NAME_TASKS(),
        )
    if request.subset is not Subset.CUSTOM and (request.task_ids or request.filters):
        raise InvalidInput(
            f"Tasks or a filter go with the Custom subset, not with {request.subset.value}.",
            field="subset",
            fix=Step.USE_CUSTOM_SUBSET(),
        )
    if request.sample_size < 1:
        raise InvalidInput(
            f"A sample of {request.sample_size} tasks is none.",
            field="sample_size",
            fix="Give a number from 1.",
        )
    if request.sample_seed is not None and request.subset is not Subset.SAMPLE:
        raise InvalidInput(
            f"A seed draws a sample; the subset is {request.subset.value}.",
            field="sample_seed",
            fix="Use the Sample subset, or leave the seed out.",
        )


def check_samples(version: PromptVersion, samples: int) -> None:
    """Raise InvalidInput where a version cannot be asked so often."""
    if not 1 <= samples <= MOST_SAMPLES:
        raise InvalidInput(
            f"{samples} answers for each task are not from 1 to {MOST_SAMPLES}.", field="samples"
        )
    if samples > 1 and version.provider is ProviderName.BASELINE:
        raise InvalidInput(
            "The offline baseline gives the same answer every time.",
            field="samples",
            fix=f"{Step.ASK_ONCE()} Its score is how far similar tasks agree.",
        )


def what_teachers_saw(version: PromptVersion, request: RunRequest) -> Exposure:
    """Return whether a run is scored on tasks that a teacher saw."""
    refined = version.refined_from is not None
    held_out = refined if request.held_out is None else request.held_out
    if held_out and request.subset is Subset.HAS_GT:
        return Exposure(held_out=True)
    if request.held_out and request.subset is not Subset.HAS_GT:
        raise InvalidInput(
            f"Held-out tasks are of the HasGT subset, not of {request.subset.value}.",
            field="held_out",
        )
    return Exposure(caution=SEEN_BY_TEACHER if refined and request.place is Slot.EVALUATE else "")


def options_of(
    project: Project,
    request: RunRequest,
    task_ids: Sequence[int] | None,
    exposure: Exposure,
    together: Vote | Cascade | None = None,
) -> RunOptions:
    """Return what a run keeps of how it was asked for."""
    drawn = request.subset is Subset.SAMPLE
    return RunOptions(
        task_ids=None if task_ids is None else tuple(task_ids),
        only_missing=request.only_missing,
        budget=request.budget,
        fresh=request.fresh,
        truth=truth_of(project, request.truth),
        truth_by_default=request.truth is None and not project.ground_truths,
        activate=request.activate,
        follow=request.follow,
        samples=request.samples,
        sample_size=request.sample_size if drawn else None,
        sample_seed=request.sample_seed if drawn else None,
        filters=request.filters,
        held_out=exposure.held_out,
        caution=exposure.caution,
        worker_job=request.worker_job,
        estimated=request.estimated,
        vote=together if isinstance(together, Vote) else None,
        cascade=together if isinstance(together, Cascade) else None,
    )
