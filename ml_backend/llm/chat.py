"""Asks any OpenAI-compatible endpoint: forms, retries and the shared pause around single calls."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.confidence import value_confidence
from ml_backend.llm.explanations import bad_setting, explain, without_secrets
from ml_backend.llm.failures import RAW_LIMIT, Cure, Trouble
from ml_backend.llm.model import Gate, Reply, Request
from ml_backend.llm.retry import Retry, RetryPolicy
from ml_backend.llm.structured_output import (
    StructuredOutputFallback,
    build_body,
    keeps_form,
    read_text,
)
from ml_backend.llm.token_limit import (
    NEWER,
    is_whole,
    limited,
    other_name,
    refuses_limit,
    unlimited,
)
from ml_backend.llm.wire import CallFailed, Wire
from ml_backend.records import Connection, FailureKind, JsonObject, Usage


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


class ChatModel:
    """A ``Model`` behind ``/chat/completions``."""

    def __init__(
        self,
        connection: Connection,
        wire: Wire,
        *,
        gate: Gate,
        timeout: float,
        ladder: MutableMapping[str, str],
        retry: Retry,
        limit_name: str = NEWER,
    ) -> None:
        """``limit_name`` is the parameter that bounds an answer's tokens there."""
        self._limit_name = limit_name
        self._connection = connection
        self._wire = wire
        self._gate = gate
        self._timeout = timeout
        self._ladder = StructuredOutputFallback(ladder, connection)
        self._retry = retry
        self._answered = False

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply; raise ``RunStopper`` or ``ModelError`` with its kind."""
        model = request.model or self._own_model()
        request = limited(request, self._limit_name)
        asking = Asking(request, model, self._ladder.first(model), RetryPolicy(self._retry))
        try:
            while True:
                try:
                    answer, seconds = await self._ask(asking)
                except CallFailed as failed:
                    await self._recover(asking, failed.trouble)
                    continue
                self._answered = True
                reply = self._read(asking, answer, seconds)
                if reply is not None:
                    return reply
        except ModelError as error:
            error.usage, error.calls = asking.usage, asking.calls
            raise

    async def check(self) -> list[str]:
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
            model = self._own_model()
            question = {"role": "user", "content": "Answer with the word: ok"}
            name = self._connection.deployment or model
            await self._wire.chat({"model": name, "messages": [question]}, self._timeout)
        except CallFailed as failed:
            model = self._connection.default_model
            raise explain(failed.trouble, self._connection, model) from None
        return [model]

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
        body = build_body(asking.form, asking.request, name, mends)
        asking.calls += 1
        return await self._wire.chat(body, asking.request.timeout)

    def _read(self, asking: Asking, answer: JsonObject, seconds: float) -> Reply | None:
        """Return the reply, or None when the form was ignored and a lower one is to be tried."""
        asking.usage += _usage(answer)
        choice = answer["choices"][0]
        message = choice.get("message") or {}
        text = read_text(asking.form, message)
        self._require_whole(choice, message, text)
        form = asking.form
        if not self._accept_form(asking, text):
            return None
        tokens = (choice.get("logprobs") or {}).get("content")
        return Reply(
            text=text,
            usage=asking.usage,
            latency=seconds,
            calls=asking.calls,
            score=value_confidence(tokens) if tokens else None,
            form=form,
            model=asking.model,
        )

    def _accept_form(self, asking: Asking, text: str) -> bool:
        """Learn from an answer; False when a lower form is to be tried, which is then set."""
        ladder, model, form = self._ladder, asking.model, asking.form
        if ladder.is_proven(model, form):
            ladder.kept(model, form)
            return True
        if keeps_form(text, asking.request.schema):
            ladder.worked(model, form)
            return True
        ladder.ignored(model, form)
        lower = ladder.below(model, form)
        asking.form = lower or form
        return lower is None

    def _require_whole(self, choice: JsonObject, message: JsonObject, text: str) -> None:
        refusal, reason = message.get("refusal"), choice.get("finish_reason")
        raw = without_secrets(text, self._connection)[:RAW_LIMIT]
        if refusal:
            said = without_secrets(str(refusal), self._connection)
            raise ModelError(
                f"The model refused the task: {said[:300]}",
                kind=FailureKind.REFUSED,
                raw=said[:RAW_LIMIT],
            )
        if reason == "content_filter":
            raise ModelError(
                "The provider's content filter cut the answer off.",
                kind=FailureKind.REFUSED,
                raw=raw,
            )
        if reason == "length" and not is_whole(text):
            raise ModelError(
                "The answer was cut off at the limit of tokens.",
                kind=FailureKind.TRUNCATED,
                raw=raw,
                fix="Raise max_tokens in the parameters of the prompt version.",
            )

    async def _recover(self, asking: Asking, trouble: Trouble) -> None:
        """Set the request up for another try, after waiting where that is due; raise if none."""
        if trouble.cure is Cure.MEND and self._mend(asking, trouble):
            return
        if asking.request.limit and refuses_limit(trouble):
            asking.request = unlimited(asking.request, self._limit_name)
            return
        if trouble.cure is Cure.LOWER_FORM and self._refuse_form(asking):
            return
        if trouble.maybe_form and self._suspect_form(asking, trouble):
            return
        if asking.first and (trouble.maybe_form or trouble.cure is Cure.RETRY):
            # No form works: the first one was not to blame, and its refusal says most.
            asking.form, trouble = asking.fallback, asking.first
            asking.fallback, asking.first = "", None
        await self._wait(asking, trouble)

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
        if lower is None:
            return False
        if not asking.suspected:
            asking.suspected, asking.fallback, asking.first = True, form, trouble
        asking.form = lower
        return True

    async def _wait(self, asking: Asking, trouble: Trouble) -> None:
        wait: float | None = None
        if trouble.cure is Cure.WAIT:
            wait = asking.patience.after_rate_limit(trouble.retry_after)
        elif trouble.cure is Cure.RETRY or trouble.status >= 500:
            wait = asking.patience.after_failure()
        if wait is None:
            raise self._give_up(asking, trouble)
        if trouble.retry_after is not None:
            self._gate.pause(wait)
        else:
            await asyncio.sleep(wait)

    def _give_up(self, asking: Asking, trouble: Trouble) -> ModelError:
        error = explain(trouble, self._connection, asking.model, tries=asking.patience.failures)
        if trouble.refused_connection and not self._answered:
            # Nobody has ever answered there: the next task would only wait for the same.
            return RunStopper(error.message, kind=error.kind, raw=error.raw, fix=error.fix)
        return error


def _usage(answer: JsonObject) -> Usage:
    usage: Any = answer.get("usage")
    if not isinstance(usage, dict):
        return Usage()
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
