"""Opens the doors and builds the services, each once and only when first needed."""

from __future__ import annotations

from functools import cached_property

from ml_backend.errors import InvalidInput
from ml_backend.jobs import EmbeddedEngine, LoopThread
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.services.evaluate import Evaluation
from ml_backend.services.examples import Examples
from ml_backend.services.execute import Executor
from ml_backend.services.models import Models
from ml_backend.services.prompts import Prompts
from ml_backend.services.recipes import Recipes
from ml_backend.services.runs import Runs
from ml_backend.services.writer import SETTLE_SECONDS, Writer
from ml_backend.settings import Settings
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher


class Container:
    """The server's parts, wired; every face takes what it needs from here."""

    def __init__(self, settings: Settings, *, settle_seconds: float = SETTLE_SECONDS) -> None:
        self.settings = settings
        self._settle_seconds = settle_seconds

    @cached_property
    def store(self) -> Store:
        self.settings.prepare_data_dir()
        return Store(self.settings.database_url, SecretCipher(self.settings.load_secret_key()))

    @cached_property
    def studio(self) -> LabelStudioDoor:
        """The Label Studio this server works for; raises InvalidInput when none is named."""
        for name, value, fix in (
            (
                "LABEL_STUDIO_URL",
                self.settings.label_studio_url,
                "Set it to your Label Studio's address, for example http://localhost:8080.",
            ),
            (
                "LABEL_STUDIO_API_KEY",
                self.settings.label_studio_api_key,
                "Copy a personal access token from Label Studio: Account & Settings.",
            ),
        ):
            if not value:
                raise InvalidInput(f"{name} is not set.", field=name, fix=fix)
        return LabelStudioDoor(self.settings.label_studio_url, self.settings.label_studio_api_key)

    @cached_property
    def loop(self) -> LoopThread:
        return LoopThread()

    @cached_property
    def models(self) -> Models:
        return Models(
            self.store,
            self.settings.default_connection(),
            concurrency=self.settings.llm_max_concurrency,
            timeout=self.settings.llm_timeout,
        )

    @cached_property
    def examples(self) -> Examples:
        return Examples(self.store, self.studio)

    @cached_property
    def recipes(self) -> Recipes:
        return Recipes(self.store, self.studio, self.models, self.examples)

    @cached_property
    def prompts(self) -> Prompts:
        return Prompts(self.store, self.studio, self.models, self.recipes)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.store, self.studio, self.recipes)

    @cached_property
    def evaluation(self) -> Evaluation:
        return Evaluation(self.store, self.studio)

    @cached_property
    def writer(self) -> Writer:
        return Writer(self.store, self.studio, settle_seconds=self._settle_seconds)

    @cached_property
    def executor(self) -> Executor:
        return Executor(
            self.store,
            self.studio,
            self.models,
            self.recipes,
            self.evaluation,
            self.writer,
            self.loop,
        )

    @cached_property
    def engine(self) -> EmbeddedEngine:
        return EmbeddedEngine(self.store.runs.claimable, self.executor.execute)

    def close(self) -> None:
        """Stop the engine and let the runs under way be taken over at once."""
        if "engine" in self.__dict__:
            self.engine.stop()
        if "executor" in self.__dict__:
            self.executor.shutdown.set()
