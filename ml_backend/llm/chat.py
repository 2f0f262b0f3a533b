"""Asks any OpenAI-compatible endpoint: forms, retries and the shared pause around single calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ml_backend.errors import AnswerError, ModelError, RunStopper
from ml_backend.llm.explanations import bad_setting, explain, without_secrets
from ml_backend.llm.first_call import FirstCall
from ml_backend.llm.model import LOGPROBS, Opening, Payer, Reply, Request
from ml_backend.llm.reading.answer_object import read_object
from ml_backend.llm.reading.replies import Said, read_reply
from ml_backend.llm.reading.usage import UNKNOWN, read_usage
from ml_backend.llm.refusals.judging import RAW_LIMIT, Cure, Trouble
from ml_backend.llm.refusals.repeated import SameRefusal
from ml_backend.llm.retry import RetryPolicy
from ml_backend.llm.structured_output import StructuredOutputFallback, build_body, keeps_form
from ml_backend.llm.system_role import without_system
from ml_backend.llm.token_limit import (
    NEWER,
    cut_off,
    is_whole,
    other_name,
    refuses_limit,
    refuses_logprobs,
    unlimited,
    with_limit,
    with_logprobs,
)
from ml_backend.llm.wire import AnswerRefused, CallFailed, Calls
from ml_backend.llm.word import ask_for_a_word
from ml_backend.records import Connection, FailureKind, JsonObject, Usage
from ml_backend.records.abilities import FORMS, TOOL


@dataclass(slots=True)
class Asking:
    """One request on its way: what it has cost, which form it is in, what it has tried."""

    request: Request
    model: str
    form: str
    patience: RetryPolicy
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    fallback: str = ""
    """The form to go back to when the lower ones, tried on suspicion, fail as well."""
    first: Trouble | None = None
    suspected: bool = False
    mended: set[str] = field(default_factory=set)
    folded: bool = False
    """Whether it goes without a system message."""
    folded_on_suspicion: bool = False
    answers_before: int = 0
    """How many answers the connection had brought when it set out."""


class ChatModel:
    """A ``Model`` behind ``/chat/completions``."""

    def __init__(
        self,
        connection: Connection,
        wire: Calls,
        opening: Opening,
        *,
        limit_name: str = NEWER,
        forms: Sequence[str] = FORMS,
    ) -> None:
        """``limit_name`` is the parameter that bounds an answer's tokens there.

        ``forms`` are those in which the provider can be asked for a structured answer.
        """
        self._limit_name = limit_name
        self._connection = connection
        self._wire = wire
        self._gate = opening.gate
        self._timeout = opening.timeout
        self._ladder = StructuredOutputFallback(opening.ladder, connection, forms)
        self._retry = opening.retry
        self._answers = 0
        self._first_call = FirstCall()
        self._same_refusal = SameRefusal()
        self.listed = wire.listed

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply; raise ``RunStopper`` or ``ModelError`` with its kind."""
        model = request.model or self._own_model()
        async with self._first_call.of(model, known=self._ladder.is_known(model)):
            return await self._complete(request, model)

    async def _complete(self, request: Request, model: str) -> Reply:
        asking = Asking(request, model, self._ladder.first(model), RetryPolicy(self._retry))
        asking.answers_before = self._answers
        try:
            while True:
                try:
                    answer, seconds = await self._ask(asking)
                except AnswerRefused as refused:
                    reply = self._read_refused(asking, refused)
                    if reply is not None:
                        return reply
                    continue
                except CallFailed as failed:
                    await self._recover(asking, failed.trouble)
                    continue
                self._answers += 1
                reply = self._read(asking, answer, seconds)
                if reply is not None:
                    return reply
        except ModelError as error:
            error.usage, error.calls = asking.usage, asking.calls
            raise

    async def check(self, payer: Payer) -> list[str]:
        """Return the models on offer; where none are listed, the one that just answered."""
        try:
            if not self._connection.deployment:
                try:
                    return await self._wire.models(self._timeout)
                except CallFailed as failed:
                    # A key may be restricted to completions: 403 here proves nothing.
                    trouble = failed.trouble
                    if trouble.kind is not FailureKind.BAD_REQUEST and trouble.status != 403:
                        raise
            await self._ask_for_a_word(payer)
        except CallFailed as failed:
            model = self._connection.default_model
            told = self._is_told(model)
            raise explain(failed.trouble, self._connection, model, told=told) from None
        return [self._own_model()]

    async def _ask_for_a_word(self, payer: Payer) -> None:
        own = self._connection.deployment or self._connection.default_model
        await ask_for_a_word(self._wire, own, self._limit_name, self._timeout, payer)

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._wire.close()

    def _own_model(self) -> str:
        model = self._connection.default_model or self._connection.deployment
        if not model:
            raise bad_setting(
                self._connection,
                "no model is named.",
                "Choose a model in the prompt version or give the connection a default model.",
            )
        return model

    async def _ask(self, asking: Asking) -> tuple[JsonObject, float]:
        mends = self._ladder.mends(asking.model)
        name = self._connection.deployment or asking.model
        parameters = with_logprobs(with_limit(asking.request, self._limit_name), asking.request)
        body = build_body(asking.form, asking.request, name, mends, parameters)
        if asking.folded or not self._ladder.takes_system(asking.model):
            asking.folded = True
            body["messages"] = without_system(body["messages"])
        asking.calls += 1
        return await self._wire.chat(body, asking.request.timeout)

    def _read(self, asking: Asking, answer: JsonObject, seconds: float) -> Reply | None:
        """Return the reply, or None when the form was ignored and a lower one is to be tried."""
        request = asking.request
        asking.usage += read_usage(answer, request.messages, request.schema)
        said = read_reply(answer, tool=asking.form == TOOL)
        self._require_whole(said)
        text, remark = said.text, ""
        if not text.strip() and said.reasoning:
            text, remark = _out_of_reasoning(said, asking.request.schema)
        form = asking.form
        if not self._accept_form(asking, text, finished=said.is_finished):
            return None
        return Reply(
            text=text,
            usage=asking.usage,
            latency=seconds,
            calls=asking.calls,
            score=None,
            form=form,
            model=asking.model,
            finished=said.is_finished,
            raw=without_secrets(said.raw, self._connection)[:RAW_LIMIT],
            remark=remark,
            tokens=said.tokens,
        )

    def _read_refused(self, asking: Asking, refused: AnswerRefused) -> Reply | None:
        """Return an answer that the provider refused, to be read and judged like any other."""
        form = asking.form
        asking.usage += UNKNOWN  # it was made, and the refusal does not say what it took
        if not self._accept_form(asking, refused.text, finished=False):
            return None
        said = without_secrets(refused.said, self._connection)
        return Reply(
            text=refused.text,
            usage=asking.usage,
            latency=0.0,
            calls=asking.calls,
            score=None,
            form=form,
            model=asking.model,
            finished=False,
            raw=said[:RAW_LIMIT],
            remark=f"The provider says of it: {said[:300]}",
        )

    def _accept_form(self, asking: Asking, text: str, *, finished: bool) -> bool:
        """Learn from an answer; False when a lower form is to be tried, which is then set."""
        ladder, request, model, form = self._ladder, asking.request, asking.model, asking.form
        if asking.folded_on_suspicion:
            # It was the system message and no form: the next request finds the best of those.
            ladder.refuse_system(model)
            return True
        if ladder.is_proven(model, form):
            ladder.kept(model, form)
            return True
        if keeps_form(text, request.schema, finished=finished, optional=request.optional):
            ladder.worked(model, form)
            return True
        ladder.ignored(model, form)
        lower = ladder.below(model, form)
        asking.form = lower or form
        return lower is None

    def _require_whole(self, said: Said) -> None:
        if not (said.refusal or said.is_filtered or said.is_cut_off):
            return
        raw = without_secrets(said.text or said.reasoning, self._connection)[:RAW_LIMIT]
        if said.refusal:
            refusal = without_secrets(said.refusal, self._connection)
            raise ModelError(
                f"The model refused the task: {refusal[:300]}",
                kind=FailureKind.REFUSED,
                raw=refusal[:RAW_LIMIT],
            )
        if said.is_filtered:
            raise ModelError(
                "The provider's content filter cut the answer off.",
                kind=FailureKind.REFUSED,
                raw=raw,
            )
        if said.is_cut_off and not is_whole(said.text):
            error = ModelError(
                "The answer was cut off at the limit of tokens.",
                kind=FailureKind.TRUNCATED,
                raw=raw,
                fix="Raise max_tokens in the parameters of the prompt version.",
            )
            error.cut = cut_off(said)
            raise error

    async def _recover(self, asking: Asking, trouble: Trouble) -> None:
        """Set the request up for another try, after waiting where that is due; raise if none."""
        trouble = self._weigh(asking, trouble)
        if trouble.cure is Cure.NO_SYSTEM and self._leave_out_system(asking):
            return
        if trouble.cure is Cure.MEND and self._mend(asking, trouble):
            return
        if asking.request.limit and refuses_limit(trouble):
            asking.request = unlimited(asking.request)
            return
        if asking.request.logprobs and refuses_logprobs(trouble):
            asking.request = replace(asking.request, logprobs=False)
            self._ladder.mend(asking.model, LOGPROBS, None)
            return
        if trouble.cure is Cure.LOWER_FORM and self._refuse_form(asking):
            return
        if trouble.maybe_form and self._suspect_form(asking, trouble):
            return
        if asking.first and (trouble.maybe_form or trouble.cure is Cure.RETRY):
            # No form works: the first one was not to blame, and its refusal says most.
            asking.form, trouble = asking.fallback, asking.first
            asking.fallback, asking.first = "", None
            if asking.folded_on_suspicion:
                asking.folded = asking.folded_on_suspicion = False
        await self._wait(asking, trouble)

    def _weigh(self, asking: Asking, trouble: Trouble) -> Trouble:
        """Return the trouble as it is where the endpoint is known to work."""
        if trouble.once_answered is None:
            return trouble
        if not self._answers and not self._ladder.is_known(asking.model):
            return trouble
        kind = FailureKind.SERVER_ERROR if trouble.no_route else trouble.kind
        return replace(trouble, cure=trouble.once_answered, kind=kind, maybe_form=False)

    def _is_told(self, model: str) -> bool:
        return self._wire.reach.tells or self._answers > 0 or self._ladder.is_known(model)

    def _is_hopeless(self, asking: Asking, trouble: Trouble) -> bool:
        """Return whether the next task would only meet the same: nobody is answered here."""
        if trouble.refused_connection:
            return not self._answers
        if trouble.once_answered is Cure.RETRY:
            return asking.answers_before == self._answers
        known = self._ladder.is_known(asking.model)
        return self._same_refusal.is_of_all(trouble, self._answers, known=known)

    def _leave_out_system(self, asking: Asking) -> bool:
        if asking.folded:
            return False
        asking.folded = True
        self._ladder.refuse_system(asking.model)
        return True

    def _mend(self, asking: Asking, trouble: Trouble) -> bool:
        name = trouble.parameter
        if name in asking.mended:
            return False
        asking.mended.add(name)
        replacement = trouble.replacement
        if replacement is None and asking.request.limit:
            replacement = other_name(trouble, asking.mended)
        self._ladder.mend(asking.model, name, replacement)
        return True

    def _refuse_form(self, asking: Asking) -> bool:
        lower = self._ladder.below(asking.model, asking.form)
        if lower is None:
            return False
        self._ladder.refused(asking.model, asking.form)
        asking.form = lower
        return True

    def _suspect_form(self, asking: Asking, trouble: Trouble) -> bool:
        """Walk down once on a refusal without a reason, while the endpoint is not known."""
        ladder, model, form = self._ladder, asking.model, asking.form
        if ladder.is_proven(model, form) or (asking.suspected and not asking.fallback):
            return False
        lower = ladder.below(model, form)
        if not asking.folded and (trouble.maybe_system or (lower is None and trouble.status < 500)):
            # In words nobody knows: it costs one call to see whether it was the system message.
            asking.folded = asking.folded_on_suspicion = True
        elif lower is None:
            return False
        else:
            asking.form = lower
        if not asking.suspected:
            asking.suspected, asking.fallback, asking.first = True, form, trouble
        return True

    async def _wait(self, asking: Asking, trouble: Trouble) -> None:
        wait: float | None = None
        if trouble.cure is Cure.WAIT:
            wait = asking.patience.after_rate_limit(trouble.retry_after)
        elif trouble.cure is Cure.RETRY or (
            trouble.status >= 500 and trouble.cure not in (Cure.STOP, Cure.FAIL)
        ):
            wait = asking.patience.after_failure()
        if wait is None:
            raise self._give_up(asking, trouble)
        if trouble.retry_after is not None:
            self._gate.pause(wait)
        else:
            await asyncio.sleep(wait)

    def _give_up(self, asking: Asking, trouble: Trouble) -> ModelError:
        hopeless = self._is_hopeless(asking, trouble)
        if hopeless and trouble.no_route:
            trouble = replace(trouble, kind=FailureKind.BAD_REQUEST)  # no hiccup after all
        tries, told = asking.patience.failures, self._is_told(asking.model)
        error = explain(trouble, self._connection, asking.model, tries=tries, told=told)
        if hopeless:
            return RunStopper(error.message, kind=error.kind, raw=error.raw, fix=error.fix)
        return error


def _out_of_reasoning(said: Said, schema: JsonObject) -> tuple[str, str]:
    """Return the answer where a server put all into its reasoning field, or what to say of that."""
    try:
        answer = read_object(
            said.reasoning,
            schema.get("properties", {}),
            finished=said.is_finished,
            is_reasoning=True,
        )
    except AnswerError:
        remark = "The server put all that the model said into its reasoning field"
        return "", f"{remark}: {said.reasoning.strip()[-300:]}"
    return json.dumps(answer, ensure_ascii=False), ""
