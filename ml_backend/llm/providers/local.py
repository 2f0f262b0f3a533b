"""A model file on this machine, answered by a process that the server starts: your own machine."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from typing import TypeVar

import openai

from ml_backend.errors import InvalidInput, ModelError, RunStopper
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.explanations import explain
from ml_backend.llm.local.child import PROCESSES, Address, ModelProcess
from ml_backend.llm.local.model_file import of_connection
from ml_backend.llm.model import Gate, Reply, Request
from ml_backend.llm.retry import Retry
from ml_backend.llm.token_limit import OLDER
from ml_backend.llm.wire import CallFailed, Wire, http_client
from ml_backend.records import Connection, FailureKind, JsonObject

T = TypeVar("T")

ASKED_TWICE = 2
"""Times a question is asked whose process ended over it: another's may have ended it."""
SHORT = 8
"""Tokens of an answer that only shows that there is one."""


def open_model(
    connection: Connection,
    *,
    gate: Gate,
    timeout: float,
    ladder: MutableMapping[str, str],
    retry: Retry,
) -> LocalModel:
    """Return the model; raise ``RunStopper`` where its file or the engine is missing.

    Its process is started by the first question. The gate given is passed over for one as wide as
    the process has slots: what waits there does not use up its time.
    """
    try:
        file = of_connection(connection)
    except InvalidInput as error:
        raise RunStopper(error.message, kind=FailureKind.BAD_REQUEST, fix=error.fix) from None
    return LocalModel(connection, PROCESSES.of(file), timeout=timeout, ladder=ladder, retry=retry)


@dataclass(frozen=True, slots=True)
class _Line:
    """How to ask a process since one of its starts, and the loop that does."""

    address: Address
    wire: Wire
    model: ChatModel
    loop: asyncio.AbstractEventLoop


class LocalModel:
    """A ``Model`` whose server is ours: found anew after each start, asked without a proxy.

    It holds its process until it is closed, or until nobody has it any more.
    """

    def __init__(
        self,
        connection: Connection,
        process: ModelProcess,
        *,
        timeout: float,
        ladder: MutableMapping[str, str],
        retry: Retry,
    ) -> None:
        self._connection = connection
        self._process = process
        self._lines: list[_Line] = []
        """The one that is open, none or one."""
        process.hold()
        self._let_go = weakref.finalize(self, _let_go, process, self._lines)
        self._let_go.atexit = False  # then all processes end
        self._getting_ready = asyncio.Lock()
        self._timeout = timeout
        self._ladder = ladder
        # What fails here fails again at once, and a timeout is the machine's own.
        self._retry = replace(retry, tries=1)
        self._gate = Gate(process.file.slots)

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply; raise ``RunStopper`` or ``ModelError`` with its kind."""
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

    async def check(self) -> list[str]:
        """Return its one name, after it has said a word; one that was given up is started."""
        line = await self._ready(anew=True)
        name = self._connection.default_model
        question = {"role": "user", "content": "Answer with the word: ok"}
        try:
            body: JsonObject = {"model": name, "messages": [question], OLDER: SHORT}
            await line.wire.chat(body, self._timeout)
        except CallFailed as failed:
            raise explain(failed.trouble, self._connection, name) from None
        self._process.answered()
        return [name]

    async def close(self) -> None:
        """Close the connections, and end the process where nobody else asks it."""
        await self._hang_up()
        if self._let_go.detach() is not None:
            await _aside(self._process.release)

    async def _ready(self, *, anew: bool = False) -> _Line:
        """Return how to ask the process, which runs then."""
        async with self._getting_ready:  # else two open a line, and one of them is never closed
            address = self._process.running()
            if address is None:
                address = await _aside(lambda: self._process.ensure(anew=anew))
            if not self._lines or self._lines[0].address != address:
                await self._hang_up()
                self._lines.append(self._line_to(address))
            return self._lines[0]

    def _line_to(self, address: Address) -> _Line:
        client = openai.AsyncOpenAI(
            api_key=address.key,
            base_url=f"{address.url}/v1",
            max_retries=0,
            http_client=http_client(address.url),
        )
        wire = Wire(client, self._gate, direct=True)
        model = ChatModel(
            self._connection,
            wire,
            gate=self._gate,
            timeout=self._timeout,
            ladder=self._ladder,
            retry=self._retry,
            limit_name=OLDER,
        )
        return _Line(address, wire, model, asyncio.get_running_loop())

    async def _hang_up(self) -> None:
        while self._lines:
            await self._lines.pop().model.close()


def _let_go(process: ModelProcess, lines: list[_Line]) -> None:
    """Give up what a model held that nobody has any more; called by whatever thread had it last."""
    for line in lines:
        if line.loop.is_running():
            asyncio.run_coroutine_threadsafe(line.model.close(), line.loop)
    # Whoever dropped it may hold any lock, and is not kept waiting for a process to end.
    threading.Thread(target=process.release, daemon=True).start()


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
