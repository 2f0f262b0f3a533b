"""The executor of runs: claim, ask, publish, report. It can die anywhere and be followed."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from ml_backend.errors import LabelStudioNotFound, PromptsError, RunStopper
from ml_backend.jobs import LoopThread
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import (
    Prediction,
    ProjectState,
    PublishPlan,
    Run,
    RunMetrics,
    RunStatus,
    Slot,
    Stage,
    Stopped,
    Subset,
    Task,
)
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.inference.model_requests import asks_the_same
from ml_backend.services.inference.predictor import PredictorInputs
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.inference.second_opinion import Answering, asked_together
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.publishing.publisher import Publisher
from ml_backend.services.runs.costs_said import costs_said
from ml_backend.services.runs.deleted_tasks import deleted_words, note_deleted
from ml_backend.services.runs.heartbeat import Heartbeat
from ml_backend.services.runs.pipeline import AskingPipeline, RunTally, grace_of
from ml_backend.services.runs.run_tasks import iter_task_pages
from ml_backend.services.runs.second_opinions import asked_versions, opinions_said
from ml_backend.services.writing.lease import LEASE_SECONDS, holder_name
from ml_backend.services.writing.patience import GIVE_UP_AFTER, Interrupted, Patience
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.services.writing.writer import Writer
from ml_backend.store import Store

log = logging.getLogger(__name__)

GONE = "It was there when the run began, and may have been deleted meanwhile; answers are kept."

_Studio = PatientLabelStudio[ServerLabelStudio]


class Executor:
    """Executes runs from whatever stage the store has them in."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        models: ModelPool,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
        writer: Writer[ServerLabelStudio],
        ownership: Ownership,
        loop: LoopThread,
        *,
        give_up_after: float = GIVE_UP_AFTER,
        shutdown: threading.Event | None = None,
    ) -> None:
        self._store = store
        # Alone with patience: no read of it may end a run while Label Studio restarts.
        self._patiently = partial(PatientLabelStudio[ServerLabelStudio], studio)
        self._models = models
        self._predictor_factory = predictor_factory
        self._evaluation = evaluation
        self._writer = writer
        self._ownership = ownership
        self._identity = ProjectIdentity(store)
        self._loop = loop
        self._give_up_after = give_up_after
        self.shutdown = shutdown or threading.Event()

    def execute(self, run_id: int) -> Run | None:
        """Run to an end; None when another process holds it or takes it over."""
        since = time.monotonic()
        fence = self._store.runs.claim(run_id, holder_name(), LEASE_SECONDS)
        if fence is None:
            return None
        with Heartbeat(self._store, run_id, fence, self.shutdown, since=since) as beat:
            try:
                status, message = self._advance(run_id, fence, beat)
            except Interrupted:
                return None
            except LabelStudioNotFound as error:
                status, message = self._ending(beat, f"{error} {GONE}")
            except PromptsError as error:
                status, message = self._ending(beat, str(error))
            except sa.exc.SQLAlchemyError as error:
                log.exception("run %s: the database failed", run_id)
                reason = getattr(error, "orig", None) or type(error).__name__
                fix = f"Mend that first. {Step.RESUME_RUN(run=run_id)}"
                status, message = self._ending(beat, f"The database failed: {reason}. {fix}")
            except Exception:  # the run must end with a word to its owner, whatever went wrong
                log.exception("run %s failed unexpectedly", run_id)
                status, message = self._ending(
                    beat, "An unexpected error; the server's log has it."
                )
            if not beat.is_held():
                return None  # nothing is written any more: whoever takes it over goes on
            beat.end()
        if not self._store.runs.finish(run_id, fence, status, message, **beat.totals()):
            return None
        return self._store.runs.get(run_id)

    @staticmethod
    def _ending(beat: Heartbeat, message: str) -> tuple[RunStatus, str]:
        return (RunStatus.CANCELED if beat.canceled else RunStatus.FAILED), message

    def _advance(self, run_id: int, fence: int, beat: Heartbeat) -> tuple[RunStatus, str]:
        run = self._store.runs.get(run_id)
        if run.cancel_requested:
            # Before the first beat looks: nothing more may be asked, not even for a second.
            beat.canceled = True
            beat.stop_asking.set()
        beat.tally = RunTally(self._store.outcomes.totals(run_id))
        studio = self._reader(beat, beat.over)
        while True:
            if run.stage in (Stage.PENDING, Stage.ASKING):
                run = self._ask(run, fence, beat, studio)
            stopped = run.plan.stopped
            if run.stage is Stage.DONE:  # by a process that died before it could say so
                return _end_of(stopped, run.plan.note)
            if not beat.tally.totals.succeeded:
                self._set(run, fence, stage=Stage.ASKING)
                status, message = self._without_success(run, beat, stopped, studio)
                return status, f"{message} {costs_said(beat.tally.totals)}".strip()
            note = f"{self._publish(run, fence, studio)} {costs_said(beat.tally.totals)}".strip()
            beat.tally = RunTally(self._store.outcomes.totals(run_id))
            run = self._store.runs.get(run_id)
            said = (deleted_words(run, beat.tally.totals), opinions_said(self._store, run), note)
            note = " ".join(filter(None, said))
            self._set(run, fence, metrics=self._measure(run, studio))
            if run.plan.ask_again:
                plan = PublishPlan(project=run.plan.project)
                run = self._set(run, fence, stage=Stage.ASKING, plan=plan)
                continue
            self._set(run, fence, stage=Stage.DONE, plan=replace(run.plan, note=note))
            return _end_of(stopped, note)

    def _reader(self, beat: Heartbeat, stop: threading.Event) -> _Studio:
        return self._patiently(Patience(beat.say, stop, give_up_after=self._give_up_after))

    def _without_success(
        self, run: Run, beat: Heartbeat, stopped: Stopped | None, studio: _Studio
    ) -> tuple[RunStatus, str]:
        if stopped:
            return stopped.status, stopped.message
        note_deleted(self._store, studio, run, self._store.outcomes.verdicts(run.id)[0])
        beat.tally = RunTally(self._store.outcomes.totals(run.id))
        failed = beat.tally.totals.failed
        if failed == 0:
            gone = deleted_words(self._store.runs.get(run.id), beat.tally.totals)
            return RunStatus.COMPLETED, gone or "There was no task to ask."
        return RunStatus.FAILED, (
            f"None of the {failed} tasks got a prediction; older predictions were left in place. "
            f"{Step.LIST_FAILURES(run=run.id)}"
        )

    # Asking

    def _ask(self, run: Run, fence: int, beat: Heartbeat, studio: _Studio) -> Run:
        run = self._set(run, fence, stage=Stage.ASKING)
        run, _ = self._drop_strangers(run, fence, studio)
        tally = beat.tally = RunTally(self._store.outcomes.totals(run.id))
        recipes, predictor = self._predictor(run, studio, spent=tally.totals.cost or 0.0)
        connections = [each.connection for each in recipes]
        run = self._note_examples(run, fence, predictor)
        unread = threading.Event()
        asking = AskingPipeline(
            self._store,
            run.id,
            predictor,
            tally,
            concurrency=min(map(self._models.width, connections)),
            fresh=run.options.fresh,
            stop=beat.stop_asking,
            unread=unread,
            grace=grace_of(connections),
        )
        pages = self._pages(run, fence, recipes[0].project.tasks, self._reader(beat, unread))
        stopper = self._loop.run(asking.run(pages))
        # Two processes may have asked at once, one of them long asleep: the store has the truth.
        beat.tally = RunTally(self._store.outcomes.totals(run.id))
        if not beat.is_held():
            raise Interrupted("The work was interrupted.")
        # Of an earlier attempt only what it knew of the tasks still holds.
        plan = PublishPlan(project=run.plan.project, stopped=_stopped(stopper, beat))
        return self._set(run, fence, stage=Stage.PLANNING, plan=plan, asked_at=datetime.now(UTC))

    def _predictor(
        self, run: Run, studio: _Studio, **options: Any
    ) -> tuple[list[PredictorInputs], Answering]:
        versions = asked_versions(self._store, run)
        if run.created_by is not None:  # they may have another connection since the run began
            for version in versions:
                OwnKeys(self._store).require(version, run.created_by)
        if run.slot is Slot.EVALUATE and any(each.max_few_shot_examples for each in versions):
            options["evaluated"] = self._covered(run, studio)
        project = studio.get_project(run.project_id)
        factory = self._predictor_factory.reading(studio)
        recipes = [factory.recipe(project, version) for version in versions]
        asked = list(zip(recipes, versions, strict=True))
        predictors = factory.predictors(asked, run=run, **options)
        return recipes, asked_together(run.options, predictors, recipes[0].config)

    @staticmethod
    def _covered(run: Run, studio: _Studio) -> list[int]:
        task_ids = run.options.task_ids
        return studio.task_ids(run.project_id) if task_ids is None else list(task_ids)

    def _note_examples(self, run: Run, fence: int, predictor: Answering) -> Run:
        """Keep with the run which pool its few-shot examples come from, and from which before."""
        now = predictor.few_shot
        if now is None:
            return run
        before = run.snapshot.few_shot.revisions if run.snapshot.few_shot else ()
        own = () if now.revision is None else (now.revision,)
        few_shot = replace(now, revisions=tuple(dict.fromkeys((*before, *own))))
        return self._set(run, fence, snapshot=replace(run.snapshot, few_shot=few_shot))

    def _pages(
        self, run: Run, fence: int, task_number: int, studio: _Studio
    ) -> Iterator[list[Task]]:
        """Yield the tasks a run covers and keep its total true."""
        task_ids = run.options.task_ids
        self._set(run, fence, total=task_number if task_ids is None else len(task_ids))
        seen = 0
        for page in iter_task_pages(studio, run.project_id, task_ids):
            seen += len(page)
            yield page
        self._set(run, fence, total=max(seen, len(self._store.outcomes.task_ids(run.id))))

    # Publishing

    def _publish(self, run: Run, fence: int, studio: _Studio) -> str:
        with self._writer.hold(studio.patience, run.id) as session:
            run, _ = self._drop_strangers(run, fence, studio)
            project = studio.get_project(run.project_id)
            run = self._own_label(run, fence, project, studio)
            publisher = Publisher(
                self._store,
                session,
                self._ownership.reading(studio),
                may_be_imported=self._predictor_factory.config_of(project).may_be_imported,
            )
            if run.stage is Stage.PLANNING:
                plan = replace(run.plan, writes=publisher.plan(run))
                run = self._set(run, fence, stage=Stage.CLEARING, plan=plan)
            if run.stage is Stage.CLEARING:
                publisher.clear(run)
                run = self._set(run, fence, stage=Stage.LOADING)
                publisher.load(run)
            run = self._set(run, fence, stage=Stage.VERIFYING)
            publisher.verify(run)
            note_deleted(self._store, studio, run, publisher.deleted)
            run, strangers = self._drop_strangers(run, fence, studio)
            if strangers:
                publisher.withdraw(run, strangers)
            note = f"{publisher.finish(run)} {self._ownership.clash(run)}".strip()
        whole = run.slot is Slot.ALL and run.subset is Subset.ALL and not run.plan.stopped
        if whole and not run.options.members:  # `/predict` answers with one version alone
            self._publish_version(run)
        return note

    def _own_label(self, run: Run, fence: int, project: Project, studio: _Studio) -> Run:
        """Return the run with the label it writes under, which from here on is ours."""
        ownership = self._ownership.reading(studio)
        ownership.identify(project)
        if run.stage is not Stage.PLANNING and not ownership.is_claimed(run):
            # The number of the project is another's by now: nothing that was planned holds there.
            run = self._set(run, fence, stage=Stage.PLANNING)
        label = ownership.claim_for(run, project)
        return run if label == run.label else self._set(run, fence, label=label)

    def _drop_strangers(self, run: Run, fence: int, studio: _Studio) -> tuple[Run, Collection[int]]:
        """Forget outcomes whose task id now belongs to another task, to ask those tasks again.

        On SQLite Label Studio gives the ids of deleted tasks to new ones, from the highest
        remaining id on; so while the newest task still is the same, all of them are. What a
        changed labeling config no longer takes goes as well.
        """
        newest = studio.newest_task(run.project_id)
        project = studio.get_project(run.project_id)
        # Before anything kept is held against it.
        self._identity.check_run(run, project)
        now = ProjectState(tuple(newest), _digest(project.label_config))
        before = run.plan.project
        if now == before:
            return run, ()
        strangers: set[int] = set()
        unfitting: set[int] = set()
        if before is not None:
            if now.newest_task != before.newest_task:
                strangers = self._strangers(run, studio)
            if now.config != before.config:
                config = self._predictor_factory.config_of(project)
                unfitting = self._unfitting(run, config) - strangers
            self._store.outcomes.forget_tasks(run.id, sorted(strangers))
            self._store.outcomes.forget_tasks(run.id, sorted(unfitting), unfitting=True)
        strangers |= unfitting
        plan = replace(run.plan, project=now)
        if strangers:
            log.warning("run %s: %s answers fit their tasks no more", run.id, len(strangers))
            plan = replace(plan, ask_again=True)
        return self._set(run, fence, plan=plan), strangers

    def _strangers(self, run: Run, studio: _Studio) -> set[int]:
        recipes, predictor = self._predictor(run, studio, examples=[])
        asked = self._store.outcomes.request_keys(run.id)
        found = set()
        for page in iter_task_pages(studio, recipes[0].project.id, None):
            for task in page:
                before = asked.get(task.id)
                if before is None:
                    continue
                if not asks_the_same(predictor.prepare(task).key, before):
                    found.add(task.id)
        return found

    def _unfitting(self, run: Run, config: LabelingConfig) -> set[int]:
        outcomes = self._store.outcomes.iter(run.id, ok=True)
        return {
            outcome.task_id
            for outcome in outcomes
            if isinstance(outcome, Prediction) and config.check(outcome.result)
        }

    def _publish_version(self, run: Run) -> None:
        if run.options.activate is not False:
            self._store.prompts.update(run.prompt_id, published_version_id=run.version_id)

    def _measure(self, run: Run, studio: _Studio) -> RunMetrics | None:
        evaluation = self._evaluation.reading(studio)
        if run.slot is Slot.EVALUATE:
            config = self._predictor_factory.config_of(studio.get_project(run.project_id))
            return evaluation.measure(run, config)
        try:  # it gets no score, but what differs can be looked at
            evaluation.judge(run)
        except PromptsError as error:
            log.warning("run %s: what matches is not known: %s", run.id, error)
        return run.metrics

    def _set(self, run: Run, fence: int, **values: Any) -> Run:
        """Commit a change of the run under its fence and return it as it now is."""
        if "stage" in values:
            values["stage"] = Stage(values["stage"]).value
        if not self._store.runs.change(run.id, fence, **values):
            raise Interrupted("Another process took the run over.")
        return self._store.runs.get(run.id)


def _digest(label_config: str) -> str:
    return hashlib.sha256(label_config.encode("utf-8", "surrogatepass")).hexdigest()


def _end_of(stopped: Stopped | None, note: str) -> tuple[RunStatus, str]:
    if stopped:
        return stopped.status, f"{stopped.message} {note}".strip()
    return RunStatus.COMPLETED, note


def _stopped(stopper: RunStopper | None, beat: Heartbeat) -> Stopped | None:
    if stopper is not None:
        return Stopped(RunStatus.FAILED, str(stopper))
    if beat.canceled:
        return Stopped(RunStatus.CANCELED, "Canceled; what was answered is kept and published.")
    return None
