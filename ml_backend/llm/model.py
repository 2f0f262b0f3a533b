"""The one door to a language model: what is asked, what comes back, and how many at once.

Knows no provider; ``providers/<name>.py`` implement ``Model``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from ml_backend.llm.reach import ANYWHERE, Reach
from ml_backend.llm.retry import Retry
from ml_backend.records import Example, JsonObject, Usage
from ml_backend.records.abilities import ModelAbilities

LOGPROBS = "logprobs"
"""The parameter that asks for the log-probabilities of an answer's tokens."""
RAMP_SECONDS = 1.0
RAMP_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Request:
    """One task's question to a model.

    ``timeout`` bounds each HTTP call as a whole, a slow drip included. ``task_id``, ``inputs`` and
    ``examples`` are read by the offline baseline only, which leaves the task itself out. ``limit``
    is the most tokens of the answer, 0 where there is none or the parameters have one of their own.
    With ``logprobs`` the tokens' log-probabilities are asked for, of a model that takes that.
    ``optional`` are keys of the schema that an answer may leave out and yet have kept to it.
    """

    model: str
    messages: list[JsonObject]
    schema: JsonObject
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 60.0
    limit: int = 0
    task_id: int = 0
    inputs: Mapping[str, str] = field(default_factory=dict)
    examples: Sequence[Example] = ()
    logprobs: bool = False
    optional: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, not yet checked against the schema.

    ``usage`` and ``calls`` sum every HTTP call it took, refused forms and retries included;
    ``latency`` is the seconds of the call that brought the text, waiting left out.
    """

    text: str
    usage: Usage
    latency: float
    calls: int
    score: float | None
    """How sure the model is, where it is one that says so by itself."""
    form: str
    model: str
    finished: bool = True
    """Whether the model ended by itself, as far as is known."""
    raw: str = ""
    """What came instead, where there is no text."""
    remark: str = ""
    """What the server, or we, have to say of a text in which there may be no answer."""
    tokens: Sequence[Mapping[str, Any]] = ()
    """Those of the text with their log-probabilities, as OpenAI gives them, where it did."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """How sure a model that says so is of each part of its answer."""


NO_MODEL = "none"
"""What is asked for to see whether anybody answers, where no model is named."""


class Payer(Protocol):
    """Counts calls that belong to no task, to whom they are paid by."""

    async def pay(
        self,
        model: str,
        messages: Sequence[JsonObject],
        most: int,
        ask: Callable[[], Awaitable[Usage]],
    ) -> None:
        """Have ``ask`` make one call, of at most so many tokens, if it may be paid for.

        Raises BudgetReached or InvalidInput before it asks; what ``ask`` raises passes.
        """


class Model(Protocol):
    """A model behind one connection; used from one event loop."""

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply; raise ``RunStopper`` or ``ModelError`` with its kind."""

    async def check(self, payer: Payer) -> list[str]:
        """Return the names of the models it offers, or prove in another way that it answers.

        What that takes, where it is paid for, ``payer`` lets out and counts.
        """

    async def close(self) -> None:
        """Give back its connections."""


@runtime_checkable
class Retirable(Protocol):
    """A model that holds more than connections, which is given back when nobody asks it."""

    def retire(self) -> None:
        """Note that another one takes its place; from any thread."""


@runtime_checkable
class Lists(Protocol):
    """A model whose ``check`` reads its provider's list, and what that tells of each."""

    listed: dict[str, ModelAbilities]


class Gate:
    """At most ``concurrency`` calls in flight on one connection, and one pause for all of them.

    First come, first served. After a pause the callers are let through one by one over up to a
    second, so that a limit still in force costs a few refusals and not one per caller.
    """

    def __init__(self, concurrency: int) -> None:
        if concurrency < 1:
            raise ValueError("a gate needs room for at least one call")
        self.concurrency = concurrency
        self.in_flight = 0
        self._slots = asyncio.Semaphore(concurrency)
        self._turn = asyncio.Lock()
        self._resume_at = 0.0
        self._step = min(RAMP_STEP, RAMP_SECONDS / concurrency)

    @property
    def paused_for(self) -> float:
        """Seconds until calls go on; 0 when they do."""
        return max(0.0, self._resume_at - time.monotonic())

    def pause(self, seconds: float) -> None:
        """Hold every further call back; the longest pause asked for counts."""
        self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            if self._turn.locked() or self.paused_for:
                await self._wait_for_turn()
        except BaseException:
            self._slots.release()
            raise
        self.in_flight += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.in_flight -= 1
        self._slots.release()

    async def _wait_for_turn(self) -> None:
        async with self._turn:
            while wait := self.paused_for:
                await asyncio.sleep(wait)
            await asyncio.sleep(self._step)


@dataclass(frozen=True, slots=True)
class Opening:
    """On what terms a connection's model is opened."""

    gate: Gate
    timeout: float
    """Seconds of a call that names no other."""
    ladder: MutableMapping[str, str]
    """What was learnt about the endpoint before, and is written to as more is learnt: keep it."""
    retry: Retry = field(default_factory=Retry)
    reach: Reach = ANYWHERE
    """Where the connection may lead."""
