"""Opening models on the simulated server and asking them, for tests that are no coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ml_backend.llm import ANYWHERE, Gate, Model, Opening, Reach, Request, Retry, open_model
from ml_backend.records import Connection, JsonObject, ProviderName, Usage
from ml_backend.services.models.pool import ModelPool, _asked_by

FAST = Retry(base=0.001, cap=0.005, rate_limit_seconds=5.0)
KEY = "sk-proj-abcdefghijklmnop"


class Unpaid:
    """Lets out every call that a check of a connection makes; nobody counts it."""

    async def pay(
        self,
        model: str,
        messages: Sequence[JsonObject],
        most: int,
        ask: Callable[[], Awaitable[Usage]],
    ) -> None:
        await ask()


UNPAID = Unpaid()
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "topic": {"type": "string", "enum": ["billing", "shipping", "other"]},
        "spans": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {
                    "quote": {"type": "string"},
                    "occurrence": {"type": "integer"},
                    "label": {"type": "string", "enum": ["Product", "Person"]},
                },
                "required": ["quote", "occurrence", "label"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["topic", "spans"],
    "additionalProperties": False,
}


def adopt(pool: ModelPool, connection: Connection, model: Model) -> None:
    """Have a connection answered by a model of the test's own."""
    with pool._lock:
        pool._open.insert(0, (_asked_by(connection), pool.reach_of(connection), model))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 120))


def connection(url: str, **changes: Any) -> Connection:
    values = {"provider": ProviderName.CUSTOM, "endpoint": url, "api_key": KEY, **changes}
    return Connection(id=values.pop("id", 3), title=values.pop("title", "Sim"), **values)


def question(text: str = "What is this about?", **changes: Any) -> Request:
    messages = [{"role": "system", "content": "You label."}, {"role": "user", "content": text}]
    values = {"model": "simulated", "messages": messages, "schema": SCHEMA, "timeout": 5.0}
    return Request(**{**values, **changes})


@asynccontextmanager
async def opened(
    on: Connection,
    *,
    gate: Gate | None = None,
    ladder: dict[str, str] | None = None,
    retry: Retry = FAST,
    timeout: float = 5.0,
    reach: Reach = ANYWHERE,
):
    memory = {} if ladder is None else ladder
    model = open_model(on, Opening(gate or Gate(8), timeout, memory, retry, reach))
    try:
        yield model
    finally:
        await model.close()


def ask(on: Connection, *requests: Any, **options: Any) -> Any:
    """Reply to one request, or a list of replies and errors to several at once."""

    async def work() -> Any:
        async with opened(on, **options) as model:
            if len(requests) == 1:
                return await model.complete(requests[0])
            calls = (model.complete(request) for request in requests)
            return await asyncio.gather(*calls, return_exceptions=True)

    return run(work())
