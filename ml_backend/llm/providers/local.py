"""A model file on this machine, answered by a process that the server starts: your own machine."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import replace

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


class LocalModel:
    """A ``Model`` whose server is ours: found anew after each start, asked without a proxy."""

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
        self._is_closed = False
        process.hold()
        self._timeout = timeout
        self._ladder = ladder
        # What fails here fails again at once, and a timeout is the machine's own.
        self._retry = replace(retry, tries=1)
        self._gate = Gate(process.file.slots)
        self._open: tuple[Address, Wire, ChatModel] | None = None

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply; raise ``RunStopper`` or ``ModelError`` with its kind."""
        for _ in range(ASKED_TWICE):
            _, model = await self._ready()
            try:
                reply = await model.complete(request)
            except ModelError as error:
                if error.kind is not FailureKind.CONNECTION:
                    raise
                if not await asyncio.to_thread(self._process.has_ended):
                    raise ModelError(error.message, kind=error.kind, raw=error.raw) from None
                continue
            self._process.answered()
            return reply
        raise ModelError(
            "The process of the local model ended twice over this task.",
            kind=FailureKind.SERVER_ERROR,
        )

    async def check(self) -> list[str]:
        """Return its one name, after it has said a word."""
        wire, _ = await self._ready()
        name = self._connection.default_model
        question = {"role": "user", "content": "Answer with the word: ok"}
        try:
            body: JsonObject = {"model": name, "messages": [question], OLDER: SHORT}
            await wire.chat(body, self._timeout)
        except CallFailed as failed:
            raise explain(failed.trouble, self._connection, name) from None
        self._process.answered()
        return [name]

    async def close(self) -> None:
        """Close the connections, and end the process where nobody else asks it."""
        await self._hang_up()
        if not self._is_closed:
            self._is_closed = True
            await asyncio.to_thread(self._process.release)

    async def _ready(self) -> tuple[Wire, ChatModel]:
        """Return how to ask the process, which runs then."""
        address = await asyncio.to_thread(self._process.ensure)
        if self._open is None or self._open[0] != address:
            await self._hang_up()
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
            self._open = (address, wire, model)
        return self._open[1], self._open[2]

    async def _hang_up(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            await opened[2].close()
