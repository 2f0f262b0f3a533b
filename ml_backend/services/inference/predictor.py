"""One task to one outcome: the messages, the calls, the re-asking, the regions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ml_backend.errors import (
    AnswerError,
    AttachmentError,
    BudgetReached,
    ModelError,
    RunStopper,
)
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.html_bounds import HtmlRefused
from ml_backend.labelstudio import Project
from ml_backend.llm import Model, Reply, Request
from ml_backend.prompting import messages as prompting
from ml_backend.prompting.completion_limit import CompletionLimit, LimitRule, More
from ml_backend.records import (
    CallRecord,
    ConfidenceWay,
    Connection,
    Example,
    ExampleSource,
    Failure,
    FailureKind,
    JsonObject,
    Outcome,
    Prediction,
    PromptVersion,
    ProviderName,
    Task,
    Usage,
    read_moment,
)
from ml_backend.services.inference.answer_reading import AnswerReader, invalid, prediction
from ml_backend.services.inference.attachments import Attachments, Ready
from ml_backend.services.inference.few_shot_examples import FewShotExamples
from ml_backend.services.inference.model_requests import (
    TAKE_BOUNDS,
    ModelRequest,
    RequestTemplate,
    build_request,
    place_of_answers,
    unexpected,
)
from ml_backend.services.inference.self_consistency import combine
from ml_backend.services.models.budgets import (
    MAY_BE_CHARGED,
    BudgetGuard,
    cost_of,
    price_of,
)
from ml_backend.services.models.pool import ModelPool
from ml_backend.store import CachedAnswer

log = logging.getLogger(__name__)

REASKS = 2
"""How often an unusable answer is sent back; one with parts that do not fit only once."""


@dataclass(frozen=True, slots=True)
class PredictorInputs:
    """A project's parsed labeling config with the model and variables of a version."""

    project: Project
    config: LabelingConfig
    known: frozenset[str]
    connection: Connection
    model: Model


class Predictor:
    """Answers tasks of one project with one version; safe to share among coroutines.

    With several ``samples`` each task is asked so often, and the majority of the answers stands.
    """

    def __init__(
        self,
        inputs: PredictorInputs,
        version: PromptVersion,
        models: ModelPool,
        attachments: Attachments,
        guard: BudgetGuard,
        *,
        examples: Sequence[Example] = (),
        shots: FewShotExamples | None = None,
        samples: int = 1,
        sure: ConfidenceWay = ConfidenceWay.NONE,
    ) -> None:
        """``sure`` is how it asks for confidence, AUTO being decided already."""
        connection = inputs.connection
        self._config = inputs.config
        self._project_id = inputs.project.id
        self._model = inputs.model
        self._model_name = version.model
        self._timeout = models.timeout
        self._price = price_of(connection, version.model)
        self._in_flight = models.in_flight
        self._parameters = dict(version.parameters)
        self._sure = sure
        self._limit_rule = LimitRule.of(connection.provider, version.model, self._parameters)
        self._attachments, self._provider = attachments, connection.provider
        self._is_baseline = connection.provider is ProviderName.BASELINE
        self._examples = _readable(examples, inputs.config)
        identity = [
            connection.provider,
            connection.endpoint,
            connection.deployment,
            version.model,
            self._parameters,
        ]
        self._template = RequestTemplate(
            config=inputs.config,
            text=version.text,
            known=inputs.known,
            is_lenient=version.is_lenient,
            identity=json.dumps(identity, sort_keys=True),
            few_shot=shots.chooser if shots else None,
            samples=samples,
            system=version.system_prompt,
            is_bounded=connection.provider in TAKE_BOUNDS,
            bind=None if self._is_baseline else partial(attachments.bind, inputs.project.id),
            is_rated=sure is ConfidenceWay.RATED,
            project=place_of_answers(inputs.project.id, read_moment(inputs.project.created_at)),
        )
        self._reader = AnswerReader(inputs.config, is_bounded=self._template.is_bounded)
        self.guard = guard
        """What it spends goes by this, and is to be written down by who asks."""
        self.few_shot: ExampleSource | None = shots.pool if shots else None
        """Where its few-shot examples come from; None when it has none."""
        self.uses_cache = not self._is_baseline
        """The baseline answers from the example pool, which changes; it is never cached."""
        self._needs_more = More.NOTHING
        """What answers that were cut off lacked, once one was whole with more: so will others."""

    def prepare(self, task: Task) -> ModelRequest:
        """Return the request for a task; untrusted data never raises out of here."""
        return build_request(self._template, task)

    def limit(self, request: ModelRequest) -> CompletionLimit:
        """Return what bounds the answer to a request.

        No part of its identity: an answer that was not cut off is the same with any limit.
        """
        return self._limit_rule.limit(request.room)

    async def ask(
        self,
        request: ModelRequest,
        cached: Mapping[str, CachedAnswer],
        *,
        keep: Callable[[CachedAnswer], None],
        fresh: bool = False,
    ) -> Outcome:
        """Return a task's outcome; ``keep`` gets every answer that was paid for.

        What is being asked already is not asked twice, unless ``fresh``. Raises RunStopper (and
        BudgetReached) when asking further tasks would fail alike before there is any answer, and
        nothing else; one that comes later leaves the outcome to the answers there are.
        """
        if request.failure is not None:
            return request.failure
        outcomes: list[Outcome] = []
        for key in request.keys:
            try:
                one = request if len(request.keys) == 1 else replace(request, keys=(key,))
                outcome, answer = await self._answer(one, cached.get(key), fresh=fresh)
            except RunStopper as stopper:
                if not outcomes:
                    raise
                last = outcomes[-1]
                outcomes[-1] = replace(last, asked=_with_spent(last.asked, stopper))
                break
            outcomes.append(outcome)
            if answer is not None:
                keep(answer)
        if len(request.keys) == 1:
            return outcomes[0]
        by_logprobs = self._sure is ConfidenceWay.LOGPROBS
        return combine(outcomes, self._config, request.task, request.key, by_logprobs=by_logprobs)

    async def _answer(
        self, request: ModelRequest, cached: CachedAnswer | None, *, fresh: bool
    ) -> tuple[Outcome, CachedAnswer | None]:
        """Return one answer, and what to remember of it where it was paid for."""
        try:
            if cached is not None:
                outcome = self._from_cache(request, cached)
                if isinstance(outcome, Prediction):
                    return outcome, None
            if fresh or not self.uses_cache:
                return await self._ask_model(request)
            return await self._ask_once(request)
        except RunStopper:
            raise
        except Exception:  # whatever one task's data or answer provokes costs that task alone
            log.exception("task %s failed unexpectedly", request.task.id)
            return unexpected(request.task), None

    async def _ask_once(self, request: ModelRequest) -> tuple[Outcome, CachedAnswer | None]:
        """Ask, unless another asks the same right now: then its answer serves here too."""
        try:
            joined = await self._in_flight.join(request.keys[0])
        except BudgetReached:  # of the other's run
            joined = None
        answer = joined[1] if joined else self._in_flight.answered(request.keys[0])
        if answer is not None:
            return self._from_cache(request, answer), None
        if joined and isinstance(joined[0], Failure):
            free = CallRecord(cost=0.0, cached=True, request_key=request.key)
            return replace(joined[0], task_id=request.task.id, asked=free), None
        return await self._in_flight.lead(request.keys[0], lambda: self._ask_model(request))

    def _from_cache(self, request: ModelRequest, cached: CachedAnswer) -> Outcome:
        free = CallRecord(cost=0.0, cached=True, request_key=request.key, examples=request.examples)
        read = self._reader.read(request, cached.text)
        if isinstance(read, AnswerError):
            return invalid(request, read, cached.text, free)
        sure = self._reader.sure_then(cached.confidence, cached.score, read)
        return prediction(request, read.made, cached.text, sure, free)

    async def _ask_model(self, request: ModelRequest) -> tuple[Outcome, CachedAnswer | None]:
        """Ask, and ask again with what is wrong; the best of the answers stands."""
        asked = CallRecord(cost=0.0, request_key=request.key, examples=request.examples)
        try:
            ready = await self._get_ready(request)
        except AttachmentError as error:
            return Failure(request.task.id, error.kind, str(error), asked=asked), None
        messages = list(ready.messages)
        best: Prediction | None = None
        failure = Failure(request.task.id, FailureKind.INVALID_ANSWER, "There was no answer.")
        limit, known = self.limit(request), self._needs_more
        more = known
        turn = -1
        while turn < REASKS:
            turn += 1
            try:
                most = self._most(limit, more)
                reply = await self._call(request, messages, ready.tokens, most)
                self._needs_more = max(self._needs_more, more)
            except ModelError as error:
                asked = self._add(asked, error.usage, 0.0, error.calls)
                if isinstance(error, RunStopper) and best is None:
                    error.usage, error.calls, error.cost = asked.usage, asked.calls, asked.cost
                    raise
                if error.kind is FailureKind.TRUNCATED and more is known and most:
                    more = max(known, limit.lacked(error.cut))
                    if more is not known:
                        turn -= 1
                        continue
                raw = error.raw or failure.raw
                failure = Failure(request.task.id, error.kind, error.message, raw)
                break
            asked = self._add(asked, reply.usage, reply.latency, reply.calls)
            outcome = self._from_reply(request, reply, asked)
            if isinstance(outcome, Failure):
                failure, wrong = outcome, outcome.message
            else:
                if best is None or len(outcome.problems) < len(best.problems):
                    best = outcome
                wrong = "; ".join(f"{p.control}: {p.message}" for p in outcome.problems)
            again = REASKS if isinstance(outcome, Failure) else 1
            if not wrong or turn >= again or self._is_baseline:
                break  # fine, or as good as it gets; the baseline never changes its mind
            sizes = ready.pictures if self._config.draws else ()
            messages = prompting.reask(ready.messages, reply.text, wrong, pictures=sizes)
        if best is None:
            return replace(failure, asked=asked), None
        if not self.uses_cache:
            return replace(best, asked=asked), None
        answer = CachedAnswer(
            request.keys[0], best.raw, best.score, asked, self._project_id, best.confidence
        )
        return replace(best, asked=asked), answer

    def _most(self, limit: CompletionLimit, more: More) -> int:
        """The completion tokens of a call; 0 where none are named, or the version names them."""
        first = 0 if limit.given is not None else self.guard.bounded(limit.ours)
        return limit.wider(first, more, must_be_bounded=self.guard.is_limited)

    async def _get_ready(self, request: ModelRequest) -> Ready:
        """The messages with their files, which the baseline does not look at."""
        if self._is_baseline:
            return Ready(request.messages)
        return await self._attachments.put_in(
            request.messages, project_id=self._project_id, provider=self._provider
        )

    async def _call(
        self,
        request: ModelRequest,
        messages: list[JsonObject],
        file_tokens: int,
        most: int,
    ) -> Reply:
        call = Request(
            model=self._model_name,
            messages=messages,
            schema=request.schema or {},
            parameters=self._parameters,
            timeout=self._timeout,
            limit=most,
            task_id=request.task.id,
            inputs=request.inputs or {},
            examples=self._examples,
            logprobs=self._sure is ConfidenceWay.LOGPROBS,
            optional=(request.rating,) if request.rating else (),
        )
        reserved = await self.guard.reserve(messages, request.schema, file_tokens, most)
        # A call nobody heard back from has, as far as anybody knows, cost its worst case.
        cost: float | None = None
        usage = Usage()
        sent = (messages, request.schema, file_tokens, most)
        try:
            reply = await self._model.complete(call)
            usage = self.guard.counted(reply.usage, *sent)
            cost = cost_of(self._price, usage)
            return replace(reply, usage=usage) if usage.uncounted else reply
        except ModelError as error:
            usage = error.usage = self.guard.counted(error.usage, *sent)
            if error.kind not in MAY_BE_CHARGED:
                cost = cost_of(self._price, usage)
            raise
        finally:
            self.guard.settle(reserved, cost, usage)

    def _add(self, asked: CallRecord, usage: Usage, latency: float, calls: int) -> CallRecord:
        cost = cost_of(self._price, usage)
        return replace(
            asked,
            usage=asked.usage + usage,
            cost=None if cost is None or asked.cost is None else asked.cost + cost,
            latency=asked.latency + latency,
            calls=asked.calls + calls,
        )

    def _from_reply(self, request: ModelRequest, reply: Reply, asked: CallRecord) -> Outcome:
        read = self._reader.read(request, reply.text, finished=reply.finished)
        if isinstance(read, AnswerError):
            failure = invalid(request, read, reply.text, asked)
            message = f"{failure.message} {reply.remark}".strip()
            return replace(failure, message=message, raw=failure.raw.strip() or reply.raw)
        sure = self._reader.sure_of(reply, read)
        return prediction(request, read.made, reply.text, sure, asked)


def _with_spent(asked: CallRecord, stopper: RunStopper) -> CallRecord:
    """Return what was asked with what an answer cost that never came."""
    known = asked.cost is not None and stopper.cost is not None
    return replace(
        asked,
        usage=asked.usage + stopper.usage,
        calls=asked.calls + stopper.calls,
        cost=(asked.cost or 0.0) + (stopper.cost or 0.0) if known else None,
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
