"""Runs as people ask for them: start, watch, cancel, resume, look at failures."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.kinds import SAMPLE_SIZE
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import (
    Failure,
    FailureKind,
    JsonObject,
    Person,
    Prompt,
    PromptVersion,
    ProviderName,
    PublishPlan,
    Run,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Stage,
    Subset,
    TruthSource,
)
from ml_backend.services.evaluation.ground_truth import GroundTruthReader, no_truth, truth_of
from ml_backend.services.evaluation.holdout import split_of
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.predictions.selection import require_narrowing
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.lease import LEASE_SECONDS, holder_name
from ml_backend.store import Store

MOST_SAMPLES = 25
FEW = 1_000
"""Tasks up to which Label Studio is asked for these alone and not for all of a project's."""

SEEN_BY_TEACHER = (
    "A teacher model saw some of these tasks with their right answers when it wrote this version: "
    "the figures flatter it. Evaluate on the held-out tasks for a fair score."
)


class NothingMissing(Conflict):
    """Every task has its prediction already."""


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
    follow: bool = False
    """Whether it counts towards the budget of a prompt that follows its project."""
    worker_job: str = ""
    """What an outside worker calls this run: it hands in the answers, and we ask nothing."""
    estimated: float | None = None
    """Dollars it was expected to cost, kept to be held against what it did."""
    created_by: Person | None = None
    organization: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What teachers saw of the tasks a run is measured on."""

    held_out: bool = False
    """It covers only tasks that none saw."""
    caution: str = ""
    """Why its metrics flatter the version."""


class Runs:
    """Starts runs and reports on them; executing them is the executor's."""

    def __init__(
        self, store: Store, studio: ServerLabelStudio, predictor_factory: PredictorFactory
    ) -> None:
        self._store = store
        self._studio = studio
        self._predictor_factory = predictor_factory
        self._ownership = Ownership(store, studio)

    def start(
        self, prompt: Prompt, version: PromptVersion, project: Project, options: RunRequest
    ) -> Run:
        """Check everything that can be known beforehand and store the run, pending.

        Raises what a person can mend (config, variables, key, project, tasks, budget) before
        anything is asked or written.
        """
        self._check(options)
        self.check(version, project, options.budget)
        _check_samples(version, options.samples)
        if project.tasks == 0:
            raise InvalidInput(
                f"Project {project.title!r} has no tasks.",
                field="project",
                fix="Import some in Label Studio first.",
            )
        slot = options.slot or _slot_of(options)
        task_ids = self.tasks(prompt, version, project, options)
        sight = self._what_teachers_saw(version, slot, options)
        label = self._ownership.choose(prompt, version, slot, project)
        self._store.prompts.add_project(prompt.id, project.id)
        return self._store.runs.create(
            created_by=options.created_by,
            organization=options.organization,
            prompt_id=prompt.id,
            version_id=version.id,
            project_id=project.id,
            label=label,
            slot=slot.value,
            subset=options.subset.value,
            snapshot=RunSnapshot.of(version, prompt.title),
            options=_decided(project, options, task_ids, sight),
            total=project.tasks if task_ids is None else len(task_ids),
            cost=0.0,
            handed_out=bool(options.worker_job),
        )

    def tasks(
        self, prompt: Prompt, version: PromptVersion, project: Project, options: RunRequest
    ) -> list[int] | None:
        """Return the tasks that a run would ask, None for all there are; raises as ``start``."""
        self._check(options)
        slot = options.slot or _slot_of(options)
        task_ids = self._subset_tasks(project, options)
        if options.only_missing:
            task_ids = self._only_missing(prompt, version, slot, project, task_ids)
        if self._what_teachers_saw(version, slot, options).held_out:
            return self._held_out(version, project, task_ids or [], options)
        return task_ids

    def check(self, version: PromptVersion, project: Project, budget: float | None) -> None:
        """Raise what would keep a version from answering a project's tasks within a budget."""
        if budget is not None and not 0 < budget < math.inf:
            raise InvalidInput(
                f"A budget of ${budget:g} is no limit to keep: it must be above 0.",
                field="budget",
                fix="Give dollars, for example 2.50.",
            )
        recipe = self._predictor_factory.recipe(project, version)
        self._predictor_factory.guard(recipe, version, budget=budget, spent=0.0)

    def cancel(self, run: Run) -> Run:
        """Ask a run to stop asking; what was answered is still published."""
        if run.status.is_final:
            raise Conflict(f"Run {run.id} has ended already: {run.status.value}.")
        self._store.runs.request_cancel(run.id)
        if run.stage is Stage.PENDING:
            fence = self._store.runs.claim(run.id, holder_name(), LEASE_SECONDS)
            if fence is not None:
                self._store.runs.finish(
                    run.id, fence, RunStatus.CANCELED, "Canceled before anything was asked."
                )
        return self._store.runs.get(run.id)

    def resume(self, run: Run) -> Run:
        """Make a failed or canceled run pending again; kept answers are not asked again."""
        self._store.prompts.get_version(run.version_id)  # a deleted version's must not come back
        # What tells whether the tasks still are those that were asked.
        stage, plan = Stage.ASKING, PublishPlan(project=run.plan.project)
        if run.stage in (Stage.CLEARING, Stage.LOADING, Stage.VERIFYING):
            stage = Stage(run.stage)
            again = run.plan.stopped is not None or run.plan.ask_again
            plan = replace(run.plan, stopped=None, ask_again=again)
        if run.status in (RunStatus.FAILED, RunStatus.CANCELED):
            # Before it is open again: from then on another process may work on it.
            passing = [kind for kind in FailureKind if not kind.is_definite]
            if self._store.outcomes.forget(run.id, passing) and stage is not Stage.ASKING:
                plan = replace(plan, ask_again=True)
        if not self._store.runs.reopen(run.id, stage, plan):
            raise Conflict(
                f"Run {run.id} is {run.status.value}; only Failed and Canceled runs resume.",
                fix=Step.NEW_RUN(),
            )
        return self._store.runs.get(run.id)

    def failures(self, run: Run) -> Iterator[Failure]:
        """Yield the tasks without a prediction and why, by task id."""
        for outcome in self._store.outcomes.iter(run.id, ok=False):
            if isinstance(outcome, Failure):
                yield outcome

    def _check(self, options: RunRequest) -> None:
        if options.subset is Subset.CUSTOM and not (options.task_ids or options.filters):
            raise InvalidInput(
                "The Custom subset needs tasks.",
                field="tasks",
                fix=Step.NAME_TASKS(),
            )
        if options.subset is not Subset.CUSTOM and (options.task_ids or options.filters):
            raise InvalidInput(
                f"Tasks or a filter go with the Custom subset, not with {options.subset.value}.",
                field="subset",
                fix=Step.USE_CUSTOM_SUBSET(),
            )
        if options.sample_size < 1:
            raise InvalidInput(
                f"A sample of {options.sample_size} tasks is none.",
                field="sample_size",
                fix="Give a number from 1.",
            )
        if options.sample_seed is not None and options.subset is not Subset.SAMPLE:
            raise InvalidInput(
                f"A seed draws a sample; the subset is {options.subset.value}.",
                field="sample_seed",
                fix="Use the Sample subset, or leave the seed out.",
            )

    def _only_missing(
        self,
        prompt: Prompt,
        version: PromptVersion,
        slot: Slot,
        project: Project,
        among: Sequence[int] | None,
    ) -> list[int]:
        found = self.missing(prompt, version, slot, project, among)
        if not found:
            label = self._ownership.expected(prompt, version, slot, project.id)
            raise NothingMissing(
                f"Every task has a prediction of {label!r}; nothing is missing.",
                fix=Step.ASK_ALL_AGAIN(),
            )
        return found

    def missing(
        self,
        prompt: Prompt,
        version: PromptVersion,
        slot: Slot,
        project: Project,
        among: Sequence[int] | None = None,
    ) -> list[int]:
        """Return the tasks, of the project or of those given, without a prediction of a version."""
        self._ownership.identify(project)
        everyone = among if among is not None else self._studio.task_ids(project.id)
        label = self._ownership.expected(prompt, version, slot, project.id)
        ours = self._ownership.ours(project.id)
        keys = self._studio.prediction_keys(project.id)
        have = {key.task_id for key in keys if key.model_version == label and ours.holds(key)}
        return [task_id for task_id in everyone if task_id not in have]

    @staticmethod
    def _what_teachers_saw(version: PromptVersion, slot: Slot, options: RunRequest) -> Sight:
        """Return whether a run is scored on tasks that a teacher saw."""
        refined = version.refined_from is not None
        held_out = refined if options.held_out is None else options.held_out
        if held_out and options.subset is Subset.HAS_GT:
            return Sight(held_out=True)
        if options.held_out and options.subset is not Subset.HAS_GT:
            raise InvalidInput(
                f"Held-out tasks are of the HasGT subset, not of {options.subset.value}.",
                field="held_out",
            )
        return Sight(caution=SEEN_BY_TEACHER if refined and slot is Slot.EVALUATE else "")

    def _held_out(
        self,
        version: PromptVersion,
        project: Project,
        task_ids: Sequence[int],
        options: RunRequest,
    ) -> list[int]:
        """Return the tasks no teacher saw; raises InvalidInput without any."""
        split = split_of(self._store, project.id, version.prompt_id, task_ids)
        found = [task_id for task_id in task_ids if split.holds_out(task_id)]
        if not found:
            raise InvalidInput(
                f"None of the tasks with {truth_of(project, options.truth).words} is held out "
                "from teachers.",
                field="held_out",
                fix=Step.ANNOTATE_MORE_OR_ALL_TRUTH(),
            )
        return found

    def _subset_tasks(self, project: Project, options: RunRequest) -> list[int] | None:
        if options.subset is Subset.ALL:
            return None
        if options.subset is Subset.SAMPLE:
            first = options.sample_size if options.sample_seed is None else None
            found = self._studio.task_ids(project.id, first=first)
            return sample_of(found, options.sample_size, options.sample_seed)
        if options.subset is Subset.HAS_GT:
            return self._true_tasks(project, truth_of(project, options.truth))
        return self._custom_tasks(project, options)

    def _true_tasks(self, project: Project, source: TruthSource) -> list[int]:
        found = GroundTruthReader(self._store, self._studio).task_ids(project.id, source)
        if not found:
            raise no_truth(project, source, "subset")
        return found

    def _custom_tasks(self, project: Project, options: RunRequest) -> list[int]:
        if options.filters is not None:
            filters = require_narrowing(options.filters)
            found = self._studio.task_ids(project.id, query=filters)
            if not found:
                raise InvalidInput(
                    "No task fits the filter.",
                    field="filter",
                    fix="Try it in the Data Manager; an unknown operator finds nothing.",
                )
            return found
        wanted = list(dict.fromkeys(options.task_ids or ()))
        few = {"selectedItems": {"all": False, "included": wanted}} if len(wanted) <= FEW else None
        unknown = sorted(set(wanted) - set(self._studio.task_ids(project.id, query=few)))
        if unknown:
            shown = ", ".join(str(task_id) for task_id in unknown[:10])
            raise InvalidInput(
                f"Project {project.title!r} has no task {shown}.",
                field="tasks",
                fix="Task ids are shown in the Data Manager's first column.",
            )
        return wanted


def sample_of(task_ids: Sequence[int], size: int, seed: int | None) -> list[int]:
    """Return a sample of tasks in their order: the first ones, or those that a seed draws.

    A seed draws by the task's id alone, so that tasks imported later change little of a sample.
    """
    if seed is None:
        return list(task_ids[:size])
    drawn = sorted(task_ids, key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())
    chosen = set(drawn[:size])
    return [each for each in task_ids if each in chosen]


def _decided(
    project: Project, request: RunRequest, task_ids: Sequence[int] | None, sight: Sight
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
        held_out=sight.held_out,
        caution=sight.caution,
        worker_job=request.worker_job,
        estimated=request.estimated,
    )


def _check_samples(version: PromptVersion, samples: int) -> None:
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


def _slot_of(options: RunRequest) -> Slot:
    if options.subset is Subset.ALL or options.only_missing:
        return Slot.ALL
    return Slot.EVALUATE


def is_open(run: Run) -> bool:
    """Return whether a run may still change."""
    return run.status in (RunStatus.PENDING, RunStatus.IN_PROGRESS)
