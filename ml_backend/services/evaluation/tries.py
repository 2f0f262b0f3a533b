"""One task asked with a version that need not be saved: no run, no prediction, within budgets.

What was answered before is free, as in a run, and what is paid for here a run does not pay again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, TimeoutError as TooSlow
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ml_backend.errors import Conflict, InvalidInput, ModelError, NotFound
from ml_backend.jobs import LoopThread
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.llm.prices import Price
from ml_backend.records import (
    Example,
    FailureKind,
    JsonObject,
    Outcome,
    Person,
    PromptVersion,
    ProviderName,
    Task,
    TruthSource,
)
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import Compared, truth_of
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.model_requests import ModelRequest
from ml_backend.services.inference.predictor import Predictor, PredictorInputs
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.models.budgets import price_of
from ml_backend.store import CachedAnswer, Store

TRY_SECONDS = 45.0
"""How long a person is kept waiting; the model goes on, and its answer is kept."""


@dataclass(frozen=True, slots=True)
class TryRequest:
    """What is tried: a version as it is or as it would be saved, on a task of a project."""

    project: Project
    version: PromptVersion
    task_id: int | None = None
    """None is the project's first task."""
    truth: TruthSource | None = None
    budget: float | None = None
    """Dollars that the answer may cost at most, beside the connection's own budget."""
    fresh: bool = False
    """Whether to ask anew what was answered before."""
    person: Person | None = None
    """Who asks; None by command."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a task was answered, and what is true of it."""

    task: Task
    before: int | None
    after: int | None
    """Ids of the tasks beside it in the project."""
    model: str
    outcome: Outcome
    price: Price | None
    source: TruthSource
    truth: JsonObject | None = None
    """The one that the answer agrees with best; None where there is none."""
    compared: Compared = field(default_factory=dict)
    waited: float = 0.0
    """Seconds from asking to knowing."""

    @property
    def right(self) -> bool | None:
        """Whether the answer is right, None without a truth to tell by."""
        if not self.compared:
            return None
        return all(each is not None and each.correct for each in self.compared.values())


class Tries:
    """Asks one task at a time for each person, and for a few people at once."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        examples: ExamplePool,
        evaluation: Evaluation,
        loop: LoopThread,
        *,
        at_once: int,
        seconds: float = TRY_SECONDS,
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._examples = examples
        self._evaluation = evaluation
        self._loop = loop
        self._seconds = seconds
        self._room = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._asking: set[object] = set()

    def ask(self, studio: LabelStudioReader, asked: TryRequest, who: object = None) -> Tried:
        """Ask a task and say what came of it; ``who`` may have one try under way.

        Raises what keeps it from being asked: a full budget, an unknown variable, no such task.
        """
        project, version = asked.project, asked.version
        place = studio.task_at(project.id, asked.task_id)
        if place.task is None:
            raise _no_task(project, asked.task_id)
        if place.task.id in self._store.promises.closed_tasks(project.id):
            raise Conflict(
                f"Task {place.task.id} is in a promise sample: it is labelled without a look at "
                "any answer.",
                fix="Choose another task, or open the sample first.",
            )
        recipe = self._predictor_factory.recipe(project, version)
        evaluation = self._evaluation.reading(studio)
        source = truth_of(evaluation.counted(project), asked.truth)
        # Before anything is paid for: an answer that cannot be shown would be paid in vain.
        truths = evaluation.truths(project.id, recipe.config, [place.task.id], source=source)
        predictor = self._predictor(recipe, asked)
        request = predictor.prepare(place.task)
        began = time.monotonic()
        outcome = request.failure or self._wait(predictor, request, asked, who)
        tried = Tried(
            task=place.task,
            before=place.before,
            after=place.after,
            model=version.model,
            outcome=outcome,
            price=price_of(recipe.connection, version.model),
            source=source,
            waited=time.monotonic() - began,
        )
        truth = truths.get(place.task.id)
        if truth is None:
            return tried
        compared, best = truth.judge(outcome, recipe.config)
        return replace(tried, truth=best, compared=compared)

    def _predictor(self, recipe: PredictorInputs, asked: TryRequest) -> Predictor:
        version, project = asked.version, asked.project
        is_baseline = version.provider is ProviderName.BASELINE
        pool: list[Example] = []
        if is_baseline or version.max_few_shot_examples:
            pool = self._pool(project, recipe.config)
        if is_baseline:
            self._predictor_factory.require_examples(project, pool)
        return self._predictor_factory.predictor(
            recipe, version, examples=pool, budget=asked.budget, person=asked.person
        )

    def _pool(self, project: Project, config: LabelingConfig) -> list[Example]:
        if not self._examples.is_whole(project.id, config):
            self._examples.refresh_all(project.id, config)
        return self._examples.of_project(project.id)

    def _wait(
        self, predictor: Predictor, request: ModelRequest, asked: TryRequest, who: object
    ) -> Outcome:
        with self._turn(who) as asking:
            future = self._loop.submit(self._ask(predictor, request, asked))
            asking(future)
            try:
                return future.result(self._seconds)
            except TooSlow:
                raise ModelError(
                    f"{asked.version.model} has not answered within {self._seconds:.0f} s. It is "
                    "still being asked.",
                    kind=FailureKind.TIMEOUT,
                    fix="Try again in a moment: its answer is kept, and not paid for twice.",
                ) from None

    @contextmanager
    def _turn(self, who: object) -> Iterator[Callable[[Future[Outcome]], None]]:
        """Hold a place for one try; the person's is free again when the model is done."""
        with self._lock:
            if who is not None and who in self._asking:
                raise Conflict(
                    "Your last try is still being asked.",
                    fix="Wait for its answer, then try again.",
                )
            if not self._room.acquire(blocking=False):
                raise Conflict(
                    "Others are trying tasks right now, as many as this server asks at once.",
                    fix="Try again in a few seconds.",
                )
            self._asking.add(who)
        futures: list[Future[Outcome]] = []
        try:
            yield futures.append
        finally:
            self._room.release()
            if futures:
                futures[0].add_done_callback(lambda _: self._asking.discard(who))
            else:
                self._asking.discard(who)

    async def _ask(self, predictor: Predictor, request: ModelRequest, asked: TryRequest) -> Outcome:
        """Ask, and book what it cost whatever comes of it."""
        paid: list[CachedAnswer] = []
        outcome: Outcome | None = None
        kept = {}
        if predictor.uses_cache and not asked.fresh:
            kept = await asyncio.to_thread(self._store.outcomes.find_answers, request.keys)
        try:
            outcome = await predictor.ask(request, kept, keep=paid.append, fresh=asked.fresh)
            return outcome
        finally:
            await asyncio.to_thread(self._book, predictor, asked, outcome, paid)

    def _book(
        self,
        predictor: Predictor,
        asked: TryRequest,
        outcome: Outcome | None,
        paid: list[CachedAnswer],
    ) -> None:
        """Write down what it cost its connection and its prompt, and the answer that was paid."""
        if paid:
            self._store.outcomes.add_answers(paid)
        predictor.guard.flush(at_once=True)
        if outcome is None or outcome.asked.cached or not outcome.asked.calls:
            return
        today = datetime.now(UTC).date().isoformat()
        version = asked.version
        self._store.tries.add(version.prompt_id, asked.project.id, today, outcome.asked.cost)


def _no_task(project: Project, task_id: int | None) -> InvalidInput:
    if task_id is None:
        return InvalidInput(
            f"Project {project.title!r} has no tasks.",
            field="task",
            fix="Import some in Label Studio.",
        )
    return NotFound(f"Project {project.title!r} has no task {task_id}.", field="task")
