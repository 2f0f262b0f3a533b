"""Promise samples as people use them: draw, label, open, ask, withdraw; and what is promised."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ml_backend.errors import Conflict, LabelStudioNotFound, NotFound, PromptsError
from ml_backend.labelstudio import LabelStudioReader, Project, ServerLabelStudio, tab_address
from ml_backend.next_steps import Step
from ml_backend.records import Person
from ml_backend.records.promises import (
    Hiding,
    Look,
    Promise,
    PromiseSample,
    PromiseState,
    SampleKind,
)
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.promises.asking import check_limits, look_at
from ml_backend.services.promises.draw import DrawPlan, DrawRequest, Draws
from ml_backend.services.promises.findings import Findings, Progress
from ml_backend.services.promises.hiding import Curtain
from ml_backend.services.promises.labelling_tab import LabellingTab
from ml_backend.services.promises.population import Populations
from ml_backend.services.promises.validity import Validity
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.services.writing.writer import Writer, WriterSession
from ml_backend.store import Store

log = logging.getLogger(__name__)

WAIT_SECONDS = 5.0
"""How long a pass by itself waits for Label Studio, all in all."""
AGAIN_AFTER = 30.0
"""Seconds until a sample is settled again that could not be."""

Changed = Callable[[Project, Sequence[int]], None]
"""Told of tasks whose annotations count as truth from now on."""


@dataclass(frozen=True, slots=True)
class SampleState:
    """A sample as it stands, with how far its labelling is; no word on what is right before."""

    sample: PromiseSample
    progress: Progress | None
    """None once it is opened or withdrawn."""
    tab_url: str
    """Where people label its tasks, "" where there is no tab."""
    promise: Promise | None
    drawn_before: int = 0
    """Samples of this version that were drawn for this limit before: the best of many draws says
    less than its certainty."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be opened now."""
        return self.progress is not None and self.progress.is_complete and self.sample.is_settled


class PromiseSamples:
    """Draws, opens and withdraws samples by the server's own token, as all that is ours is written.

    What a caller may see is read by the client they come with.
    """

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        writer: Writer[ServerLabelStudio],
        ownership: Ownership,
        predictor_factory: PredictorFactory,
        changed: Changed,
        *,
        shutdown: threading.Event,
    ) -> None:
        self._store = store
        self._studio = studio
        self._writer = writer
        self._ownership = ownership
        self._predictor_factory = predictor_factory
        self._changed = changed
        self._shutdown = shutdown
        self._draws = Draws(store, Populations(store, ownership), predictor_factory)
        self._findings = Findings(store)
        self._tab = LabellingTab(store, studio)
        self._put_off: dict[int, float] = {}
        self.validity = Validity(store)

    # Drawing

    def plan(self, studio: LabelStudioReader, request: DrawRequest) -> DrawPlan:
        """Count what could be drawn and say why not, if so; nothing is changed."""
        return self._draws.plan(studio, request)

    def draw(
        self, request: DrawRequest, patience: Patience, *, settle: bool = True
    ) -> PromiseSample:
        """Draw a sample, take predictions of ours off its tasks, and make the tab to label it in.

        Without ``settle`` the latter two are left to ``work``. Raises Conflict where no promise is
        possible or a run is under way; then nothing is done.
        """
        with self._writer.hold(patience) as session:
            sample = self._draws.draw(session.studio, request)
            if settle:
                sample = self._curtain(session).settle(sample)
        return self.settle(sample, patience) if settle else sample

    # Looking

    def get(self, project_id: int, sample_id: int) -> PromiseSample:
        """Return a sample of a project; raises NotFound for another's."""
        sample = self._store.promises.get(sample_id)
        if sample.project_id != project_id:
            raise NotFound(
                f"Project {project_id} has no promise sample {sample_id}.", field="promise"
            )
        return sample

    def of_project(self, project_id: int, *, version_id: int | None = None) -> list[PromiseSample]:
        """Return the samples of a project, newest first, as they were when last looked at."""
        return self._store.promises.of_project(project_id, version_id=version_id)

    def state(
        self, studio: LabelStudioReader, project: Project, sample: PromiseSample
    ) -> SampleState:
        """Return how far a sample is; what changed since it was drawn withdraws it first."""
        sample = self._checked(studio, project, sample)
        progress = self._findings.progress(studio, sample) if sample.is_open else None
        tab_id = (sample.tab or {}).get("id")
        url = tab_address(studio.url, project.id, int(tab_id)) if tab_id is not None else ""
        before = self._store.promises.drawn_before(
            project.id, sample.version_id, sample.max_error, before=sample.id
        )
        return SampleState(sample, progress, url, self._promise(studio, sample), before)

    def states(
        self, studio: LabelStudioReader, project: Project, *, version_id: int | None = None
    ) -> list[SampleState]:
        """Return all samples of a project, newest first: what a page shows."""
        samples = self.of_project(project.id, version_id=version_id)
        return [self.state(studio, project, sample) for sample in samples]

    def promise_of(
        self, studio: LabelStudioReader, project: Project, version_id: int
    ) -> Promise | None:
        """Return what is promised of a version now, by its newest sample that promises anything."""
        for sample in self.of_project(project.id, version_id=version_id):
            found = self._promise(studio, self._checked(studio, project, sample))
            if found is not None:
                return found
        return None

    def _promise(self, studio: LabelStudioReader, sample: PromiseSample) -> Promise | None:
        look = sample.held
        if look is None:
            return None
        tasks = frozenset(task.task_id for task in self._store.promises.tasks(sample.id))
        others = studio.tasks_made_after(sample.project_id, sample.as_of, sample.last_task)
        return Promise(sample, look, tasks, others)

    def _checked(
        self, studio: LabelStudioReader, project: Project, sample: PromiseSample
    ) -> PromiseSample:
        if sample.kind is SampleKind.CHECK:  # the follow looks after what it goes by
            return sample
        if sample.state is PromiseState.WITHDRAWN or not (sample.is_open or sample.held):
            return sample
        if not self.validity(studio, project, sample):
            return sample
        # Pages read on in a project as it was minutes ago while Label Studio is away, and what is
        # withdrawn never comes back: it is looked at anew.
        project = self._studio.get_project(project.id)
        reason = self.validity(self._studio, project, sample)
        if not reason:
            return sample
        return self._withdraw(sample, reason, project) or self._store.promises.get(sample.id)

    # Opening and asking

    def open(
        self,
        sample: PromiseSample,
        patience: Patience,
        *,
        by: Person | None = None,
        settle: bool = True,
    ) -> PromiseSample:
        """Open a sample all of whose tasks are labelled: what it promises is known from then on.

        Its annotations are ordinary truth now, and the predictions are put back, without
        ``settle`` by ``work``. Raises Conflict while tasks are unlabelled, for a sample that was
        opened or withdrawn before, and for one that something withdrew meanwhile.
        """
        _require_promise(sample)
        if sample.is_open and not sample.is_settled and settle:
            sample = self.settle(sample, patience)
        project = self._studio.get_project(sample.project_id)
        sample = self._checked(self._studio, project, sample)
        _require_open(sample)
        config = self._predictor_factory.config_of(project)
        tasks = self._store.promises.tasks(sample.id)
        found = self._findings.judge(self._studio, sample, config)
        if len(found) < len(tasks):
            raise Conflict(
                f"{len(found)} of {len(tasks)} tasks of promise sample {sample.id} are labelled.",
                fix="Label the others in its tab first; a task nobody can label is skipped there.",
            )
        look = look_at(
            sample,
            tasks,
            {task_id: finding for task_id, (finding, _) in found.items()},
            max_error=sample.max_error,
            certainty=sample.certainty,
            by=by,
        )
        if not self._store.promises.open(sample.id, found, look):
            _require_open(self._store.promises.get(sample.id))
        self._changed(project, [task.task_id for task in tasks])
        sample = self._store.promises.get(sample.id)
        return self.settle(sample, patience) if settle else sample

    def look(
        self,
        sample: PromiseSample,
        *,
        max_error: float,
        certainty: float,
        by: Person | None = None,
    ) -> Look:
        """Ask an opened sample for another limit, which takes its share of the certainty.

        Raises Conflict for a sample that was drawn for one request only: that was answered.
        """
        check_limits(max_error, certainty)
        _require_promise(sample)
        if sample.state is not PromiseState.OPENED:
            raise Conflict(
                f"Promise sample {sample.id} is {sample.state.value}; only one that is opened "
                "can be asked.",
                fix=Step.DRAW_AGAIN(),
            )
        if not sample.several_looks:
            raise Conflict(
                f"Promise sample {sample.id} was drawn for one request, and has answered it.",
                fix=Step.DRAW_AGAIN(),
            )
        tasks = self._store.promises.tasks(sample.id)
        findings = {task.task_id: task.finding for task in tasks if task.finding is not None}
        found = look_at(sample, tasks, findings, max_error=max_error, certainty=certainty, by=by)
        if not self._store.promises.add_look(sample.id, found):
            raise Conflict("Somebody else asked it at the same time.", fix="Ask once more.")
        return found

    def withdraw(
        self, sample: PromiseSample, reason: str, patience: Patience, *, settle: bool = True
    ) -> PromiseSample:
        """Withdraw a sample, or the promise of an opened one; predictions are put back.

        Its annotations stay, and are ordinary truth.
        """
        withdrawn = self._withdraw(sample, reason, None)
        if withdrawn is None:
            raise Conflict(f"Promise sample {sample.id} was withdrawn already.")
        return self.settle(withdrawn, patience) if settle else withdrawn

    def _withdraw(
        self, sample: PromiseSample, reason: str, project: Project | None
    ) -> PromiseSample | None:
        """Withdraw a sample and return it, None where that was done before."""
        if not self._store.promises.withdraw(sample.id, reason):
            return None
        if sample.is_open:
            tasks = [task.task_id for task in self._store.promises.tasks(sample.id)]
            with suppress(LabelStudioNotFound):  # the project is gone, and nothing has changed
                self._changed(project or self._studio.get_project(sample.project_id), tasks)
        return self._store.promises.get(sample.id)

    # Bringing Label Studio to what the store says

    def settle(self, sample: PromiseSample, patience: Patience) -> PromiseSample:
        """Go on where a process that died left it; safe to repeat, in several processes at once."""
        if not sample.is_settled:
            with self._writer.hold(patience) as session:
                # Read under the right to write: another may have done it meanwhile.
                sample = self._curtain(session).settle(self._store.promises.get(sample.id))
        return self._tab.settle(sample)

    def work(self) -> None:
        """Settle what a process that died left, and what was told to be left; for a repeater."""
        for sample_id in self._store.promises.unsettled():
            if self._shutdown.is_set() or self._writer.holder() is not None:
                return
            if self._put_off.get(sample_id, 0.0) > time.monotonic():
                continue
            patience = Patience(log.debug, self._shutdown, give_up_after=WAIT_SECONDS)
            try:
                self.settle(self._store.promises.get(sample_id), patience)
            except Interrupted:
                return
            except PromptsError as error:
                log.warning("promise sample %s: %s", sample_id, error)
                self._put_off[sample_id] = time.monotonic() + AGAIN_AFTER

    def _curtain(self, session: WriterSession[ServerLabelStudio]) -> Curtain:
        return Curtain(self._store, session, self._ownership, self._predictor_factory)


def _require_promise(sample: PromiseSample) -> None:
    if sample.kind is SampleKind.CHECK:
        raise Conflict(
            f"Sample {sample.id} checks what a follow accepts: nothing is promised of it, "
            "and it is opened by itself once people have labelled its tasks."
        )


def _require_open(sample: PromiseSample) -> None:
    if sample.state is PromiseState.OPENED:
        raise Conflict(f"Promise sample {sample.id} was opened already.")
    if sample.state is PromiseState.WITHDRAWN:
        raise Conflict(
            f"Promise sample {sample.id} was withdrawn. {sample.reason}".strip(),
            fix=Step.DRAW_AGAIN(),
        )
    if sample.hiding is not Hiding.HIDDEN:
        raise Conflict(
            f"Predictions are still being taken off the tasks of promise sample {sample.id}.",
            fix="Try again in a moment.",
        )
