"""Opens the doors and builds the services, each once and only when first needed."""

from __future__ import annotations

import threading
from functools import cached_property

from ml_backend.images.hosts import Reach
from ml_backend.jobs import JOB, RUN, EmbeddedEngine, Engine, Handler, LoopThread, Repeater
from ml_backend.labelstudio import CallerLabelStudio, LabelStudioClient, ServerLabelStudio
from ml_backend.services.callers.access import Access
from ml_backend.services.callers.authoring import Authoring
from ml_backend.services.callers.connections import Connections
from ml_backend.services.connecting.connect import Connecting
from ml_backend.services.connecting.disconnect import Disconnecting
from ml_backend.services.evaluation.comparison import Comparisons
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.live_accuracy import LiveAccuracy
from ml_backend.services.evaluation.results import Results
from ml_backend.services.evaluation.subset_tasks import Subsets
from ml_backend.services.events.event_worker import EventWorker
from ml_backend.services.events.events import EventQueue
from ml_backend.services.events.follow import Following
from ml_backend.services.events.start_training import StartTraining
from ml_backend.services.health.connection_check import ConnectionChecks
from ml_backend.services.health.doctor import Doctor
from ml_backend.services.inference.attachments import Attachments
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.jobs.handlers import JobHandlers
from ml_backend.services.jobs.jobs import Jobs
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.predictions.bulk_actions import Predictions
from ml_backend.services.predictions.counts import ModelVersionCounts
from ml_backend.services.predictions.deduplicate import Sweep
from ml_backend.services.predictions.delete_prompt import DeletePrompts
from ml_backend.services.predictions.provenance import Provenances
from ml_backend.services.prompts.previews import Previews
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.refining.refine import Refining
from ml_backend.services.runs.estimates import Estimates
from ml_backend.services.runs.executor import Executor
from ml_backend.services.runs.outside_worker import OutsideWorkers
from ml_backend.services.runs.report import RunReports
from ml_backend.services.runs.request_replay import RequestReplay
from ml_backend.services.runs.runs import Runs
from ml_backend.services.serving.backend import Backend
from ml_backend.services.serving.project_cache import READ_TIMEOUT
from ml_backend.services.writing.writer import SETTLE_SECONDS, Writer
from ml_backend.settings import Settings
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher

RESERVED_THREADS = 3
"""Threads of a server that no slow ``/predict`` takes: ``/setup`` and ``/health`` never wait."""

CHECK_SECONDS = 15.0
"""Seconds a provider has to answer a check."""

LOOK_EVERY = 0.5
"""Seconds between looks at events and at follows that are due."""

SWEEP_EVERY = 1.0
"""Seconds between looks at what may stand twice."""


class Container:
    """The server's parts, wired; every face takes what it needs from here."""

    def __init__(self, settings: Settings, *, settle_seconds: float = SETTLE_SECONDS) -> None:
        self.settings = settings
        self._settle_seconds = settle_seconds
        self.shutdown = threading.Event()
        """Set when this process ends: all work under way is left to others."""

    @cached_property
    def store(self) -> Store:
        self.settings.prepare_data_dir()
        return Store(self.settings.database_url, SecretCipher(self.settings.load_secret_key()))

    @cached_property
    def studio(self) -> ServerLabelStudio:
        """The Label Studio this server works for; raises InvalidInput when none is named."""
        self.settings.require_label_studio()
        return self._open_studio()

    def studio_as(self, token: str) -> CallerLabelStudio:
        """Return the same Label Studio with another token; to be closed by the caller."""
        self.settings.require_label_studio()
        return CallerLabelStudio(self.settings.label_studio_url, token)

    def _open_studio(self, timeout: float = 30.0) -> ServerLabelStudio:
        settings = self.settings
        return ServerLabelStudio(
            settings.label_studio_url, settings.label_studio_api_key, timeout=timeout
        )

    @cached_property
    def loop(self) -> LoopThread:
        return LoopThread()

    @cached_property
    def models(self) -> ModelPool:
        return ModelPool(
            self.store,
            self.settings.default_connection(),
            concurrency=self.settings.llm_max_concurrency,
            timeout=self.settings.llm_timeout,
        )

    @cached_property
    def examples(self) -> ExamplePool:
        return ExamplePool(self.store, self.studio)

    @cached_property
    def attachments(self) -> Attachments:
        """What fetches the pictures and documents of tasks."""
        return Attachments(lambda: self.studio, Reach(self.settings.image_hosts))

    @cached_property
    def predictor_factory(self) -> PredictorFactory:
        return PredictorFactory(
            self.store, self.studio, self.models, self.examples, self.attachments
        )

    @cached_property
    def prompts(self) -> Prompts:
        return Prompts(self.store, self.studio, self.models, self.predictor_factory)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.store, self.studio, self.predictor_factory)

    @cached_property
    def evaluation(self) -> Evaluation:
        return Evaluation(self.store, self.studio)

    @cached_property
    def live_accuracy(self) -> LiveAccuracy:
        return LiveAccuracy(self.store, self.studio, self.predictor_factory, self.evaluation)

    @cached_property
    def writer(self) -> Writer[ServerLabelStudio]:
        return Writer(self.store, self.studio, settle_seconds=self._settle_seconds)

    @cached_property
    def ownership(self) -> Ownership:
        """What knows which predictions are ours."""
        return Ownership(self.store, self.studio)

    @cached_property
    def predictions(self) -> Predictions[ServerLabelStudio]:
        return Predictions(self.store, self.studio, self.writer)

    @cached_property
    def sweep(self) -> Sweep:
        """What keeps one prediction per task of those ``/predict`` handed out."""
        return Sweep(self.store, self.studio, self.writer, self.predictions, self.shutdown)

    @cached_property
    def deletions(self) -> DeletePrompts:
        return DeletePrompts(self.store, self.studio, self.predictions)

    def predictions_through(self, studio: CallerLabelStudio) -> Predictions[CallerLabelStudio]:
        """Return bulk actions with a caller's rights."""
        writer = Writer(self.store, studio, settle_seconds=self._settle_seconds)
        return Predictions(self.store, studio, writer)

    # What the API's callers ask for

    @cached_property
    def access(self) -> Access:
        return Access(self.store, lambda: self.studio)

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.store, self.access, self.models)

    @cached_property
    def holdings(self) -> ModelVersionCounts:
        return ModelVersionCounts(self.store, self.access)

    @cached_property
    def connection_checks(self) -> ConnectionChecks:
        """What asks connections whether they answer, while a person waits for it."""
        return ConnectionChecks(self.loop, self.models, CHECK_SECONDS)

    @cached_property
    def authoring(self) -> Authoring:
        return Authoring(
            self.store,
            self.studio,
            self.access,
            self.prompts,
            self.predictor_factory,
            self.connections,
        )

    @cached_property
    def subsets(self) -> Subsets:
        return Subsets(self.store, self.predictor_factory)

    @cached_property
    def results(self) -> Results:
        return Results(self.store, self.predictor_factory, self.evaluation)

    @cached_property
    def previews(self) -> Previews:
        return Previews(self.store, self.predictor_factory, self.examples)

    @cached_property
    def provenances(self) -> Provenances:
        return Provenances(self.store)

    @cached_property
    def asked_messages(self) -> RequestReplay:
        return RequestReplay(self.store, self.predictor_factory)

    @cached_property
    def outside_workers(self) -> OutsideWorkers:
        return OutsideWorkers(self.store, self.predictor_factory)

    @cached_property
    def estimates(self) -> Estimates:
        return Estimates(self.store, self.predictor_factory)

    @cached_property
    def comparisons(self) -> Comparisons:
        return Comparisons(self.store, self.predictor_factory)

    @cached_property
    def run_reports(self) -> RunReports:
        return RunReports(self.store, self.runs, self.predictor_factory)

    @cached_property
    def refining(self) -> Refining:
        return Refining(self.store, self.predictor_factory, self.models, self.loop)

    @cached_property
    def job_handlers(self) -> JobHandlers:
        return JobHandlers(
            self.store, self.studio, self.deletions, self.refining, self.predictions_through
        )

    @cached_property
    def background(self) -> Jobs:
        """What goes on after its call was answered."""
        return Jobs(
            self.store,
            self.job_handlers.handlers,
            lambda job_id: self.engine.offer(JOB, job_id),
            shutdown=self.shutdown,
        )

    # Connecting projects

    @cached_property
    def connecting(self) -> Connecting:
        return self.connecting_through(self.studio)

    def connecting_through(self, studio: LabelStudioClient) -> Connecting:
        """Return what connects projects with the rights of the client's token, whosever it is."""
        settings = self.settings
        user, password = settings.basic_auth_user, settings.basic_auth_pass
        pair = (user, password) if user and password else None
        own = settings.own_address()
        return Connecting(self.store, studio, self.prompts, own=own, pair=pair)

    @cached_property
    def disconnecting(self) -> Disconnecting:
        return self.disconnecting_through(self.studio)

    def disconnecting_through(self, studio: LabelStudioClient) -> Disconnecting:
        """Return what disconnects projects with the rights of the client's token."""
        return Disconnecting(self.store, studio, own=self.settings.own_address())

    @cached_property
    def doctor(self) -> Doctor:
        """The doctor opens the parts itself: what does not open is what it reports."""
        return Doctor(
            open_store=lambda: self.store,
            open_studio=lambda: self.studio,
            open_models=lambda: self.models,
            loop=self.loop,
            address=self.settings.own_address(),
            reach=Reach(self.settings.image_hosts),
        )

    @cached_property
    def executor(self) -> Executor:
        return Executor(
            self.store,
            self.studio,
            self.models,
            self.predictor_factory,
            self.evaluation,
            self.writer,
            self.loop,
            shutdown=self.shutdown,
        )

    @cached_property
    def backend(self) -> Backend:
        """What answers Label Studio's own calls; its reads are short, for Label Studio waits."""
        _ = self.studio  # says what is missing
        return Backend(
            self.store,
            self._open_studio(READ_TIMEOUT),
            self.models,
            self.prompts,
            self.attachments,
            self.loop,
            deadline=self.settings.predict_deadline,
            at_once=max(1, self.settings.threads - RESERVED_THREADS),
            offer=self.offer_run,
        )

    @cached_property
    def engine(self) -> Engine:
        """What works on runs and jobs; the server starts it."""
        runs, jobs = self.executor, self.background
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
        return Following(self.store, self.studio, self.prompts, self.runs, offer=self.offer_run)

    @cached_property
    def repeaters(self) -> tuple[Repeater, ...]:
        """What a server does beside answering and executing runs; the server starts them."""
        return (
            Repeater("events", self.event_worker.work, every=LOOK_EVERY),
            Repeater("follow", self.follow.work, every=LOOK_EVERY),
            Repeater("sweep", self.sweep.work, every=SWEEP_EVERY),
            Repeater("labels", self.ownership.look, every=LOOK_EVERY),
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
