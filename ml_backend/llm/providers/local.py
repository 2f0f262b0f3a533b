"""A model file on this machine, answered by a process that the server starts: your own machine."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from ml_backend.errors import InvalidInput, ModelError, RunStopper
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.explanations import explain
from ml_backend.llm.local.child import PROCESSES, Address, ModelProcess
from ml_backend.llm.local.model_file import of_connection
from ml_backend.llm.model import Gate, Opening, Payer, Reply, Request
from ml_backend.llm.provider_facts import SERVER_PARAMETERS, ProviderFacts
from ml_backend.llm.token_limit import OLDER
from ml_backend.llm.wire import CallFailed, Place, Wire
from ml_backend.records import Connection, FailureKind, JsonObject, ProviderName

T = TypeVar("T")

ASKED_TWICE = 2
"""Times a question is asked whose process ended over it: another's may have ended it."""
IDLE_SECONDS = 60.0
"""A run that goes on with a retired model asks it again within that."""
SHORT = 8
"""Tokens of an answer that only shows that there is one."""


PROVIDER = ProviderFacts(
    ProviderName.LOCAL,
    "A model file on this machine",
    secrets=(),
    needs_secret=False,
    takes=(),
    parameters=SERVER_PARAMETERS,
    is_choice=False,
)


def open_model(connection: Connection, opening: Opening) -> LocalModel:
    """Return the model; raise ``RunStopper`` where its file or the engine is missing.

    Its process is started by the first question. The gate given is passed over for one as wide as
    the process has slots: what waits there does not use up its time.
    """
    try:
        file = of_connection(connection)
    except InvalidInput as error:
        raise RunStopper(error.message, kind=FailureKind.BAD_REQUEST, fix=error.fix) from None
    return LocalModel(connection, PROCESSES.of(file), opening)


@dataclass(frozen=True, slots=True)
class _Line:
    """How to ask a process since one of its starts."""

    address: Address
    wire: Wire
    model: ChatModel


class LocalModel:
    """A ``Model`` whose server is ours: found anew after each start, asked without a proxy.

    It holds its process until it is closed, or retired and not asked for a while.
    """

    def __init__(self, connection: Connection, process: ModelProcess, opening: Opening) -> None:
        self._connection = connection
        self._process = process
        self._line: _Line | None = None
        self._lock = threading.Lock()
        """For what is below: a model is retired by any thread."""
        self._asked = 0
        self._is_held = True
        self._is_retired = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        process.hold()
        self._getting_ready = asyncio.Lock()
        # What fails here fails again at once, and a timeout is the machine's own.
        once = replace(opening.retry, tries=1)
        self._opening = replace(opening, gate=Gate(process.file.slots), retry=once)

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply; raise ``RunStopper`` or ``ModelError`` with its kind."""
        with self._asking():
            for _ in range(ASKED_TWICE):
                line = await self._ready()
                try:
                    reply = await line.model.complete(request)
                except ModelError as error:
                    if error.kind is not FailureKind.CONNECTION:
                        raise
                    if not await _aside(self._process.has_ended):
                        raise ModelError(error.message, kind=error.kind, raw=error.raw) from None
                    continue
                self._process.answered()
                return reply
        raise ModelError(
            "The process of the local model ended twice over this task.",
            kind=FailureKind.SERVER_ERROR,
        )

    async def check(self, payer: Payer) -> list[str]:
        """Return its one name, after it has said a word; one that was given up is started."""
        name = self._connection.default_model
        question = {"role": "user", "content": "Answer with the word: ok"}
        body: JsonObject = {"model": name, "messages": [question], OLDER: SHORT}
        with self._asking():
            line = await self._ready(anew=True)
            try:
                await line.wire.chat(body, self._opening.timeout)
            except CallFailed as failed:
                raise explain(failed.trouble, self._connection, name) from None
        self._process.answered()
        return [name]

    async def close(self) -> None:
        """Close the connections, and end the process where nobody else asks it."""
        with self._lock:
            was_held, self._is_held, self._is_retired = self._is_held, False, True
        await self._hang_up()
        if was_held:
            await _aside(self._process.release)

    def retire(self) -> None:
        """Let go of the process when nothing was asked for a while; from any thread.

        Whoever has the model yet, as a run that goes on, may ask it further.
        """
        with self._lock:
            self._is_retired, loop = True, self._loop
            is_unused = self._is_held and (loop is None or loop.is_closed())
            self._is_held = self._is_held and not is_unused
        if is_unused:
            # Whoever retires it is not kept waiting for a process to end.
            threading.Thread(target=self._process.release, daemon=True).start()
        elif loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wait_until_idle, loop)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        with self._lock:
            self._loop = loop
            self._asked += 1
            is_held, self._is_held = self._is_held, True
        if not is_held:
            self._process.hold()
        try:
            yield
        finally:
            with self._lock:
                self._asked -= 1
            if self._is_retired:
                self._wait_until_idle(loop)

    def _wait_until_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = loop.call_later(IDLE_SECONDS, self._close_idle, loop)

    def _close_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._asked == 0:
            self._closing = loop.create_task(self.close())

    async def _ready(self, *, anew: bool = False) -> _Line:
        """Return how to ask the process, which runs then."""
        async with self._getting_ready:  # else two open a line, and one of them is never closed
            address = self._process.running()
            if address is None:
                address = await _aside(lambda: self._process.ensure(anew=anew))
            if self._line is None or self._line.address != address:
                await self._hang_up()
                self._line = self._line_to(address)
            return self._line

    def _line_to(self, address: Address) -> _Line:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {address.key}"}
        wire = Wire(Place(f"{address.url}/v1/", headers), self._opening.gate, direct=True)
        model = ChatModel(self._connection, wire, self._opening, limit_name=OLDER)
        return _Line(address, wire, model)

    async def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.model.close()


async def _aside(work: Callable[[], T]) -> T:
    """Await what blocks, in a thread of its own.

    The loop's own threads are few, and looking up addresses takes them: a model that starts for
    minutes would hold up all others. Nor does the end of this process wait for this one.
    """
    loop = asyncio.get_running_loop()
    done: concurrent.futures.Future[T] = concurrent.futures.Future()
    done.set_running_or_notify_cancel()  # who waits may be canceled, the work goes on

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(result)

    waiting = asyncio.wrap_future(done, loop=loop)
    threading.Thread(target=run, daemon=True).start()
    return await waiting
