"""What asks models and measures their answers, for one task or the page of a project."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from ml_backend.images.hosts import Reach
from ml_backend.llm import ANYWHERE
from ml_backend.parts.doors import Doors
from ml_backend.services.callers.access import Access
from ml_backend.services.callers.authoring import Authoring
from ml_backend.services.callers.bridge import Bridge
from ml_backend.services.callers.connections import Connections
from ml_backend.services.callers.prices import CallerPrices
from ml_backend.services.callers.prompt_imports import PromptImports
from ml_backend.services.callers.version_edits import Keeping
from ml_backend.services.evaluation.comparison import Comparisons
from ml_backend.services.evaluation.comparison_grid import ComparisonGrids
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.gate import Gate
from ml_backend.services.evaluation.live_accuracy import LiveAccuracy
from ml_backend.services.evaluation.results import Results
from ml_backend.services.evaluation.subset_tasks import Subsets
from ml_backend.services.evaluation.tries import Tries
from ml_backend.services.health.connection_check import ConnectionChecks
from ml_backend.services.inference.attachments import Attachments
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.models.given_prices import GivenPrices
from ml_backend.services.models.measuring import Measuring
from ml_backend.services.models.model_catalogue import ModelCatalogue
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.models.private_endpoints import PrivateEndpoints
from ml_backend.services.models.vendor_addresses import VendorAddresses
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.previews import Previews
from ml_backend.services.prompts.prompt_files import PromptFiles
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.services.prompts.version_edits import Versions

CHECK_SECONDS = 15.0
"""Seconds a provider has to answer a check."""


class PromptParts(Doors):
    """Prompts, predictors, examples and evaluation; nothing here writes to Label Studio."""

    @cached_property
    def models(self) -> ModelPool:
        return ModelPool(
            self.store,
            self.settings.default_connection(),
            concurrency=self.settings.llm_max_concurrency,
            timeout=self.settings.llm_timeout,
            calls_per_user=self.settings.paid_calls_per_user,
            reach_of=self.private_endpoints.reach_of,
            addresses=VendorAddresses(self.settings.vendor_addresses),
        )

    @cached_property
    def model_catalogue(self) -> ModelCatalogue:
        """What is known of models: where one chooses one it is shown."""
        return ModelCatalogue(self.store, self.models)

    @cached_property
    def private_endpoints(self) -> PrivateEndpoints:
        """What knows whose connections may lead into the server's own network."""
        addresses = VendorAddresses(self.settings.vendor_addresses)
        return PrivateEndpoints(
            self.settings.private_endpoints,
            lambda: self.studio,
            addresses,
            replace(ANYWHERE, environment=self.settings.litellm_environment),
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
    def project_identity(self) -> ProjectIdentity:
        """What tells the projects that prompts were made for from others of their numbers."""
        return ProjectIdentity(self.store)

    @cached_property
    def prompt_files(self) -> PromptFiles:
        """What writes prompts as files and reads them in."""
        return PromptFiles(self.store, self.studio, self.models, self.predictor_factory)

    @cached_property
    def evaluation(self) -> Evaluation:
        return Evaluation(self.store, self.studio)

    @cached_property
    def live_accuracy(self) -> LiveAccuracy:
        return LiveAccuracy(self.store, self.studio, self.predictor_factory, self.evaluation)

    @cached_property
    def bridge(self) -> Bridge:
        """What lets people read on while Label Studio is away."""
        return Bridge()

    @cached_property
    def access(self) -> Access:
        return Access(self.store, lambda: self.studio, self.bridge)

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.store, self.access, self.models, self.private_endpoints)

    @cached_property
    def given_prices(self) -> GivenPrices:
        return GivenPrices(self.store, self.models)

    @cached_property
    def prices(self) -> CallerPrices:
        """What callers say that models cost."""
        return CallerPrices(self.access, self.given_prices)

    @cached_property
    def connection_checks(self) -> ConnectionChecks:
        """What asks connections whether they answer, while a person waits for it."""
        return ConnectionChecks(self.loop, self.models, CHECK_SECONDS)

    @cached_property
    def measuring(self) -> Measuring:
        """What finds out what a connection's model can, by asking it."""
        return Measuring(self.store, self.models, self.loop)

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
    def versions(self) -> Versions:
        """What keeps changes of versions."""
        return Versions(self.store, self.prompts)

    @cached_property
    def keeping(self) -> Keeping:
        """The same for callers, with their connections."""
        return Keeping(self.prompts, self.versions, self.authoring, self.connections)

    @cached_property
    def prompt_imports(self) -> PromptImports:
        return PromptImports(
            self.store, self.access, self.connections, self.authoring, self.prompt_files
        )

    @cached_property
    def subsets(self) -> Subsets:
        return Subsets(self.store, self.predictor_factory, self.evaluation)

    @cached_property
    def results(self) -> Results:
        return Results(self.store, self.predictor_factory, self.evaluation)

    @cached_property
    def previews(self) -> Previews:
        return Previews(self.store, self.predictor_factory, self.examples)

    @cached_property
    def tries(self) -> Tries:
        """What asks single tasks while a person waits; half of the threads stay free for others."""
        return Tries(
            self.store,
            self.predictor_factory,
            self.examples,
            self.evaluation,
            self.loop,
            at_once=max(1, self.settings.threads // 2),
        )

    @cached_property
    def comparisons(self) -> Comparisons:
        return Comparisons(self.store, self.predictor_factory, self.evaluation)

    @cached_property
    def comparison_grids(self) -> ComparisonGrids:
        """What puts versions side by side, task by task."""
        return ComparisonGrids(
            self.store, self.predictor_factory, self.evaluation, self.comparisons
        )

    @cached_property
    def gate(self) -> Gate:
        return Gate(self.store, self.predictor_factory, self.evaluation, self.comparisons)
