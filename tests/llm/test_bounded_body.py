"""What a provider sends is bounded as it unpacks: a few kilobytes take no server along."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import Mock

import pytest

import ml_backend.llm.chat  # noqa: F401  # else loaded by the first question, and measured with it
from ml_backend.errors import ModelError
from ml_backend.llm import Gate
from ml_backend.llm.wire import bounded_body
from support.models import UNPAID, ask, connection, opened, question, run

Send = Callable[[BaseHTTPRequestHandler], None]

ANSWER = json.dumps({"topic": "billing", "spans": None})
REPLY = json.dumps(
    {
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"content": ANSWER}},
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
).encode()
FEW = 1 << 20
"""The bound of these tests; what is refused is many times that."""


def bare(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def sends(body: bytes, packing: str = "", *, status: int = 200) -> Send:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        if packing:
            handler.send_header("Content-Encoding", packing)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return send


def never_ends(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    while True:
        handler.wfile.write(b"data: [DONE?]\n\n" * 50_000)


def promises_much(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**15))
    handler.end_headers()


@contextmanager
def provider(send: Send) -> Iterator[str]:
    """The address of a server all of whose answers are made by ``send``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                send(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("body", "packing"),
    [
        (REPLY, ""),
        (REPLY, "identity"),
        (gzip.compress(REPLY), "gzip"),
        (gzip.compress(REPLY), "x-gzip"),
        (gzip.compress(REPLY[:20]) + gzip.compress(REPLY[20:]), "gzip"),
        (zlib.compress(REPLY), "deflate"),
        (bare(REPLY), "deflate"),
    ],
)
def test_an_answer_is_read_however_it_is_packed(body: bytes, packing: str) -> None:
    with provider(sends(body, packing)) as url:
        assert ask(connection(url), question()).text == ANSWER


MUCH = bytes(20 * FEW)
# Made when they are asked for: packing all of it takes a tenth of a second.
HOSTILE: dict[str, Callable[[], Send]] = {
    "plain": lambda: sends(MUCH),
    "gzip": lambda: sends(gzip.compress(MUCH), "gzip"),
    "gzip in many parts": lambda: sends(gzip.compress(bytes(FEW // 2)) * 40, "gzip"),
    "deflate": lambda: sends(zlib.compress(MUCH), "deflate"),
    "bare deflate": lambda: sends(bare(MUCH), "deflate"),
    "a refusal": lambda: sends(gzip.compress(MUCH), "gzip", status=400),
    "a stream without an end": lambda: never_ends,
    "a length out of this world": lambda: promises_much,
}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_body, "MOST_BYTES", FEW)
    monkeypatch.setattr(bounded_body, "LARGE_SECONDS", 0.01)


@pytest.mark.slow
@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
def test_what_is_too_large_costs_its_task_and_no_memory(
    made: Callable[[], Send], few: None
) -> None:
    send = made()
    with provider(send) as url:
        tracemalloc.start()
        try:
            with pytest.raises(ModelError, match="larger than 1 MB, unpacked"):
                ask(connection(url), question())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 10 * FEW


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gzip", "a stream without an end"])
def test_a_list_of_models_is_bounded_alike(name: str, few: None) -> None:
    async def check(url: str) -> None:
        async with opened(connection(url)) as model:
            await model.check(UNPAID)

    with (
        provider(HOSTILE[name]()) as url,
        pytest.raises(ModelError, match="larger than 1 MB, unpacked"),
    ):
        run(check(url))


@pytest.mark.parametrize(
    ("body", "packing", "said"),
    [
        (REPLY, "br", "packed as 'br'"),
        (REPLY, "gzip, gzip", "packed as 'gzip, gzip'"),
        (REPLY, "gzip", "cannot be unpacked"),
        (b"\x78\x9cnothing of the kind", "deflate", "cannot be unpacked"),
    ],
)
def test_what_cannot_be_unpacked_is_named(body: bytes, packing: str, said: str) -> None:
    with provider(sends(body, packing)) as url, pytest.raises(ModelError, match=said):
        ask(connection(url), question())


def reply_of(size: int) -> bytes:
    return REPLY[:-1] + b', "more": "' + b"x" * size + b'"}'


@pytest.mark.slow
def test_large_bodies_of_a_connection_are_read_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many are asked for at once, no more than one is in memory whole."""
    monkeypatch.setattr(bounded_body, "LARGE_BYTES", 1 << 20)
    monkeypatch.setattr(bounded_body, "LARGE_SECONDS", 0.3)
    packed = gzip.compress(reply_of(10 << 20))
    with provider(sends(packed, "gzip")) as url:
        tracemalloc.start()
        try:
            began = time.monotonic()
            asked = [question(f"about {n}", timeout=60.0) for n in range(8)]
            answers = ask(connection(url), *asked)
            took = time.monotonic() - began
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert [each.text for each in answers] == [ANSWER] * 8
    assert took > 7 * 0.3
    assert peak < 70 << 20


@pytest.mark.slow
def test_a_body_of_nothing_but_parts_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_body, "LARGE_SECONDS", 0.01)
    parts = gzip.compress(REPLY[:-1] + b', "more": [' + b"{}," * (5 << 20) + b"{}]}")
    with provider(sends(parts, "gzip")) as url, pytest.raises(ModelError, match="parts"):
        ask(connection(url), question())


def test_what_large_bodies_take_of_others_their_connection_gives_back() -> None:
    assert bounded_body.seconds_held_up(1 << 20) == 0
    gate = Gate(8)
    with provider(sends(gzip.compress(reply_of(3 << 20)), "gzip")) as url:
        assert ask(connection(url), question(), gate=gate).text == ANSWER
    assert 0 < gate.paused_for < 1


def test_others_have_their_turn_between_two_steps_of_unpacking() -> None:
    """All of it may come in one piece of the network, a thousandth of what it unpacks to."""
    steps, turns = 12, 0

    class Content:
        async def iter_any(self) -> AsyncIterator[bytes]:
            yield gzip.compress(bytes(steps * bounded_body.STEP_BYTES))

    response = Mock(
        content=Content(), headers={"content-encoding": "gzip"}, content_length=None,
        content_type="application/json",
    )  # fmt: skip

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def read() -> bytes:
        beside = asyncio.create_task(others())
        try:
            return await bounded_body.read_bounded(response, asyncio.Lock())
        finally:
            beside.cancel()

    assert len(run(read())) == steps * bounded_body.STEP_BYTES
    assert turns >= steps - 1
