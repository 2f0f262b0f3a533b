"""Whatever a provider sends, bytes, heads or JSON: a reply, or a failure that says what it was."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import strategies as st

from ml_backend.errors import ModelError
from ml_backend.llm import Model, Retry
from ml_backend.records import ProviderName
from support.fuzzing import Fuzz, mangled, spoilt
from support.models import SCHEMA, UNPAID, connection, opened, question

ANSWER = json.dumps({"topic": "other", "spans": None})
CALL = {"id": "c", "type": "function", "function": {"name": "answer", "arguments": ANSWER}}
MESSAGE = {"role": "assistant", "content": ANSWER, "refusal": None, "tool_calls": [CALL]}
COMPLETION = {
    "id": "c",
    "object": "chat.completion",
    "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}],
    "usage": {
        **{"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    },
}
CHUNK = {
    "object": "chat.completion.chunk",
    "choices": [{"index": 0, "delta": {"content": ANSWER}, "finish_reason": None}],
}
LAST = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {}}
ERRORS = [
    {
        "error": {
            "message": "no such model",
            "type": "invalid_request_error",
            "code": "x",
            "param": "m",
        }
    },
    {"error": "busy", "detail": [{"loc": ["body"], "msg": "no"}]},
    {"message": "max_tokens is too large: 9", "error": {"param": "max_tokens"}},
]
LISTS = [{"object": "list", "data": [{"id": "m", "object": "model"}]}, [{"id": "m"}]]


def stream(*events: Any) -> bytes:
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


JSON_BODIES = spoilt([COMPLETION, *ERRORS, *LISTS]).map(lambda each: json.dumps(each).encode())
STREAMS = st.lists(spoilt([CHUNK, LAST, COMPLETION]), max_size=3).map(lambda each: stream(*each))
BYTES = mangled([json.dumps(COMPLETION).encode(), stream(CHUNK, LAST), b"<html>busy</html>"])
BODIES = JSON_BODIES | STREAMS | BYTES
STATUS = st.sampled_from(
    [200] * 12 + [204, 301, 302, 307, 400, 401, 402, 403, 404, 413, 422, 429, 500, 503]
)
HEADERS = st.lists(
    st.sampled_from(
        [
            *(
                "Content-Type: application/json",
                "Content-Type: text/event-stream",
                "Content-Type: ;;",
            ),
            *("Content-Encoding: gzip", "Content-Encoding: deflate", "Content-Encoding: br"),
            *("Retry-After: 0", "Retry-After: -1", "Retry-After: nan", "Retry-After: tomorrow"),
            *("x-ratelimit-reset-tokens: 0s", "retry-after-ms: x", "Location: http://127.0.0.1:1/"),
            *(
                "Location: //[",
                "Transfer-Encoding: chunked",
                "Set-Cookie: a=b",
                "Content-Length: -1",
            ),
            *(
                "Content-Length: 3",
                "Content-Length: x",
                "Connection: close",
                "Content-Type: text/html; charset=x",
            ),
        ]
    ),
    max_size=3,
)
HEADS = st.sampled_from(
    [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/9.9 200\r\n", b"SSH-2.0-x\r\n"]
) | mangled([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"])
IMPATIENT = Retry(base=0.0, cap=0.0, rate_limit_seconds=0.0)


class Provider:
    """Sends bytes to whoever asks, and then no more; both ends in one loop."""

    def __init__(self) -> None:
        self.sends = b""
        self._runner = asyncio.Runner()
        self.url = self.run(self._start())

    async def _start(self) -> str:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.sends)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def close(self) -> None:
        self._server.close()
        self._runner.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()


def message(status: int, headers: list[str], body: bytes, packed: bool) -> bytes:
    """An HTTP answer whose head need not be true."""
    content = gzip.compress(body) if packed else body
    headers = [*headers, "Content-Encoding: gzip"] if packed else headers
    if not any(each.startswith(("Content-Length", "Transfer")) for each in headers):
        headers = [*headers, f"Content-Length: {len(content)}"]
    head = "\r\n".join([f"HTTP/1.1 {status} said", *headers])
    return f"{head}\r\n\r\n".encode() + content


SENT = st.tuples(STATUS, HEADERS, BODIES, st.booleans()).map(lambda each: message(*each))
PLAIN = st.tuples(STATUS, st.just([]), BODIES, st.booleans()).map(lambda each: message(*each))
MESSAGES = st.one_of(SENT, PLAIN, PLAIN, PLAIN, HEADS)


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.parametrize(
    "name", [ProviderName.CUSTOM, ProviderName.OPENAI], ids=lambda each: each.value
)
def test_whatever_a_provider_sends_is_a_reply_or_a_failure(
    fuzz: Fuzz, provider: Provider, name: ProviderName
) -> None:
    on = connection(provider.url, provider=name)

    async def ask(ladder: dict[str, str]) -> None:
        async with opened(on, ladder=ladder, retry=IMPATIENT, timeout=1.0) as model:
            await _ask(fuzz, model)

    def law(sends: bytes, known: bool) -> None:
        provider.sends = sends
        provider.run(asyncio.wait_for(ask({"simulated": "json_schema"} if known else {}), 30))

    fuzz(law, 150, sends=MESSAGES, known=st.booleans())


async def _ask(fuzz: Fuzz, model: Model) -> None:
    try:
        reply = await model.complete(question(schema=SCHEMA, timeout=0.5))
    except ModelError as error:
        fuzz.watch.refused(error, error.kind.value)
        said = error.usage
    else:
        fuzz.watch.counts["reply"] += 1
        assert isinstance(reply.text, str)
        said = reply.usage
    for count in (said.prompt_tokens, said.completion_tokens) if said else ():
        assert count is None or 0 <= count < 2**40
    try:
        names = await model.check(UNPAID)
    except ModelError as error:
        fuzz.watch.refused(error, "no list")
    else:
        assert all(isinstance(each, str) for each in names)
