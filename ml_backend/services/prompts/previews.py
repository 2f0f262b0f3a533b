"""What a model would be sent for a task: of a version that need not be saved, and asking nobody."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace

from cachetools import LRUCache

from ml_backend.data_paths import top_key
from ml_backend.errors import ConfigError, InvalidInput, NotFound, TemplateError
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.answer_room import room_of_answer
from ml_backend.labeling.rating import rating_key, room_of_rating
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.prompting import template
from ml_backend.prompting.completion_limit import CompletionLimit, limit_of
from ml_backend.prompting.parameters import listed
from ml_backend.records import ConfidenceWay, JsonObject, PromptVersion, ProviderName, Task
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.few_shot_examples import FewShotExamples, build_shots
from ml_backend.services.inference.model_requests import (
    ModelRequest,
    RequestTemplate,
    build_request,
)
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.store import Store

LONG_TASK = 4_000
"""Characters of a task that shows how a limit grows with the text."""
REMEMBERED = 4
"""Drafts whose few-shot examples are kept ready: making them takes a second for a large pool."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The messages and answer schema for a task, or the problem that keeps it from being asked."""

    task: Task | None
    before: int | None = None
    """Id of the task before it in the project."""
    after: int | None = None
    messages: tuple[JsonObject, ...] = ()
    """A file is a part ``{"type": "attachment", "attachment": {"kind", "url", "name"}}``."""
    schema: JsonObject | None = None
    examples: int = 0
    """Few-shot examples among the messages."""
    parameters: str = ""
    """What the call is made with besides, on one line."""
    limit: str = ""
    """How long the answer may get, in words."""
    notice: str = ""
    """What a person may have meant otherwise."""
    reads_nothing: bool = False
    """Whether the offline baseline answers, which is sent no messages."""
    problem: str = ""
    field: str = ""
    """The variable the problem is about, where it is about one."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A key of the task data that a prompt may name."""

    name: str
    required: bool
    """Whether an object tag of the labeling config shows it to people."""
    used: bool


@dataclass(frozen=True, slots=True)
class Variables:
    """What a prompt's text may name, and what it does."""

    known: tuple[Variable, ...]
    unknown: tuple[str, ...]
    """Names in the text that no task has: they keep a version from being saved."""
    appended: bool
    """Whether the required ones follow the text by themselves, for it names none of them."""


class Previews:
    """Previews by the caller's token; few-shot examples come from the server's own pool."""

    def __init__(
        self, store: Store, predictor_factory: PredictorFactory, examples: ExamplePool
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._examples = examples
        self._shots: LRUCache[tuple[object, ...], FewShotExamples] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def preview(
        self,
        studio: LabelStudioReader,
        project: Project,
        version: PromptVersion,
        task_id: int | None = None,
        *,
        evaluated: Collection[int] = (),
    ) -> Preview:
        """Return what would be sent for a task, the project's first one for None.

        ``evaluated`` are the tasks a run would be measured on. What is wrong with text, labeling
        config or task is the preview's problem; only Label Studio's errors are raised.
        """
        place = studio.task_at(project.id, task_id)
        found = Preview(place.task, place.before, place.after)
        if place.task is None:
            missing = f"Project {project.title!r} has no task {task_id}."
            none = f"Project {project.title!r} has no tasks: import some in Label Studio."
            return _with_problem(found, none if task_id is None else missing)
        if version.provider is ProviderName.BASELINE:
            return replace(found, reads_nothing=True)
        try:
            config = self._predictor_factory.config_of(project)
            asked = self._template(project, config, version, evaluated)
        except TemplateError as error:
            return _with_problem(found, str(error), error.field or "")
        except ConfigError as error:
            return _with_problem(found, str(error))
        question = build_request(asked, place.task)
        if question.failure is not None:
            return _with_problem(found, question.failure.message)
        messages, way = self._as_sent(version, question)
        notice = _unfilled(version.system_prompt, asked.known)
        return Preview(
            place.task,
            place.before,
            place.after,
            messages=messages,
            schema=question.schema,
            examples=question.examples,
            parameters=listed(version.parameters),
            limit=_limit(question.room, version).words,
            notice=" ".join(filter(None, (way, notice))),
        )

    def _as_sent(
        self, version: PromptVersion, question: ModelRequest
    ) -> tuple[tuple[JsonObject, ...], str]:
        try:
            return self._predictor_factory.as_sent(version, question.messages, question.schema)
        except (NotFound, InvalidInput):  # its connection is gone: a run says so
            return question.messages, ""

    def limit(self, project: Project, version: PromptVersion) -> str:
        """Return how long an answer of a version may get, in words; "" where no model is asked.

        Raises ConfigError where nothing is answerable.
        """
        if version.provider is ProviderName.BASELINE:
            return ""
        config = self._predictor_factory.config_of(project)
        is_rated = self._predictor_factory.way_of(version) is ConfidenceWay.RATED
        more = room_of_rating(rating_key(config.controls)) if is_rated else 0
        short = _limit(room_of_answer(config, {}) + more, version)
        long = _limit(room_of_answer(config, {}, ["x" * LONG_TASK]) + more, version)
        if short.tokens == long.tokens:
            return short.words
        return f"{short.words}; {long.tokens:,} of a task with {LONG_TASK:,} characters"

    def variables(self, project: Project, text: str = "") -> Variables:
        """Return the variables a text may name; raises ConfigError where nothing is answerable."""
        config = self._predictor_factory.config_of(project)
        known = self._predictor_factory.known_variables(project, config)
        required = config.input_fields
        named = template.variables(text)
        used = {top_key(name) for name in named} | {
            name for name in known if template.uses_any(text, [name])
        }
        order = [*required, *sorted(known - set(required))]
        return Variables(
            known=tuple(Variable(name, name in required, name in used) for name in order),
            unknown=tuple(
                name for name in named if name not in known and top_key(name) not in known
            ),
            appended=not used.intersection(required),
        )

    def _template(
        self,
        project: Project,
        config: LabelingConfig,
        version: PromptVersion,
        evaluated: Collection[int],
    ) -> RequestTemplate:
        known = self._predictor_factory.known_variables(project, config)
        if not version.is_lenient:
            template.check(version.text, known)
        shots = None
        if version.max_few_shot_examples:
            shots = self._few_shot(project, config, version, known, evaluated)
        return RequestTemplate(
            config,
            version.text,
            known,
            version.is_lenient,
            few_shot=shots.chooser if shots else None,
            system=version.system_prompt,
            is_rated=self._predictor_factory.way_of(version) is ConfidenceWay.RATED,
        )

    def _few_shot(
        self,
        project: Project,
        config: LabelingConfig,
        version: PromptVersion,
        known: frozenset[str],
        evaluated: Collection[int],
    ) -> FewShotExamples | None:
        """Return the examples of a draft; None without any annotated task.

        The pool is read from Label Studio once: afterwards events keep it fresh where the project
        is connected, and else every run does.
        """
        if not self._examples.is_whole(project.id, config):
            self._examples.refresh_all(project.id, config)
        revision = self._store.examples.revision(project.id)
        key = (
            project.id,
            revision,
            config.xml,
            version.text,
            version.is_lenient,
            version.max_few_shot_examples,
            known,
            frozenset(evaluated),
        )
        with self._lock:
            ready = self._shots.get(key)
        if ready is not None:
            return ready
        pool = self._store.examples.of_project(project.id)
        if not pool:
            return None
        shots = build_shots(config, version, known, pool, revision=revision, evaluated=evaluated)
        with self._lock:
            self._shots[key] = shots
        return shots


def _limit(room: int, version: PromptVersion) -> CompletionLimit:
    return limit_of(room, version.provider, version.model, version.parameters)


def _unfilled(system: str, known: Collection[str]) -> str:
    """Say which variables stand in a system text, where nothing takes their place."""
    named = [f"{{{name}}}" for name in sorted(known) if template.uses_any(system, [name])]
    if not named:
        return ""
    return (
        f"{', '.join(named)} in the system text is sent as it stands: it is the same for every "
        "task. Name it in the prompt instead."
    )


def _with_problem(found: Preview, problem: str, field: str = "") -> Preview:
    return Preview(found.task, found.before, found.after, problem=problem, field=field)
