"""Runs as people ask for them: start, watch, cancel, resume, look at failures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.labelstudio import Project
from ml_backend.next_steps import Step
from ml_backend.records import (
    Cascade,
    Failure,
    FailureKind,
    Prompt,
    PromptVersion,
    PublishPlan,
    Run,
    RunSnapshot,
    RunStatus,
    Stage,
    Vote,
)
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.runs.run_request import (
    Exposure,
    RunRequest,
    check_request,
    check_samples,
    options_of,
    what_teachers_saw,
)
from ml_backend.services.runs.run_tasks import RunTasks
from ml_backend.services.runs.second_opinions import SecondOpinions, called_together
from ml_backend.services.writing.lease import LEASE_SECONDS, holder_name
from ml_backend.store import Store

ABANDONED_SECONDS = 60.0
"""Far longer than a server takes to go on with the run of one that died."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that was checked, with the tasks it asks; nothing of it is stored yet."""

    project: Project
    request: RunRequest
    task_ids: list[int] | None
    """None for all there are."""
    exposure: Exposure
    label: str
    """What its predictions would be called."""
    together: Vote | Cascade | None = None
    """The versions that answer, where several do."""

    @property
    def total(self) -> int:
        return self.project.tasks if self.task_ids is None else len(self.task_ids)


class Runs:
    """Starts runs and reports on them; executing them is the executor's."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        ownership: Ownership,
        tasks: RunTasks,
        opinions: SecondOpinions,
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._ownership = ownership
        self._identity = ProjectIdentity(store)
        self.tasks = tasks
        self.opinions = opinions

    def start(
        self, prompt: Prompt, version: PromptVersion, project: Project, request: RunRequest
    ) -> Run:
        """Check everything that can be known beforehand and store the run, pending.

        Raises what a person can mend (config, variables, key, project, tasks, budget) before
        anything is asked or written.
        """
        return self.begin(prompt, version, self.plan(prompt, version, project, request))

    def plan(
        self, prompt: Prompt, version: PromptVersion, project: Project, request: RunRequest
    ) -> RunPlan:
        """Check a run and choose its tasks, of a version that need not be saved yet."""
        check_request(request)
        members = self.opinions.members(prompt, version, request)
        for member in members:
            self.check(member, project, request.budget)
        check_samples(version, request.samples)
        if project.tasks == 0:
            raise InvalidInput(
                f"Project {project.title!r} has no tasks.",
                field="project",
                fix="Import some in Label Studio first.",
            )
        together = self.opinions.settle(members, project, request)
        project, called = self.tasks.counted(project), called_together(members, together)
        return RunPlan(
            project,
            request,
            self.tasks.choose(prompt, called, project, request),
            what_teachers_saw(called, request),
            self._ownership.expected(prompt, called, request.place, project.id),
            together,
        )

    def begin(
        self, prompt: Prompt, version: PromptVersion, plan: RunPlan, *, unless_open: bool = False
    ) -> Run:
        """Store a planned run, pending; the version may have been saved since it was planned.

        With ``unless_open`` return the run that asks the very same already, if one goes on.
        """
        project, request = plan.project, plan.request
        if plan.together is not None:
            members = self.opinions.members(prompt, version, request)
            version = called_together(members, plan.together)
        task_ids, exposure = plan.task_ids, what_teachers_saw(version, request)
        expected = self._ownership.expected(prompt, version, request.place, project.id)
        missing_of_another = request.only_missing and expected != plan.label
        if missing_of_another or exposure.held_out != plan.exposure.held_out:
            # Saving made another of it, as a text that turns out to be a teacher's.
            task_ids = self.tasks.choose(prompt, version, project, request)
        label = self._ownership.choose(prompt, version, request.place, project)
        self._store.prompts.add_project(prompt.id, project.id)
        self._identity.check(prompt.id, project)
        return self._store.runs.create(
            created_by=request.created_by,
            organization=request.organization,
            prompt_id=prompt.id,
            version_id=version.id,
            project_id=project.id,
            label=label,
            slot=request.place.value,
            subset=request.subset.value,
            snapshot=RunSnapshot.of(version, prompt.title, self._predictor_factory.way_of(version)),
            options=options_of(project, request, task_ids, exposure, plan.together),
            total=project.tasks if task_ids is None else len(task_ids),
            cost=0.0,
            handed_out=bool(request.worker_job),
            unless_open=unless_open,
        )

    def check(self, version: PromptVersion, project: Project, budget: float | None) -> None:
        """Raise what would keep a version from answering a project's tasks within a budget."""
        if budget is not None and not 0 < budget < math.inf:
            raise InvalidInput(
                f"A budget of ${budget:g} is no limit to keep: it must be above 0.",
                field="budget",
                fix="Give dollars, for example 2.50.",
            )
        self._identity.check(version.prompt_id, project)
        recipe = self._predictor_factory.recipe(project, version)
        self._predictor_factory.guard(recipe, version, budget=budget, spent=0.0)

    def cancel(self, run: Run) -> Run:
        """Ask a run to stop asking; what was answered is still published."""
        if not run.is_open:
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
        for version_id in (run.version_id, *(each.version_id for each in run.options.members)):
            self._store.prompts.get_version(version_id)  # a deleted version's must not come back
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

    def is_abandoned(self, run: Run) -> bool:
        """Return whether nobody works on a run any more, although it has not ended."""
        return run.is_open and self._store.runs.left_alone(run.id) > ABANDONED_SECONDS

    def failures(self, run: Run) -> Iterator[Failure]:
        """Yield the tasks without a prediction and why, by task id."""
        for outcome in self._store.outcomes.iter(run.id, ok=False):
            if isinstance(outcome, Failure):
                yield outcome
