"""Deleting prompts and versions: first their predictions in Label Studio, then they themselves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ml_backend.errors import Conflict, LabelStudioNotFound
from ml_backend.labelstudio import LabelStudioReader, ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import Prompt, PromptVersion, Run, RunStatus
from ml_backend.services.predictions.bulk_actions import DeletePlan, DeleteReport, Predictions
from ml_backend.services.predictions.delete import Progress
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.lease import LEASE_SECONDS, holder_name
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.store import Store

WAIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class PromptDeletion:
    """What deleting a prompt, or one version of it, takes along."""

    prompt: Prompt
    version: PromptVersion | None
    """None for the whole prompt."""
    plans: tuple[DeletePlan, ...] = field(repr=False)
    """One per project that holds such predictions."""
    runs: tuple[Run, ...] = field(repr=False)
    """Open runs, which are canceled first."""
    projects: frozenset[int] | None = None
    """Those whose predictions go, None for all: what stands elsewhere stays."""

    @property
    def predictions(self) -> int:
        return sum(plan.total for plan in self.plans)

    @property
    def by_version(self) -> dict[str, int]:
        """Return model version -> predictions, over all projects."""
        counts: Counter[str] = Counter()
        for plan in self.plans:
            counts.update({version or "": n for version, n in plan.by_version.items()})
        return dict(counts)


class DeletePrompts:
    """Deletes prompts and versions; while Label Studio is away nothing is touched."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        predictions: Predictions[ServerLabelStudio],
        ownership: Ownership,
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._store = store
        self._studio = studio
        self._predictions = predictions
        self._ownership = ownership
        self._wait_seconds = wait_seconds

    def plan(
        self,
        prompt: Prompt,
        version: PromptVersion | None = None,
        *,
        projects: Collection[int] | None = None,
        patience: Patience | None = None,
    ) -> PromptDeletion:
        """Count the predictions that a prompt, or one version of it, wrote, wherever that was.

        ``projects`` leaves alone what stands in others: in those that whoever deletes does not
        see. With ``patience`` it waits for a Label Studio that is away.
        """
        patient = PatientLabelStudio(self._studio, patience) if patience else None
        only = None if projects is None else frozenset(projects)
        return self._plan(patient or self._studio, prompt, version, only)

    def projects(self, prompt: Prompt, version: PromptVersion | None = None) -> list[int]:
        """Return the projects a prompt, or one version of it, ever wrote in; from the store."""
        return sorted({label.project_id for label in self._ownership.written(prompt, version)})

    def _plan(
        self,
        studio: LabelStudioReader,
        prompt: Prompt,
        version: PromptVersion | None,
        only: frozenset[int] | None,
    ) -> PromptDeletion:
        studio.version()  # raises while Label Studio is away, also where nothing was written
        plans = []
        for project_id in self.projects(prompt, version):
            if only is not None and project_id not in only:
                continue
            try:
                plan = self._predictions.plan_owned(studio, project_id, prompt, version)
            except LabelStudioNotFound:
                continue  # the project was deleted, and its predictions with it
            if plan.total:
                plans.append(plan)
        return PromptDeletion(
            prompt, version, tuple(plans), tuple(self._open_runs(prompt, version)), only
        )

    def execute(
        self,
        deletion: PromptDeletion,
        patience: Patience,
        progress: Progress = lambda done, total: None,
    ) -> list[DeleteReport]:
        """Cancel the runs, delete the predictions, then forget the prompt or version.

        Raises Conflict when a run does not end in time, and when a new one began meanwhile.
        """
        studio = PatientLabelStudio(self._studio, patience)
        studio.version()
        prompt, version = deletion.prompt, deletion.version
        for label in self._ownership.written(prompt, version):
            if deletion.projects is None or label.project_id in deletion.projects:
                self._predictions.refuse_kept(label.project_id, [label.label])
        if version is not None:
            # Runs of its other versions overwrite what this one wrote: one of both would lose.
            others = self._open_runs(prompt, None)
            self._refuse([run for run in others if not run.is_answered_by(version.id)])
        for run in self._open_runs(prompt, version):
            self._end(run, patience)
        # Canceled runs publish what was answered: count again what there is now.
        current = self._plan(studio, prompt, version, deletion.projects)
        self._refuse(current.runs)
        reports = []
        for plan in current.plans:
            reports.append(self._predictions.execute_delete(plan, patience, progress))
        self._refuse(self._open_runs(prompt, version))
        if version is None:
            self._store.prompts.delete(prompt.id)
        else:
            self._store.prompts.delete_version(version.id)
        return reports

    def _open_runs(self, prompt: Prompt, version: PromptVersion | None) -> list[Run]:
        version_id = version.id if version else None
        return self._store.runs.search(prompt_id=prompt.id, version_id=version_id, open_only=True)

    def _refuse(self, runs: Sequence[Run]) -> None:
        if runs:
            numbers = ", ".join(str(run.id) for run in runs)
            raise Conflict(
                f"Other runs of this prompt are under way ({numbers}).",
                fix=f"{Step.CANCEL_RUNS(runs=numbers)} Then repeat.",
            )

    def _end(self, run: Run, patience: Patience) -> None:
        """Cancel a run and return once it ended; one that nobody executes is ended here."""
        self._store.runs.request_cancel(run.id)
        deadline = time.monotonic() + self._wait_seconds
        while run.is_open:
            fence = self._store.runs.claim(run.id, holder_name(), LEASE_SECONDS)
            if fence is not None:
                message = "Canceled, because its version is being deleted."
                self._store.runs.finish(run.id, fence, RunStatus.CANCELED, message)
                break
            if time.monotonic() > deadline:
                raise Conflict(
                    f"Run {run.id} was told to stop but has not ended; nothing was deleted.",
                    fix=f"{Step.SHOW_RUN(run=run.id)} Then repeat.",
                )
            patience.say(f"waiting for run {run.id} to end")
            patience.sleep(0.3)
            run = self._store.runs.get(run.id)
        patience.say("")
