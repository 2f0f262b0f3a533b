"""What a model can, by asking it a few small questions; what stays unknown is told as unknown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ml_backend.errors import AnswerError, Conflict, InvalidInput, ModelError
from ml_backend.jobs import LoopThread
from ml_backend.llm import Gate, Model, Opening, Reply, Request, Retry, facts_of, open_model
from ml_backend.llm.confidence import tell_logprobs
from ml_backend.llm.prices import Price
from ml_backend.records import (
    AuditAction,
    Connection,
    FailureKind,
    Person,
    ProviderName,
    Usage,
)
from ml_backend.records.abilities import ModelAbilities, measured
from ml_backend.services.models.budgets import MAY_BE_CHARGED, BudgetGuard, cost_of, price_of
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.models.probes import (
    COLOUR,
    LOGPROBS,
    PDF_WORD,
    PLAIN,
    Probe,
    context_in,
    limits_in,
    reasoning_in,
)
from ml_backend.services.models.word_payer import Bill
from ml_backend.store import Store

MOST_CALLS = 8
"""Where every form but the last is refused; four or five are usual."""
MOST_TOKENS = 2048
"""Of one answer: a model that thinks needs some to come to an end."""
EXPECTED = Usage(4000, 600)
"""What all of them take together, about."""
CALL_SECONDS = 30.0
SECONDS = 120.0
"""Of all of them: somebody waits, and a thread of the server with them."""
AT_ONCE = 2
"""Models that are measured in one process; more would keep its threads from all others."""
RETRY = Retry(tries=2, rate_limit_seconds=15.0)
IS_REFUSAL = frozenset({FailureKind.BAD_REQUEST, FailureKind.MODEL_NOT_FOUND, FailureKind.REFUSED})
FILE_TOKENS = 3000


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found out; None is what was not."""

    model: str
    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    """Dollars that asking took."""
    form: str = ""
    images: bool | None = None
    pdfs: bool | None = None
    logprobs: bool | None = None
    reasoning: bool | None = None
    reasoning_tokens: int | None = None
    context: int | None = None
    limits: Mapping[str, int] | None = None
    """Limit in words -> number, as the provider's headers tell."""
    seconds: float | None = None
    """Of the quickest call."""
    price: Price | None = None
    listed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """Why something is unknown."""

    @property
    def abilities(self) -> ModelAbilities:
        """Return what is kept of it."""
        return measured(
            datetime.now(UTC).date().isoformat(),
            context=self.context,
            images=self.images,
            pdfs=self.pdfs,
            logprobs=self.logprobs,
            reasoning=self.reasoning,
            form=self.form or None,
        )


class Measuring:
    """Measures models of connections within the connections' budgets, and keeps what it finds."""

    def __init__(self, store: Store, models: ModelPool, loop: LoopThread) -> None:
        self._store = store
        self._models = models
        self._loop = loop
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def measure(
        self, connection: Connection, model: str = "", *, person: Person | None = None
    ) -> Measured:
        """Ask a connection's model; raises what keeps it from answering at all.

        Without a ``model`` it is the connection's own, or the only one it lists.
        """
        if connection.provider is ProviderName.BASELINE:
            raise InvalidInput(
                "The offline baseline is no model: there is nothing to measure.",
                field="connection",
            )
        self._models.open(connection)  # says what keeps it from being asked
        if not self._room.acquire(blocking=False):
            raise Conflict(
                "Other models are being measured right now.", fix="Try again in a minute."
            )
        try:
            with self._store.audit.doing(
                AuditAction.MODEL_MEASURED,
                kind="connection",
                object_id=connection.id,
                title=connection.title,
                organization=connection.organization,
            ) as told:
                bill = Bill()
                try:
                    found = self._loop.run(self._within(connection, model, person, bill))
                finally:
                    told.cost = bill.cost
        finally:
            self._room.release()
        at = self._models.as_asked(connection)
        self._store.abilities.keep(at, found.model, found.abilities)
        return found

    async def _within(
        self, connection: Connection, name: str, person: Person | None, bill: Bill
    ) -> Measured:
        try:
            async with asyncio.timeout(SECONDS):
                return await self._measure(connection, name, person, bill)
        except TimeoutError:
            raise ModelError(
                f"The model has not answered all questions within {SECONDS:.0f} s.",
                kind=FailureKind.TIMEOUT,
                fix="Try again while it is less busy.",
            ) from None

    async def _measure(
        self, connection: Connection, name: str, person: Person | None, bill: Bill
    ) -> Measured:
        from ml_backend.llm.through_litellm.rules import forms_anew
        from ml_backend.llm.wire.listening import hearing

        # Where no models are listed the one that is named is asked whether it answers.
        own = name or connection.default_model
        opening = Opening(
            Gate(1),
            CALL_SECONDS,
            forms_anew(self._store.answer_forms),
            retry=RETRY,
            reach=self._models.reach_of(connection),
        )
        asked = replace(self._models.as_asked(connection), default_model=own)
        model = open_model(asked, opening)
        try:
            with hearing() as heard:
                listed = tuple(await model.check(self._models.payer(connection, person, bill)))
                name = name or _own_model(connection, listed)
                price = price_of(connection, name)
                guard = BudgetGuard.require(
                    self._models.purse(connection),
                    price,
                    parameters={"max_tokens": MOST_TOKENS},
                    calls=self._models.paid_calls.of(person, connection, price),
                )
                asking = _Asking(connection, model, name, guard, price, bill)
                try:
                    found = await asking.all()
                finally:
                    guard.flush(at_once=True)
                thought, tokens = reasoning_in(heard.answers)
                return replace(
                    found,
                    listed=listed,
                    calls=heard.calls or asking.calls,
                    context=await context_in(connection, name, heard),
                    limits=limits_in(connection, heard.headers) or None,
                    reasoning=thought,
                    reasoning_tokens=tokens,
                )
        finally:
            await model.close()


class _Asking:
    """The questions to one model, one after another."""

    def __init__(
        self,
        connection: Connection,
        model: Model,
        name: str,
        guard: BudgetGuard,
        price: Price | None,
        bill: Bill,
    ) -> None:
        self._bill = bill
        self._model = model
        self._name = name
        self._guard = guard
        self._price = price
        self._facts = facts_of(connection.provider)
        self._usage = Usage()
        self.calls = 0
        self._remarks: list[str] = []

    async def all(self) -> Measured:
        plain = await self._ask(PLAIN)
        logprobs = await self._logprobs()
        images = await self._sees(COLOUR, "Pictures")
        pdfs: bool | None = False
        if self._facts.reads_pdf:
            pdfs = await self._sees(PDF_WORD, "PDF files")
        return Measured(
            self._name,
            usage=self._usage,
            cost=self._bill.cost,
            form=plain.form,
            images=images,
            pdfs=pdfs,
            logprobs=logprobs,
            seconds=plain.latency,
            price=self._price,
            remarks=tuple(self._remarks),
        )

    async def _logprobs(self) -> bool | None:
        if "logprobs" not in self._facts.parameters:
            return False
        try:
            return tell_logprobs((await self._ask(LOGPROBS)).tokens)
        except ModelError as error:
            self._remarks.append(f"Log-probabilities: {error.message}")
            return None

    async def _sees(self, probe: Probe, what: str) -> bool | None:
        """Return whether the model takes a file: it must say what is in it, not only be silent."""
        try:
            said = _answer(await self._ask(probe), probe)
        except ModelError as error:
            if error.kind in IS_REFUSAL:
                return False
            self._remarks.append(f"{what}: {error.message}")
            return None
        if said == probe.right:
            return True
        self._remarks.append(
            f"{what}: it took one, and said {said or 'nothing'!r} where {probe.right!r} is right."
        )
        return None

    async def _ask(self, probe: Probe) -> Reply:
        request = Request(
            self._name,
            probe.messages,
            probe.schema,
            parameters=probe.parameters,
            timeout=CALL_SECONDS,
            limit=MOST_TOKENS,
        )
        tokens = FILE_TOKENS if probe.has_file else 0
        reserved = await self._guard.reserve(probe.messages, probe.schema, tokens, MOST_TOKENS)
        sent = (probe.messages, probe.schema, tokens, MOST_TOKENS)
        # A call nobody heard back from has, as far as anybody knows, cost its worst case.
        cost, usage = None, Usage()
        try:
            reply = await self._model.complete(request)
            self.calls += reply.calls
            usage = self._guard.counted(reply.usage, *sent)
            cost = cost_of(self._price, usage)
            return reply
        except ModelError as error:
            self.calls += error.calls
            usage = self._guard.counted(error.usage, *sent)
            if error.kind not in MAY_BE_CHARGED:
                cost = cost_of(self._price, usage)
            raise
        finally:
            self._usage += usage
            self._bill.add(cost)
            self._guard.settle(reserved, cost, usage)


def _answer(reply: Reply, probe: Probe) -> str:
    from ml_backend.llm.reading.answer_object import read_object

    try:
        found = read_object(reply.text, probe.schema["properties"], finished=reply.finished)
    except AnswerError:
        return ""
    return str(found.get(probe.key, ""))[:40].lower()


def _own_model(connection: Connection, listed: tuple[str, ...]) -> str:
    own = connection.default_model or connection.deployment
    if own or len(listed) == 1:
        return own or listed[0]
    shown = f" It lists {', '.join(listed[:5])}{' …' if len(listed) > 5 else ''}." if listed else ""
    raise InvalidInput(
        f"Connection {connection.title!r} names no model to test.",
        field="model",
        fix=f"Name one, or give the connection a default model.{shown}",
    )


def expected_cost(connection: Connection, model: str = "") -> float | None:
    """Return about what measuring costs in dollars, None where no price is known."""
    name = model or connection.default_model or connection.deployment
    return cost_of(price_of(connection, name), EXPECTED) if name else None
