"""What the ML backend protocol needs: which version serves a project, and predicting a batch.

It answers Label Studio while Label Studio waits, and so never depends on being answered by it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ml_backend.data_paths import top_key
from ml_backend.errors import AnswerError, LabelStudioError, NotFound, PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.prompting import template
from ml_backend.records import (
    Example,
    ExampleSource,
    Failure,
    Outcome,
    Prediction,
    Prompt,
    PromptVersion,
    ProviderName,
    Slot,
    Task,
    is_same_project,
    read_moment,
)
from ml_backend.services.connecting.project_secrets import OPERATOR, Bearer
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.predictor import Predictor
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.predictions.provenance import sources_of
from ml_backend.services.project_identity import AnotherProject, ProjectIdentity
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.publishing.ownership import Ownership, label_of
from ml_backend.services.recent import Recent
from ml_backend.services.serving.answers import Answers, Serving
from ml_backend.services.serving.blind import in_places, require_shown, shown_tasks
from ml_backend.services.serving.contacts import Contacts
from ml_backend.services.serving.continuation import Continuation, covers
from ml_backend.services.serving.deadline import Answering
from ml_backend.services.serving.gate import Gate, as_connected
from ml_backend.services.serving.project_cache import REMEMBER_SECONDS, ProjectReader, asked_about
from ml_backend.services.serving.prompt_sources import (
    LARGEST_ID,
    Address,
    PromptSources,
    typed_prompt,
    typed_regions,
)
from ml_backend.services.serving.served_report import report
from ml_backend.store import Store

log = logging.getLogger(__name__)

Chosen = tuple[Prompt, PromptVersion] | NotFound | AnotherProject

TINY_CONFIG = (
    '<View><Text name="text" value="$text"/><TextArea name="answer" toName="text"/></View>'
)
INTERACTIVE = "interactive prompt"
"""The model version of answers to a prompt that was typed for them and is kept nowhere."""

CONNECTING = "(being connected)"
"""What ``/setup`` says while Label Studio does not have the connection yet that asks."""


class Backend:
    """Serves the projects that Label Studio connected; what it is handed reads Label Studio with a
    short timeout.

    Batches that find no room go on in the background: ``offer`` has a run executed.
    """

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        predictor_factory: PredictorFactory,
        examples: ExamplePool,
        ownership: Ownership,
        reader: ProjectReader,
        sources: PromptSources,
        gate: Gate,
        continuing: Continuation,
        answering: Answering,
        *,
        deadline: float,
        offer: Callable[[int], None] = lambda run_id: None,
    ) -> None:
        self._store = store
        self._studio = studio
        self._predictor_factory = predictor_factory
        self._examples = examples
        self._ownership = ownership
        self._reader = reader
        self.gate = gate
        self._continuing = continuing
        self._answering = answering
        self._deadline = deadline
        self._offer = offer
        self._pools: Recent[tuple[int, str], list[Example]] = Recent(REMEMBER_SECONDS, 4)
        self._predictors: Recent[tuple[object, ...], Predictor] = Recent(REMEMBER_SECONDS, 16)
        self._contacts = Contacts(store)
        self._identity = ProjectIdentity(store)
        self.sources = sources
        self.answered: Counter[str] = Counter()
        """Tasks asked for since start, by "ok", failure kind or "not_reached"."""

    def setup(
        self,
        project_id: int,
        address: Address,
        *,
        extra_params: object,
        label_config: str,
        host: str = "",
        made_at: datetime | None = None,
        bearer: Bearer = OPERATOR,
    ) -> str:
        """Remember what a connection said; return the model version that predictions will have.

        Reads the store alone, but for what was never read before: the labeling instructions and
        the task columns a prompt names beside the config's. These it waits a second for at most.
        Without a secret nothing is kept but what Label Studio says of the connection itself.
        Raises what a labeler must mend before predictions can work, and Forbidden.
        """
        self.gate.admit(bearer, project_id)
        keep = self.gate.is_believed(bearer, project_id, address, host, extra_params)
        if keep and address.prompt:  # raises for what is not there: of that nothing is kept
            self.sources.version_for(project_id, address, extra_params)
        if keep:
            said = {"extra_params": extra_params, "label_config": label_config, "host": host}
            self._contacts.remember(project_id, address, made_at, said)
        self._reader.look_soon(project_id, made_at)
        prompt, version = self.sources.version_for(project_id, address, extra_params, keep=keep)
        self.gate.require_key(bearer, project_id, version)
        config = self._predictor_factory.config_of(asked_about(None, project_id, label_config))
        if not version.is_lenient and not _is_covered(version.text, config.input_fields):
            columns = self._reader.columns_soon(project_id)
            if columns:
                template.check(version.text, columns | set(config.input_fields))
        return self._ownership.name(prompt, version, Slot.ALL, project_id) if keep else CONNECTING

    def labels(self, address: Address, bearer: Bearer = OPERATOR) -> list[str]:
        """Return the model versions an address can write where their names are free, oldest first.

        Label Studio does not say for which project it asks: the secret does.
        """
        found = self.sources.versions_at(address, self.gate.projects_of(bearer))
        return [label_of(*each, Slot.ALL) for each in found]

    def predict(
        self,
        project_id: int,
        address: Address,
        tasks: Sequence[Task],
        *,
        label_config: str = "",
        context: object = None,
        host: str = "",
        made_at: datetime | None = None,
        bearer: Bearer = OPERATOR,
    ) -> Answers:
        """Answer tasks within the deadline; a failed or unreached one costs itself alone.

        What was not reached goes on as a run in the background; ``context``, when there is one,
        says that a person waits for the answer in the editor: then nothing does, and a failure is
        raised as AnswerError. Also raises what makes every task fail alike: an unknown project, no
        prompt, a config or text that cannot be used, RunStopper when the model refuses before any
        task is answered, and Forbidden.
        """
        until, began = time.monotonic() + self._deadline, datetime.now(UTC)
        open_row = self.gate.enter(bearer, project_id, address, host, label_config)
        assumed = self._identity.known(project_id)
        contact = as_connected(self._contacts.find(project_id, address, assumed), open_row)
        # First of all: reading the project may bring new instructions, and Label Studio was just
        # told the version of those before.
        chosen = self._choose(project_id, address, assumed, contact.get("extra_params"))
        known_project = self._reader.project(project_id, made_at)
        read_at = read_moment(known_project.created_at) if known_project is not None else None
        if read_at is not None and not (assumed and is_same_project(assumed, read_at)):
            # It is another than we thought: what was kept of that one is not its.
            contact = as_connected(self._contacts.find(project_id, address, read_at), open_row)
            chosen = self._choose(project_id, address, read_at, contact.get("extra_params"))
        label_config = label_config or contact.get("label_config") or ""
        project = asked_about(known_project, project_id, label_config)
        serving = self._serving(project, chosen, context)
        self.gate.require_key(bearer, project_id, serving.version)
        predictor = self._predictor(project, serving.version, tasks)
        asked = shown_tasks(self._store, project_id, tasks)
        if context is not None:
            require_shown(asked, tasks)
            return self._answer_person(predictor, project_id, serving, tasks, until)
        outcomes, stopped = self._answering.answer(
            predictor, project_id, serving.version, asked, until
        )
        if any(isinstance(outcome, Prediction) for outcome in outcomes):
            serving = self._claim(serving, project_id, known_project)
        self._keep(project_id, serving, outcomes, began, predictor.few_shot)
        if not stopped:
            self._go_on(project_id, serving, asked, outcomes)
        self._report(project_id, serving.label, outcomes)
        return Answers(serving.label, in_places(tasks, asked, outcomes))

    def forget_examples(self) -> None:
        """Read the examples again before the next answer that needs them."""
        self._pools.clear()
        self._predictors.clear()

    def warm_up(self) -> None:
        """Import what the first task needs and look whether Label Studio answers; logs how."""
        LabelingConfig.parse(TINY_CONFIG).check([])
        try:
            log.info("Label Studio %s answers at %s", self._studio.version(), self._studio.url)
        except LabelStudioError as error:
            log.warning("%s", error)

    # What a prediction depends on

    def _choose(
        self, project_id: int, address: Address, made_at: datetime | None, extra_params: object
    ) -> Chosen:
        """Return what the stored sources give; an error may not matter, if a prompt is typed."""
        try:
            return self.sources.version_for(project_id, address, extra_params, made_at)
        except (NotFound, AnotherProject) as error:
            return error

    def _serving(self, project: Project, chosen: Chosen, context: object) -> Serving:
        areas = self._predictor_factory.config_of(project).prompt_areas
        typed = typed_prompt(context, list(areas)) if context is not None else ""
        if typed:
            like = None if isinstance(chosen, PromptsError) else chosen[1]
            return self._typed(typed, areas, context, like)
        if isinstance(chosen, PromptsError):
            raise chosen
        prompt, version = chosen
        label = self._ownership.name(prompt, version, Slot.ALL, project.id)
        return Serving(prompt, version, label)

    def _typed(
        self, text: str, areas: Mapping[str, str], context: object, like: PromptVersion | None
    ) -> Serving:
        version = self.sources.ephemeral(text, like)
        return Serving(None, version, INTERACTIVE, typed_regions(context, areas))

    def _predictor(
        self, project: Project, version: PromptVersion, tasks: Sequence[Task]
    ) -> Predictor:
        config = self._predictor_factory.config_of(project)
        known = frozenset(config.input_fields).union(*(task.data for task in tasks))
        if not version.is_lenient and not _is_covered(version.text, known):
            # A key that these tasks lack by chance, others may have.
            known |= self._reader.columns(project.id)
        if not version.is_lenient:
            template.check(version.text, known)
        digest = hashlib.sha256(project.label_config.encode("utf-8", "surrogatepass")).hexdigest()
        key = (project.id, version.id, version.updated_at, version.text, digest, known)
        return self._predictors.get(
            key, lambda: self._build(project, version, config, known, digest)
        )

    def _build(
        self,
        project: Project,
        version: PromptVersion,
        config: LabelingConfig,
        known: frozenset[str],
        digest: str,
    ) -> Predictor:
        OwnKeys(self._store).require_project(version, project.id)
        recipe = self._predictor_factory.inputs(project, version, config, known)
        examples: list[Example] = []
        is_baseline = recipe.connection.provider is ProviderName.BASELINE
        if is_baseline or version.max_few_shot_examples:
            examples = self._pools.get((project.id, digest), lambda: self._pool(project, config))
        if is_baseline:
            self._predictor_factory.require_examples(project, examples)
        return self._predictor_factory.predictor(recipe, version, examples=examples)

    def _pool(self, project: Project, config: LabelingConfig) -> list[Example]:
        try:
            examples = self._examples.refresh(project.id, config)
        except LabelStudioError as error:
            log.warning("project %s: examples not refreshed: %s", project.id, error.message)
            examples = self._examples.of_project(project.id)
        return examples

    # Answering

    def _answer_person(
        self,
        predictor: Predictor,
        project_id: int,
        serving: Serving,
        tasks: Sequence[Task],
        until: float,
    ) -> Answers:
        """Answer the editor: what is typed there is tried, and nothing of it is kept.

        Failures of a stored prompt are noted: Label Studio's editor does not show the error.
        """
        outcomes, _ = self._answering.ask(predictor, tasks, until)
        failures = [each for each in outcomes if isinstance(each, Failure)]
        if serving.prompt is not None:
            known = [each for each in failures if 0 < each.task_id <= LARGEST_ID]
            self._store.served.add_failures(project_id, serving.label, known)
        for failure in failures:
            raise AnswerError(f"No prediction for task {failure.task_id}: {failure.message}")
        if any(outcome is None for outcome in outcomes):
            raise AnswerError("No prediction in time; try again.")
        echo = list(serving.echo)
        return Answers(
            serving.label,
            tuple(
                replace(each, result=[*each.result, *echo])
                if isinstance(each, Prediction)
                else each
                for each in outcomes
            ),
        )

    # Bookkeeping

    def _keep(
        self,
        project_id: int,
        serving: Serving,
        outcomes: Sequence[Outcome | None],
        began: datetime,
        few_shot: ExampleSource | None,
    ) -> None:
        known = [each for each in outcomes if each is not None and 0 < each.task_id <= LARGEST_ID]
        good = [each for each in known if isinstance(each, Prediction)]
        failures = [each for each in known if isinstance(each, Failure)]
        label, ids = serving.label, [each.task_id for each in good]
        sources = sources_of(good, label, serving.version, began, few_shot)
        self._store.served.add(project_id, label, ids, decided_at=began, sources=sources)
        self._store.served.add_failures(project_id, label, failures)

    def _go_on(
        self,
        project_id: int,
        serving: Serving,
        tasks: Sequence[Task],
        outcomes: Sequence[Outcome | None],
    ) -> None:
        """Start a run for the tasks that were not reached and that no open run will answer."""
        runs = [
            run
            for run in self._continuing.open_runs(project_id, serving.version)
            if run.slot is Slot.ALL
        ]
        left = {
            task.id
            for task, outcome in zip(tasks, outcomes, strict=True)
            if outcome is None and 0 < task.id <= LARGEST_ID
            if not any(covers(run, task.id) for run in runs)
        }
        if left and serving.prompt is not None:
            version = serving.version
            way = self._predictor_factory.way_of(version)
            run = self._continuing.go_on(
                project_id, serving.prompt, version, serving.label, sorted(left), way
            )
            log.info("project %s: run %s goes on with %d tasks", project_id, run.id, len(left))
            self._offer(run.id)

    def _claim(self, serving: Serving, project_id: int, project: Project | None) -> Serving:
        """Return what serves with the label that predictions go out under, ours from now on."""
        assert serving.prompt is not None  # nosec B101  # a typed one is tried and given to a person alone
        found = (serving.prompt, serving.version, Slot.ALL, project_id, project)
        return replace(serving, label=self._ownership.claim(*found))

    def _report(self, project_id: int, label: str, outcomes: Sequence[Outcome | None]) -> None:
        self.answered.update(report(project_id, label, outcomes))


def _is_covered(text: str, known: Sequence[str] | frozenset[str]) -> bool:
    return {top_key(name) for name in template.variables(text)} <= set(known)
