"""One task to one outcome: the messages, the call, the re-asking, the regions."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

from ml_backend.errors import (
    AnswerError,
    AttachmentError,
    BudgetReached,
    ModelError,
    RunStopper,
)
from ml_backend.labeling import Conversion, LabelingConfig
from ml_backend.labeling.html_bounds import HtmlRefused
from ml_backend.llm import Model, Reply, Request
from ml_backend.llm.json_text import read_object
from ml_backend.llm.prices import Price
from ml_backend.prompting import messages as prompting, template
from ml_backend.records import (
    CallRecord,
    Connection,
    Example,
    ExampleSource,
    Failure,
    FailureKind,
    JsonObject,
    Outcome,
    Prediction,
    ProviderName,
    Task,
    Usage,
)
from ml_backend.services.inference.attachments import Attachments, Ready
from ml_backend.services.inference.few_shot import FewShotExamples
from ml_backend.services.inference.model_requests import (
    ModelRequest,
    ModelRequestBuilder,
    unexpected,
)
from ml_backend.services.models.budgets import CAPS, COMPLETION_CAP, BudgetGuard, cost_of
from ml_backend.services.models.single_flight import SingleFlight
from ml_backend.store import CachedAnswer

log = logging.getLogger(__name__)

MAY_BE_CHARGED = frozenset({FailureKind.TIMEOUT, FailureKind.CONNECTION})
"""Failures after which a provider may have answered, and charges for it."""

REASKS = 2
"""How often an unusable answer is sent back; one with parts that do not fit only once."""


class Predictor:
    """Answers tasks of one project with one version; safe to share among coroutines."""

    def __init__(
        self,
        *,
        config: LabelingConfig,
        text: str,
        known: Collection[str],
        connection: Connection,
        model: Model,
        model_name: str,
        parameters: JsonObject,
        timeout: float,
        price: Price | None,
        attachments: Attachments,
        guard: BudgetGuard,
        examples: Sequence[Example] = (),
        shots: FewShotExamples | None = None,
        lenient: bool = False,
        in_flight: SingleFlight | None = None,
    ) -> None:
        if not lenient:
            template.check(text, known)
        self._config = config
        self._model = model
        self._model_name = model_name
        self._timeout = timeout
        self._price = price
        self._guard = guard
        self._in_flight = in_flight or SingleFlight()
        self._parameters = dict(parameters)
        self._attachments = attachments
        self._provider = connection.provider
        self._is_baseline = connection.provider is ProviderName.BASELINE
        self._examples = _readable(examples, config)
        identity = [
            connection.provider,
            connection.endpoint,
            connection.deployment,
            model_name,
            self._parameters,
        ]
        self._shots = shots
        self._questions = ModelRequestBuilder(
            config,
            text,
            known,
            lenient=lenient,
            identity=json.dumps(identity, sort_keys=True),
            few_shot=shots.chooser if shots else None,
        )
        if guard.is_limited and not any(name in self._parameters for name in CAPS):
            # No part of the identity: an answer that was not cut off is the same with the cap.
            self._parameters[CAPS[0]] = COMPLETION_CAP

    @property
    def uses_cache(self) -> bool:
        """The baseline answers from the example pool, which changes; it is never cached."""
        return not self._is_baseline

    @property
    def few_shot(self) -> ExampleSource | None:
        """Where its few-shot examples come from; None when it has none."""
        return self._shots.pool if self._shots else None

    def write_down(self, *, at_once: bool = False) -> None:
        """Commit what was spent."""
        self._guard.flush(at_once=at_once)

    def prepare(self, task: Task) -> ModelRequest:
        """Return the question for a task; untrusted data never raises out of here."""
        return self._questions.prepare(task)

    async def ask(
        self, question: ModelRequest, cached: CachedAnswer | None = None, *, fresh: bool = False
    ) -> tuple[Outcome, CachedAnswer | None]:
        """Return a task's outcome, and the paid answer to remember when there is one.

        What is being asked already is not asked twice, unless ``fresh``. Raises RunStopper (and
        BudgetReached) when asking further tasks would fail alike, and nothing else.
        """
        if question.failure is not None:
            return question.failure, None
        try:
            if cached is not None:
                outcome = self._from_cache(question, cached)
                if isinstance(outcome, Prediction):
                    return outcome, None
            if fresh or not self.uses_cache:
                return await self._ask_model(question)
            return await self._ask_once(question)
        except RunStopper:
            raise
        except Exception:  # whatever one task's data or answer provokes costs that task alone
            log.exception("task %s failed unexpectedly", question.task.id)
            return unexpected(question.task), None

    async def _ask_once(self, question: ModelRequest) -> tuple[Outcome, CachedAnswer | None]:
        """Ask, unless another asks the same right now: then its answer serves here too."""
        try:
            joined = await self._in_flight.join(question.key)
        except BudgetReached:  # of the other's run
            joined = None
        answer = joined[1] if joined else self._in_flight.answered(question.key)
        if answer is not None:
            return self._from_cache(question, answer), None
        if joined and isinstance(joined[0], Failure):
            free = CallRecord(cost=0.0, cached=True, request_key=question.key)
            return replace(joined[0], task_id=question.task.id, asked=free), None
        return await self._in_flight.lead(question.key, lambda: self._ask_model(question))

    def _from_cache(self, question: ModelRequest, cached: CachedAnswer) -> Outcome:
        free = CallRecord(
            cost=0.0, cached=True, request_key=question.key, examples=question.examples
        )
        return self._from_text(question, cached.text, cached.score, free)

    async def _ask_model(self, question: ModelRequest) -> tuple[Outcome, CachedAnswer | None]:
        """Ask, and ask again with what is wrong; the best of the answers stands."""
        asked = CallRecord(cost=0.0, request_key=question.key, examples=question.examples)
        try:
            ready = await self._get_ready(question)
        except AttachmentError as error:
            return Failure(question.task.id, error.kind, str(error), asked=asked), None
        messages = list(ready.messages)
        best: Prediction | None = None
        failure = Failure(question.task.id, FailureKind.INVALID_ANSWER, "There was no answer.")
        for turn in range(1 + REASKS):
            try:
                reply = await self._call(question, messages, ready.tokens)
            except ModelError as error:
                if isinstance(error, RunStopper) and best is None:
                    raise
                asked = self._add(asked, error.usage, 0.0, error.calls)
                raw = error.raw or failure.raw
                failure = Failure(question.task.id, error.kind, error.message, raw)
                break
            asked = self._add(asked, reply.usage, reply.latency, reply.calls)
            outcome = self._from_text(question, reply.text, reply.score, asked)
            if isinstance(outcome, Failure):
                failure, wrong = outcome, outcome.message
            else:
                if best is None or len(outcome.problems) < len(best.problems):
                    best = outcome
                wrong = "; ".join(f"{p.control}: {p.message}" for p in outcome.problems)
            again = REASKS if isinstance(outcome, Failure) else 1
            if not wrong or turn >= again or self._is_baseline:
                break  # fine, or as good as it gets; the baseline never changes its mind
            messages = prompting.reask(ready.messages, reply.text, wrong)
        if best is None:
            return replace(failure, asked=asked), None
        if not self.uses_cache:
            return replace(best, asked=asked), None
        answer = CachedAnswer(question.key, best.raw, best.score, asked)
        return replace(best, asked=asked), answer

    async def _get_ready(self, question: ModelRequest) -> Ready:
        """The messages with their files, which the baseline does not look at."""
        if self._is_baseline:
            return Ready(question.messages)
        return await self._attachments.put_in(
            question.messages, task_id=question.task.id, provider=self._provider
        )

    async def _call(
        self, question: ModelRequest, messages: list[JsonObject], file_tokens: int
    ) -> Reply:
        request = Request(
            model=self._model_name,
            messages=messages,
            schema=question.schema or {},
            parameters=self._parameters,
            timeout=self._timeout,
            task_id=question.task.id,
            inputs=question.inputs or {},
            examples=self._examples,
        )
        reserved = await self._guard.reserve(messages, question.schema, file_tokens)
        # A call nobody heard back from has, as far as anybody knows, cost its worst case.
        cost: float | None = None
        usage = Usage()
        try:
            reply = await self._model.complete(request)
            usage = reply.usage
            cost = cost_of(self._price, usage)
            return reply
        except ModelError as error:
            usage = error.usage
            if error.kind not in MAY_BE_CHARGED:
                cost = cost_of(self._price, usage)
            raise
        finally:
            self._guard.settle(reserved, cost, usage)

    def _add(self, asked: CallRecord, usage: Usage, latency: float, calls: int) -> CallRecord:
        cost = cost_of(self._price, usage)
        return replace(
            asked,
            usage=asked.usage + usage,
            cost=None if cost is None or asked.cost is None else asked.cost + cost,
            latency=asked.latency + latency,
            calls=asked.calls + calls,
        )

    def _convert(self, question: ModelRequest, text: str) -> Conversion:
        """Return the regions of an answer; raises AnswerError saying what does not fit."""
        conversion = self._config.to_conversion(read_object(text), question.task.data)
        if conversion.errors:
            raise AnswerError("; ".join(conversion.errors))
        refused = self._config.check(conversion.result)
        if refused:
            raise AnswerError(f"Label Studio would not take this answer: {'; '.join(refused)}")
        return conversion

    def _from_text(
        self, question: ModelRequest, text: str, score: float | None, asked: CallRecord
    ) -> Outcome:
        task_id = question.task.id
        try:
            conversion = self._convert(question, text)
        except AnswerError as error:
            return Failure(task_id, FailureKind.INVALID_ANSWER, error.message, text, asked)
        return Prediction(
            task_id=task_id,
            answer=conversion.answer,
            result=conversion.result,
            score=score,
            problems=conversion.problems,
            asked=asked,
            raw=text,
        )


def _readable(examples: Sequence[Example], config: LabelingConfig) -> list[Example]:
    """Return the examples with the text of their tasks in place of the data."""
    found = []
    for example in examples:
        try:
            found.append(replace(example, data=dict(config.inputs(example.data))))
        except HtmlRefused as error:
            log.warning("task %s is no example: %s", example.task_id, error)
    return found
