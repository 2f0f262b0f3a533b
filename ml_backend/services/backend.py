"""What the ML backend protocol needs: which version serves a project, and predicting a batch.

It answers Label Studio while Label Studio waits, and so never depends on being answered by it:
what it reads there is read with a short timeout, remembered for a minute, and done without when
Label Studio is busy.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from ml_backend.errors import LabelStudioError, LabelStudioNotFound, LabelStudioUnreachable
from ml_backend.jobs import LoopThread
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioDoor, Project
from ml_backend.prompting import template
from ml_backend.records import (
    Example,
    Failure,
    FailureKind,
    Outcome,
    Prediction,
    Prompt,
    PromptVersion,
    ProviderName,
    Slot,
    Task,
)
from ml_backend.services.batch import Batch, unexpected
from ml_backend.services.examples import Examples
from ml_backend.services.models import Models
from ml_backend.services.predict import Predictor, Question
from ml_backend.services.prompts import Prompts, label_of
from ml_backend.services.recent import Recent
from ml_backend.services.recipes import Recipe, Recipes
from ml_backend.services.sources import LARGEST_ID, Address, Sources
from ml_backend.store import CachedAnswer, Store

log = logging.getLogger(__name__)

READ_TIMEOUT = 8.0
"""Seconds a read of Label Studio may take while Label Studio waits for our answer."""

SETUP_PATIENCE = 1.0
"""… and while it waits for ``/setup``, which it gives 3 s."""

REMEMBER_SECONDS = 60.0
REFUSE_SECONDS = 10.0
TINY_CONFIG = (
    '<View><Text name="text" value="$text"/><TextArea name="answer" toName="text"/></View>'
)
# What a model said of a task may quote it, and logs never hold task texts.
QUOTES_THE_TASK = frozenset({FailureKind.INVALID_ANSWER, FailureKind.REFUSED})


@dataclass(frozen=True, slots=True)
class Answers:
    """One outcome for each task asked for, in their order; None was not reached."""

    label: str
    outcomes: tuple[Outcome | None, ...]


class Backend:
    """Serves the projects that Label Studio connected; ``studio`` should have a short timeout."""

    def __init__(
        self,
        store: Store,
        studio: LabelStudioDoor,
        models: Models,
        prompts: Prompts,
        loop: LoopThread,
        *,
        deadline: float,
    ) -> None:
        self._store = store
        self._studio = studio
        self._models = models
        self._loop = loop
        self._deadline = deadline
        self._examples = Examples(store, studio)
        self._recipes = Recipes(store, studio, models, self._examples)
        self._reader = ThreadPoolExecutor(2, thread_name_prefix="setup-reads")
        self._projects: Recent[int, Project] = Recent(REMEMBER_SECONDS)
        self._refused: Recent[int, LabelStudioNotFound] = Recent(REFUSE_SECONDS)
        self._columns: Recent[int, frozenset[str]] = Recent(REMEMBER_SECONDS)
        self._pools: Recent[tuple[int, str], list[Example]] = Recent(REMEMBER_SECONDS, 4)
        self._predictors: Recent[tuple[object, ...], Predictor] = Recent(REMEMBER_SECONDS, 16)
        self.sources = Sources(store, prompts)
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
    ) -> str:
        """Remember what a connection said; return the model version that predictions will have.

        Reads the store alone, but for the task columns a prompt names beside the config's: these
        it waits a second for at most. Raises what a labeler must mend before predictions can work.
        """
        self._remember(project_id, address, extra_params, label_config, host)
        prompt, version = self.sources.version_for(project_id, address, extra_params)
        config = self._recipes.config_of(_project(None, project_id, label_config))
        if not _is_covered(version.text, config.input_fields):
            columns = self._columns_soon(project_id)
            if columns:
                template.check(version.text, columns | set(config.input_fields))
        return self._register(prompt, version)

    def labels(self, address: Address) -> list[str]:
        """Return the model versions an address can write, oldest first."""
        return [label_of(*found, Slot.ALL) for found in self.sources.versions_at(address)]

    def predict(
        self,
        project_id: int,
        address: Address,
        tasks: Sequence[Task],
        *,
        label_config: str = "",
    ) -> Answers:
        """Answer tasks within the deadline; a failed or unreached one costs itself alone.

        Raises what makes every task fail alike: an unknown project, no prompt, a config or text
        that cannot be used, and RunStopper when the model refuses before any task is answered.
        """
        until = time.monotonic() + self._deadline
        known_project = self._known_project(project_id)
        contact = self._store.contacts.find(project_id, address.path) or {}
        extra_params = contact.get("extra_params")
        prompt, version = self.sources.version_for(project_id, address, extra_params)
        project = _project(known_project, project_id, label_config or contact.get("label_config"))
        predictor = self._predictor(project, version, tasks)
        label = self._register(prompt, version)
        outcomes: Sequence[Outcome | None] = [None] * len(tasks)
        if not self._store.runs.publishing(project_id):
            outcomes = self._ask(predictor, tasks, until)
        # A run that began to publish meanwhile would find rows it knows nothing of; the answers
        # are kept, so that asking again later is free.
        if self._store.runs.publishing(project_id):
            log.info("project %s: a run is publishing, so no prediction is given out", project_id)
            outcomes = [None] * len(tasks)
        good = [each.task_id for each in outcomes if isinstance(each, Prediction)]
        self._store.served.add(
            project_id, label, [task_id for task_id in good if 0 < task_id <= LARGEST_ID]
        )
        self._report(project_id, label, outcomes)
        return Answers(label, tuple(outcomes))

    def warm_up(self) -> None:
        """Import what the first task needs and look whether Label Studio answers; logs how."""
        LabelingConfig.parse(TINY_CONFIG).check([])
        try:
            log.info("Label Studio %s answers at %s", self._studio.version(), self._studio.url)
        except LabelStudioError as error:
            log.warning("%s", error)

    # What a prediction depends on

    def _known_project(self, project_id: int) -> Project | None:
        """Return the project as last read; None when Label Studio is too busy to say.

        Raises LabelStudioNotFound for a project it does not know, LabelStudioAuthError and others.
        """
        refused = self._refused.find_new(project_id)
        if refused is not None:
            raise refused
        try:
            return self._projects.get(project_id, lambda: self._studio.get_project(project_id))
        except LabelStudioNotFound as error:
            self._refused.put(project_id, error)
            raise
        except LabelStudioUnreachable as error:
            log.warning("project %s could not be looked up: %s", project_id, error.message)
            return self._projects.find(project_id)

    def _predictor(
        self, project: Project, version: PromptVersion, tasks: Sequence[Task]
    ) -> Predictor:
        config = self._recipes.config_of(project)
        known = frozenset(config.input_fields).union(*(task.data for task in tasks))
        if not _is_covered(version.text, known):
            # A key that these tasks lack by chance, others may have.
            known |= self._columns_now(project.id)
        template.check(version.text, known)
        digest = hashlib.sha256(project.label_config.encode("utf-8", "surrogatepass")).hexdigest()
        key = (project.id, version.id, version.updated_at, digest, known)
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
        connection, model = self._models.of_version(version)
        recipe = Recipe(project, config, known, connection, model)
        examples: list[Example] = []
        if connection.provider is ProviderName.BASELINE:
            examples = self._pools.get((project.id, digest), lambda: self._pool(project, config))
        return self._recipes.predictor(recipe, version, examples=examples)

    def _pool(self, project: Project, config: LabelingConfig) -> list[Example]:
        try:
            examples = self._examples.refresh(project.id, config)
        except LabelStudioError as error:
            log.warning("project %s: examples not refreshed: %s", project.id, error.message)
            examples = self._examples.of_project(project.id)
        self._recipes.require_examples(project, examples)
        return examples

    def _columns_now(self, project_id: int) -> frozenset[str]:
        try:
            return self._columns.get(
                project_id, lambda: frozenset(self._studio.data_columns(project_id))
            )
        except LabelStudioError as error:
            log.warning("project %s: columns not read: %s", project_id, error.message)
            return self._columns.find(project_id) or frozenset()

    def _columns_soon(self, project_id: int) -> frozenset[str]:
        """Return the project's task columns if they can be had within a second, else nothing."""
        reading: Future[frozenset[str]] = self._reader.submit(self._columns_now, project_id)
        try:
            return reading.result(SETUP_PATIENCE)
        except TimeoutError:
            return self._columns.find(project_id) or frozenset()

    # Asking

    def _ask(
        self, predictor: Predictor, tasks: Sequence[Task], until: float
    ) -> Sequence[Outcome | None]:
        questions = [_prepare(predictor, task) for task in tasks]
        cached: dict[str, CachedAnswer] = {}
        if predictor.uses_cache:
            keys = list({question.key for question in questions if question.key})
            cached = self._store.outcomes.find_answers(keys)
        width = self._models.concurrency
        batch = Batch(self._store, predictor, questions, cached, width=width)
        asking = self._loop.submit(batch.run())
        try:
            asking.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            batch.close()
        outcomes = list(batch.outcomes)
        if batch.stopper is not None:
            if not any(isinstance(each, Prediction) for each in outcomes):
                raise batch.stopper
            log.error("the model refused further tasks: %s", batch.stopper)
        return outcomes

    # Bookkeeping

    def _remember(
        self,
        project_id: int,
        address: Address,
        extra_params: object,
        label_config: str,
        host: str,
    ) -> None:
        said = {"extra_params": extra_params, "label_config": label_config, "host": host}
        known = self._store.contacts.find(project_id, address.path)
        if known is None or any(known[name] != value for name, value in said.items()):
            self._store.contacts.remember(project_id, address.path, **said)

    def _register(self, prompt: Prompt, version: PromptVersion) -> str:
        """Return the label of a version, claimed; writes only when that is new."""
        label = label_of(prompt, version, Slot.ALL)
        mine = self._store.prompts.labels(prompt_id=prompt.id, version_id=version.id, slot=Slot.ALL)
        if all(known.label != label for known in mine):
            self._store.prompts.register_label(label, prompt.id, version.id, Slot.ALL)
        return label

    def _report(self, project_id: int, label: str, outcomes: Sequence[Outcome | None]) -> None:
        failures = [each for each in outcomes if isinstance(each, Failure)]
        counts = Counter(failure.kind.value for failure in failures)
        counts["ok"] = sum(isinstance(each, Prediction) for each in outcomes)
        counts["not_reached"] = sum(each is None for each in outcomes)
        counts = +counts
        self.answered.update(counts)
        shown = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        log.info("project %s, %s: %d tasks: %s", project_id, label, len(outcomes), shown)
        for kind in {failure.kind for failure in failures}:
            alike = [failure for failure in failures if failure.kind is kind]
            ids = ", ".join(str(failure.task_id) for failure in alike[:20])
            why = "" if kind in QUOTES_THE_TASK else f": {alike[0].message[:300]}"
            log.warning("no prediction (%s) for %d tasks (%s)%s", kind.value, len(alike), ids, why)


def _project(known: Project | None, project_id: int, label_config: str | None) -> Project:
    """Return a project with the config of the request, which is newer than what we remember."""
    if known is None:
        wire = {"id": project_id, "title": f"{project_id}", "label_config": label_config or ""}
        return Project.from_wire(wire)
    return replace(known, label_config=label_config) if label_config else known


def _is_covered(text: str, known: Sequence[str] | frozenset[str]) -> bool:
    return {template.top_key(name) for name in template.variables(text)} <= set(known)


def _prepare(predictor: Predictor, task: Task) -> Question:
    try:
        return predictor.prepare(task)
    except Exception:  # whatever one task's data provokes costs that task alone
        log.exception("task %s could not be prepared", task.id)
        return Question(task, failure=unexpected(task))
