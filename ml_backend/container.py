"""Opens the doors and builds the services, each once and only when first needed."""

from __future__ import annotations

from functools import cached_property

from ml_backend.jobs import JOB, RUN, EmbeddedEngine, Engine, Handler, Repeater
from ml_backend.labelstudio import CallerLabelStudio, ServerLabelStudio
from ml_backend.parts.upkeep import UpkeepParts
from ml_backend.services.disputing.deciding import LabelDecisions
from ml_backend.services.disputing.disputed import DisputedLabels
from ml_backend.services.evaluation.calibrated import calibration_of_run
from ml_backend.services.events.event_queue import EventQueue
from ml_backend.services.events.event_worker import EventWorker
from ml_backend.services.events.follow import Following
from ml_backend.services.events.start_training import StartTraining
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.jobs.acceptances import AcceptanceJobs
from ml_backend.services.jobs.handlers import JobHandlers
from ml_backend.services.jobs.jobs import Jobs
from ml_backend.services.marking.one_label import LabelMarks
from ml_backend.services.prompts.from_project import ProjectPrompts
from ml_backend.services.racing.outlook import RaceOutlooks
from ml_backend.services.racing.race import Races
from ml_backend.services.refining.refine import Refining
from ml_backend.services.runs.estimates import Estimates
from ml_backend.services.runs.estimates_together import EstimatesTogether
from ml_backend.services.runs.executor import Executor
from ml_backend.services.runs.outside_worker import OutsideWorkers
from ml_backend.services.runs.report_gathering import RunReports
from ml_backend.services.runs.request_replay import RequestReplay
from ml_backend.services.runs.run_tasks import RunTasks
from ml_backend.services.runs.runs import Runs
from ml_backend.services.runs.second_opinions import SecondOpinions
from ml_backend.services.serving.backend import Backend
from ml_backend.services.serving.continuation import Continuation
from ml_backend.services.serving.deadline import Answering
from ml_backend.services.serving.gate import Gate
from ml_backend.services.serving.own_rows import OwnRows
from ml_backend.services.serving.project_cache import READ_TIMEOUT, ProjectReader
from ml_backend.services.serving.prompt_sources import PromptSources
from ml_backend.services.writing.writer import Acting

RESERVED_THREADS = 3
"""Threads of a server that no slow ``/predict`` takes: ``/setup`` and ``/health`` never wait."""

LOOK_EVERY = 0.5
"""Seconds between looks at events and at follows that are due."""

UPKEEP_EVERY = 600.0
"""Seconds between looks at what is too old to be kept."""

SWEEP_EVERY = 1.0
"""Seconds between looks at what may stand twice."""

TEND_EVERY = 3.0
"""Seconds between looks at what people label, and at what a process left that died."""


class Container(UpkeepParts):
    """The server's parts, wired; every face takes what it needs from here."""

    @cached_property
    def run_tasks(self) -> RunTasks:
        """What chooses the tasks of runs."""
        return RunTasks(self.store, self.studio, self.ownership, self.evaluation)

    @cached_property
    def runs(self) -> Runs:
        opinions = SecondOpinions(self.store, self.predictor_factory)
        return Runs(self.store, self.predictor_factory, self.ownership, self.run_tasks, opinions)

    @cached_property
    def asked_messages(self) -> RequestReplay:
        return RequestReplay(self.store, self.predictor_factory)

    @cached_property
    def outside_workers(self) -> OutsideWorkers:
        return OutsideWorkers(self.store, self.predictor_factory)

    @cached_property
    def estimates(self) -> Estimates:
        return Estimates(self.store, self.predictor_factory, self.evaluation, self.model_catalogue)

    @cached_property
    def estimates_together(self) -> EstimatesTogether:
        """What runs cost that several versions answer."""
        return EstimatesTogether(self.estimates)

    @cached_property
    def run_reports(self) -> RunReports:
        return RunReports(self.store, self.runs, self.predictor_factory, self.evaluation)

    @cached_property
    def refining(self) -> Refining:
        return Refining(self.store, self.predictor_factory, self.models, self.evaluation, self.loop)

    @cached_property
    def races(self) -> Races:
        """What finds out which model is to be taken."""
        return Races(self.store, self.predictor_factory, self.models, self.evaluation, self.loop)

    @cached_property
    def race_outlooks(self) -> RaceOutlooks:
        """What says beforehand what a race takes."""
        return RaceOutlooks(self.races, self.estimates.estimate)

    @cached_property
    def disputed_labels(self) -> DisputedLabels:
        """What finds the labels of people that sure answers dispute."""
        return DisputedLabels(
            self.store,
            self.predictor_factory,
            self.evaluation,
            lambda run: calibration_of_run(self.store, run),
        )

    @cached_property
    def label_decisions(self) -> LabelDecisions[ServerLabelStudio]:
        return self._deciding(self.studio)

    def label_decisions_through(
        self, studio: CallerLabelStudio
    ) -> LabelDecisions[CallerLabelStudio]:
        """Return what decides on disputed labels with a caller's rights."""
        return self._deciding(studio)

    def _deciding(self, studio: Acting) -> LabelDecisions[Acting]:
        marks = LabelMarks(self.store, studio, self.predictor_factory, self.marks_changed)
        return LabelDecisions(self.store, studio, self.disputed_labels, marks)

    @cached_property
    def executor(self) -> Executor:
        return Executor(
            self.store,
            self.studio,
            self.models,
            self.predictor_factory,
            self.evaluation,
            self.writer,
            self.ownership,
            self.loop,
            shutdown=self.shutdown,
        )

    @cached_property
    def job_handlers(self) -> JobHandlers:
        return JobHandlers(
            self.store,
            self.studio,
            self.deletions,
            self.refining,
            self.races,
            self.predictions_through,
            self.marks_through,
            AcceptanceJobs(self.store, self.accepting_through, self.take_back_through),
        )

    @cached_property
    def jobs(self) -> Jobs:
        """What goes on after its call was answered."""
        return Jobs(
            self.store,
            self.job_handlers.handlers,
            lambda job_id: self.engine.offer(JOB, job_id),
            shutdown=self.shutdown,
        )

    @cached_property
    def engine(self) -> Engine:
        """What works on runs and jobs; the server starts it."""
        runs, jobs = self.executor, self.jobs
        return EmbeddedEngine(
            {
                RUN: Handler(runs.execute, self.store.runs.claimable),
                # A caller waits for it, and of those whose process died one at a time will do.
                JOB: Handler(jobs.do_job, self.store.jobs.claimable, width=1, at_once=True),
            }
        )

    def offer_run(self, run_id: int) -> None:
        """Have a run executed, by this process or whoever is first."""
        self.engine.offer(RUN, run_id)

    @cached_property
    def backend(self) -> Backend:
        """What answers Label Studio's own calls; its reads are short, for Label Studio waits."""
        _ = self.studio  # says what is missing
        studio = self._open_studio(READ_TIMEOUT)
        examples = ExamplePool(self.store, studio)
        reader = ProjectReader(self.store, studio)
        written = ProjectPrompts(self.store, self.models)
        continuing = Continuation(self.store)
        at_once = max(1, self.settings.threads - RESERVED_THREADS)
        return Backend(
            self.store,
            studio,
            PredictorFactory(self.store, studio, self.models, examples, self.attachments),
            examples,
            self.ownership.reading(studio),
            reader,
            PromptSources(self.store, self.prompts, written, reader.instruction),
            Gate(self.store, OwnRows(self.store, studio, self.settings.own_address())),
            continuing,
            Answering(self.store, self.models, continuing, self.loop, at_once=at_once),
            deadline=self.settings.predict_deadline,
            offer=self.offer_run,
        )

    @cached_property
    def events(self) -> EventQueue:
        """What hears Label Studio's events."""
        return EventQueue(self.store)

    @cached_property
    def event_worker(self) -> EventWorker:
        """What becomes of Label Studio's events."""
        training = StartTraining(
            self.store,
            self.studio,
            self.backend.sources,
            self.backend.gate,
            self.runs,
            offer=self.offer_run,
        )
        return EventWorker(
            self.store,
            self.studio,
            self.events,
            self.predictor_factory,
            self.examples,
            self.evaluation,
            training,
            pool_changed=lambda: self.backend.forget_examples(),
        )

    @cached_property
    def follow(self) -> Following:
        """What predicts new tasks by itself, where a person asked for that."""
        return Following(
            self.store,
            self.studio,
            self.prompts,
            self.runs,
            self.follow_checks,
            offer=self.offer_run,
        )

    @cached_property
    def repeaters(self) -> tuple[Repeater, ...]:
        """What a server does beside answering and executing runs; the server starts them."""
        return (
            Repeater("events", self.event_worker.work, every=LOOK_EVERY),
            Repeater("follow", self.follow.work, every=LOOK_EVERY),
            Repeater("checks", self.follow_checks.work, every=TEND_EVERY),
            Repeater("review", self.review_first.work, every=TEND_EVERY),
            Repeater("sweep", self.sweep.work, every=SWEEP_EVERY),
            Repeater("promises", self.promise_samples.work, every=TEND_EVERY),
            Repeater("acceptances", self.reading_back.work, every=TEND_EVERY),
            Repeater("labels", self.ownership.look, every=LOOK_EVERY),
            Repeater("upkeep", self.upkeep.work, every=UPKEEP_EVERY),
        )

    def close(self, timeout: float = 0.0) -> bool:
        """Stop the engine and let the runs under way be taken over at once.

        Returns whether all of them were let go within ``timeout`` seconds; what was not is taken
        over when its claim ends.
        """
        for repeater in self.__dict__.get("repeaters", ()):
            repeater.stop()
        if "event_worker" in self.__dict__:
            self.event_worker.close()
        self.shutdown.set()
        idle = "engine" not in self.__dict__ or self.engine.stop(timeout)
        if idle and "attachments" in self.__dict__:
            self.attachments.close()
        return idle
