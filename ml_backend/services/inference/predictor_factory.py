"""Everything a version needs to answer one project's tasks, gathered and checked in one place."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

from ml_backend.errors import ConfigError, InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.config_notes import notes_of
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.llm.as_sent import as_sent
from ml_backend.llm.model import LOGPROBS
from ml_backend.llm.prices import Price
from ml_backend.prompting import template
from ml_backend.records import (
    ConfidenceWay,
    Connection,
    Example,
    JsonObject,
    Person,
    PromptVersion,
    ProviderName,
    Run,
)
from ml_backend.services.inference.attachments import Attachments
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.few_shot_examples import FewShotExamples, build_shots
from ml_backend.services.inference.predictor import Predictor, PredictorInputs
from ml_backend.services.inference.self_consistency import sampled
from ml_backend.services.models.allowance import Allowance
from ml_backend.services.models.budgets import Budget, BudgetGuard, price_of
from ml_backend.services.models.model_catalogue import ModelCatalogue
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.writing.patient_studio import ServerReader
from ml_backend.store import Store

log = logging.getLogger(__name__)


class PredictorFactory:
    """Builds predictors; the one place that knows what a prediction depends on."""

    def __init__(
        self,
        store: Store,
        studio: ServerReader,
        models: ModelPool,
        examples: ExamplePool,
        attachments: Attachments,
    ) -> None:
        self._store = store
        self._studio = studio
        self._models = models
        self._examples = examples
        self._attachments = attachments
        self._identity = ProjectIdentity(store)
        self._catalogue = ModelCatalogue(store, models)

    def reading(self, studio: ServerReader) -> PredictorFactory:
        """The same, reading Label Studio by another client."""
        examples = ExamplePool(self._store, studio)
        return PredictorFactory(self._store, studio, self._models, examples, self._attachments)

    def config_of(self, project: Project) -> LabelingConfig:
        """Return a project's labeling config; raises ConfigError when none of it is answerable."""
        if not project.label_config.strip() or project.label_config.strip() == "<View></View>":
            raise ConfigError(
                f"Project {project.title!r} has no labeling config.",
                field="project",
                fix="Set one up in Label Studio: Settings > Labeling Interface.",
            )
        config = LabelingConfig.parse(project.label_config)
        config.require_answerable()
        return config

    def known_variables(self, project: Project, config: LabelingConfig) -> frozenset[str]:
        """Return the task data keys a prompt may name."""
        return frozenset(config.input_fields) | frozenset(self._studio.data_columns(project.id))

    def notes(self, studio: LabelStudioReader, project: Project) -> list[str]:
        """Return what people should know of a project's labeling config, [] mostly."""
        config = self.config_of(project)
        if not notes_of(config, [""]):  # whatever the tasks have: Label Studio need not be asked
            return []
        return notes_of(config, studio.data_columns(project.id))

    def recipe(self, project: Project, version: PromptVersion) -> PredictorInputs:
        """Gather and check; raises what is wrong before any task is asked or paid for."""
        config = self.config_of(project)
        known = self.known_variables(project, config)
        if not version.is_lenient:
            template.check(version.text, known)
        return self.inputs(project, version, config, known)

    def inputs(
        self,
        project: Project,
        version: PromptVersion,
        config: LabelingConfig,
        known: frozenset[str],
    ) -> PredictorInputs:
        """Return the inputs for a config and variables that the caller has checked."""
        connection, model = self._models.of_version(version)
        return PredictorInputs(project, config, known, connection, model)

    def way_of(self, version: PromptVersion) -> ConfidenceWay:
        """Return how a version asks for confidence, AUTO being decided.

        Asks nobody: what a model gives is looked up. NONE asks for nothing, and takes what comes.
        Several answers are each asked as one alone is: so the first may be there already.
        """
        way, is_baseline = version.confidence, version.provider is ProviderName.BASELINE
        if way is ConfidenceWay.NONE or is_baseline:
            return ConfidenceWay.NONE
        if way is ConfidenceWay.AUTO:
            connection = self._models.asked_by(version.provider, version.connection_id)
            is_asked = version.parameters.get(LOGPROBS) is True
            known = is_asked or self._catalogue.gives_logprobs(connection, version.model)
            way = ConfidenceWay.LOGPROBS if known else ConfidenceWay.RATED
        return way

    def as_sent(
        self,
        version: PromptVersion,
        messages: Sequence[JsonObject],
        schema: JsonObject | None,
    ) -> tuple[tuple[JsonObject, ...], str]:
        """Return messages as the version's model is sent them, and what to know of that."""
        connection = self._models.connection(version.provider, version.connection_id)
        forms, connection = self._store.answer_forms, self._models.as_asked(connection)
        return as_sent(forms, connection, version.model, messages, schema)

    def predictor(
        self,
        recipe: PredictorInputs,
        version: PromptVersion,
        *,
        examples: list[Example] | None = None,
        budget: float | Budget | None = None,
        spent: float = 0.0,
        run: Run | None = None,
        person: Person | None = None,
        evaluated: Collection[int] = (),
        samples: int = 1,
    ) -> Predictor:
        """Return what answers the tasks; reads the example pool when it is needed.

        ``spent`` is what ``run`` has cost so far of its ``budget``; see ``guard`` for the person.
        ``evaluated`` are the tasks
        whose ground truth the answers will be measured on, ``samples`` the answers asked of each.
        Raises AnotherProject where the version's prompt was made for another one of this number.
        """
        self._identity.check(version.prompt_id, recipe.project)
        if samples > 1:
            version = replace(version, parameters=sampled(version.parameters))
        guard = self.guard(recipe, version, budget=budget, spent=spent, run=run, person=person)
        is_baseline = recipe.connection.provider is ProviderName.BASELINE
        few_shot = bool(version.max_few_shot_examples) and not is_baseline
        if examples is None:
            examples = []
            if is_baseline or few_shot:
                examples = self._examples.refresh(recipe.project.id, recipe.config)
            if is_baseline:
                self.require_examples(recipe.project, examples)
        shots = None
        if few_shot and examples:
            shots = self._shots(recipe, version, examples, evaluated)
        return Predictor(
            recipe,
            version,
            self._models,
            self._attachments,
            guard,
            examples=examples if is_baseline else (),
            shots=shots,
            samples=samples,
            sure=self.way_of(version),
        )

    def predictors(
        self,
        asked: Sequence[tuple[PredictorInputs, PromptVersion]],
        *,
        run: Run,
        spent: float = 0.0,
        examples: list[Example] | None = None,
        evaluated: Collection[int] = (),
    ) -> list[Predictor]:
        """Return what answers the tasks of a run, version by version, within one budget.

        Several answers of a task are asked of the first alone.
        """
        limit = run.options.budget
        budget: float | Budget | None = limit
        if limit is not None and len(asked) > 1:
            prices = [price_of(recipe.connection, version.model) for recipe, version in asked]
            known = None if None in prices else prices[0]
            budget = Budget.require(limit, known, spent, store=self._store, run_id=run.id)
        return [
            self.predictor(
                recipe,
                version,
                examples=examples,
                budget=budget,
                spent=spent,
                run=run,
                evaluated=evaluated,
                samples=1 if at else run.options.samples,
            )
            for at, (recipe, version) in enumerate(asked)
        ]

    def guard(
        self,
        recipe: PredictorInputs,
        version: PromptVersion,
        *,
        budget: float | Budget | None,
        spent: float,
        run: Run | None = None,
        person: Person | None = None,
    ) -> BudgetGuard:
        """Return what keeps a run within budgets; raises InvalidInput where that cannot be.

        A ``budget`` that is one already is shared with others.

        It is asked for ``person``, whoever started the run, or else whose prompt it is.
        """
        price = price_of(recipe.connection, version.model)
        purse = self._models.purse(recipe.connection)
        purse.flush()
        run_id = run.id if run is not None else None
        if not isinstance(budget, Budget):
            budget = Budget.require(budget, price, spent, store=self._store, run_id=run_id)
        return BudgetGuard.require(
            purse,
            price,
            parameters=version.parameters,
            budget=budget,
            prompt=(version.id, version.model),
            calls=self._calls(recipe.connection, version, price, run, person),
        )

    def _calls(
        self,
        connection: Connection,
        version: PromptVersion,
        price: Price | None,
        run: Run | None,
        person: Person | None,
    ) -> Allowance | None:
        paid = self._models.paid_calls
        if not paid.limit:
            return None
        starter = run.created_by if run is not None else person
        owner = starter or self._store.prompts.get(version.prompt_id).created_by
        return paid.of(owner, connection, price)

    def _shots(
        self,
        recipe: PredictorInputs,
        version: PromptVersion,
        pool: list[Example],
        evaluated: Collection[int],
    ) -> FewShotExamples:
        shots = build_shots(
            recipe.config,
            version,
            recipe.known,
            pool,
            revision=self._store.examples.revision(recipe.project.id),
            evaluated=evaluated,
        )
        log.info(
            "project %s, version %s: few-shot examples from %s annotated tasks, pool revision %s",
            recipe.project.id,
            version.id,
            shots.pool.examples,
            shots.pool.revision,
        )
        return shots

    @staticmethod
    def require_examples(project: Project, examples: list[Example]) -> None:
        """Raise InvalidInput when the offline baseline has nothing to learn from."""
        if not examples:
            raise InvalidInput(
                f"The offline baseline answers from annotated tasks, and project "
                f"{project.title!r} has none.",
                field="project",
                fix="Annotate some tasks in Label Studio, or set OPENAI_API_KEY for a real model.",
            )
