"""Threads get whole requests only and wait for no reader: slow ones hold nobody up."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

import pytest
from flask import Flask

from ml_backend.web.listening import keeper, outbox, worker as workers
from ml_backend.web.listening.streams import EventStream, answer
from support.listening import Listening, listening, read_all, read_until
from support.place import Place
from support.processes import eventually

LARGE = 3 << 20


def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Tells of a request what arrived; /large answers much."""
    body = environ["wsgi.input"].read()
    said = {
        "path": environ["PATH_INFO"],
        "length": len(body),
        "sum": hashlib.sha256(body).hexdigest(),
        "chunked": "HTTP_TRANSFER_ENCODING" in environ,
    }
    out = b"x" * (10 * LARGE) if environ["PATH_INFO"] == "/large" else json.dumps(said).encode()
    start("200 OK", [("Content-Length", str(len(out)))])
    return [out]


def told(answered: bytes) -> dict[str, Any]:
    head, _, body = answered.rpartition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 100")), answered[:300]
    found: dict[str, Any] = json.loads(body)
    return found


def head(path: str = "/", *fields: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


SLOW = {
    "says nothing": b"",
    "half a line": b"GET /he",
    "half a head": b"GET / HTTP/1.1\r\nHost: local",
    "half a body": head("/predict", "Content-Length: 1000") + b"{",
    "half a chunk": head("/predict", "Transfer-Encoding: chunked") + b"ff\r\nabc",
    "no chunk": head("/webhook", "Transfer-Encoding: chunked"),
    "does not read": head("/large", method="GET"),
}


@pytest.mark.slow
def test_slow_connections_hold_no_thread() -> None:
    with listening(echo) as server:
        opened = [server.open(start) for start in SLOW.values() for _ in range(8)]
        assert told(server.get("/health"))["path"] == "/health"
        for sock in opened:
            sock.close()
        eventually(lambda: not server.worker._connections, every=0.02)


def test_requests_are_read_however_they_come_in() -> None:
    body = b"0123456789" * 10
    chunks = b"5\r\n01234\r\n5f;a=b\r\n" + body[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
    ways = {
        "in one piece": (head("/a", "Content-Length: 100", "Connection: close") + body,),
        "byte by byte": tuple(
            bytes([each]) for each in head("/a", "Content-Length: 100", "Connection: close") + body
        ),
        "in chunks": (head("/a", "Transfer-Encoding: chunked", "Connection: close"), chunks),
        "chunks cut anywhere": tuple(
            (head("/a", "transfer-encoding: CHUNKED", "Connection: close") + chunks)[n : n + 7]
            for n in range(0, 300, 7)
        ),
        "once it may": (
            head("/a", "Content-Length: 100", "Expect: 100-continue", "Connection: close"),
            body,
        ),
    }
    with listening(echo) as server:
        for way, parts in ways.items():
            said = told(server.exchange(*parts))
            assert said["sum"] == hashlib.sha256(body).hexdigest(), way
            assert said["length"] == 100, way
            assert not said["chunked"], way


def test_requests_follow_each_other_on_one_connection() -> None:
    with listening(echo) as server, server.open() as sock:
        sock.sendall(
            head("/1", "Content-Length: 3") + b"abc" + head("/2", method="GET") + head("/3")[:9]
        )
        first = read_until(sock, b'"/2"')
        assert first.index(b'"/1"') < first.index(b'"/2"')
        sock.sendall(head("/3")[9:])
        assert b'"/3"' in read_until(sock, b'"/3"')


DOUBTFUL = {
    "two lengths": head("/a", "Content-Length: 3", "Content-Length: 4") + b"abc",
    "a length and chunks": head("/a", "Content-Length: 3", "Transfer-Encoding: chunked")
    + b"0\r\n\r\n",
    "a length that is none": head("/a", "Content-Length: -3") + b"abc",
    "a length of signs": head("/a", "Content-Length: +3") + b"abc",
    "a length beyond all": head("/a", f"Content-Length: {10**30}") + b"abc",
    "a list of lengths": head("/a", "Content-Length: 3, 3") + b"abc",
    "packed and in chunks": head("/a", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk without a length": head("/a", "Transfer-Encoding: chunked") + b"\r\n\r\n",
    "a negative chunk": head("/a", "Transfer-Encoding: chunked") + b"-1\r\n\r\n",
    "a chunk that goes on": head("/a", "Transfer-Encoding: chunked") + b"1\r\nabc\r\n0\r\n\r\n",
    "bare newlines": head("/a", "Transfer-Encoding: chunked") + b"3\nabc\n0\n\n",
    "an endless line": head("/a", "Transfer-Encoding: chunked") + b"1;" + b"a" * 9000,
    "endless trailers": head("/a", "Transfer-Encoding: chunked") + b"0\r\n" + b"a: b\r\n" * 9000,
    "dust": head("/webhook", "Transfer-Encoding: chunked") + b"1\r\na\r\n" * 3000,
    "an endless head": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000,
    "no request": b"\x16\x03\x01 hello\r\n\r\n",
    "a folded field": head("/a", "A: b", " c: d", method="GET"),
    "a coding behind a strange space": head("/a", "Transfer-Encoding:\x0bchunked") + b"0\r\n\r\n",
    "a length behind a strange space": head("/a", "Content-Length:\x0c1") + b"a",
    "an unknown expectation": head("/a", "Expect: a-coffee", method="GET"),
}


def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed() -> None:
    wrong = []
    follows = head("/smuggled", method="GET")
    with listening(echo) as server:
        for name, sent in DOUBTFUL.items():
            got = server.exchange(sent + follows)
            lines = got.partition(b"\r\n\r\n")[0]
            if (
                not lines.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501"))
                or b"smuggled" in got
                or b"nosniff" not in lines
                or b"Content-Security-Policy" not in lines
            ):
                wrong.append((name, got[:200]))
    assert wrong == []


@pytest.mark.slow
def test_what_is_late_is_told_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(workers, "BODY_SECONDS", 0.3)
    with listening(echo, keepalive=1) as server:
        late = {name: server.open(start) for name, start in SLOW.items() if "read" not in name}
        got = {name: read_all(sock) for name, sock in late.items()}
    assert got.pop("says nothing") == b""
    assert {each[:12] for each in got.values()} == {b"HTTP/1.1 408"}


@pytest.mark.slow
def test_who_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(workers, "ANSWER_RATE", 1 << 40)
    with listening(echo) as server, server.open(head("/large", method="GET")):
        eventually(lambda: server.worker.nr_conns, every=0.01)
        eventually(lambda: not server.worker.nr_conns, every=0.02)
        # What it held is given back right after it is counted no more.
        eventually(lambda: server.worker.room._left == keeper.ROOM, every=0.02)


@pytest.mark.slow
def test_an_answer_waits_for_a_slow_reader_and_arrives_whole() -> None:
    with listening(echo) as server:
        sock = server.open(head("/large", "Connection: close", method="GET"))
        told(server.get())  # behind the other, whose answer waits
        assert len(read_all(sock).partition(b"\r\n\r\n")[2]) == 10 * LARGE


@pytest.mark.slow
def test_an_answer_beyond_what_is_kept_waits_in_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_HELD", 1 << 20)
    with listening(echo) as server:
        sock = server.open(head("/large", "Connection: close", method="GET"))
        assert len(read_all(sock).partition(b"\r\n\r\n")[2]) == 10 * LARGE


def test_at_the_limit_a_connection_takes_the_place_of_an_idle_one() -> None:
    with listening(echo, worker_connections=10) as server:
        used = server.open(head("/1", "Content-Length: 0"))
        assert b'"/1"' in read_until(used, b"}")
        opened = [server.open(b"GET /x") for _ in range(30)]
        for _ in range(3):
            assert told(server.get("/2"))["path"] == "/2"
        assert server.worker.nr_conns <= 10
        # One that was answered before outlasts those that only stand there.
        used.sendall(head("/3", "Content-Length: 0"))
        assert b'"/3"' in read_until(used, b"}")
        for sock in opened:
            sock.close()


def streaming(streams: list[EventStream]) -> Flask:
    app = Flask(__name__)

    @app.get("/events")
    def events() -> Any:
        stream = EventStream()
        stream.send(b"data: first\n\n")
        streams.append(stream)
        return answer(stream)

    @app.get("/health")
    def health() -> str:
        return "up"

    return app


@pytest.mark.slow
def test_two_hundred_event_streams_hold_no_thread() -> None:
    streams: list[EventStream] = []
    with listening(streaming(streams)) as server:
        socks = [server.open(head("/events", method="GET")) for _ in range(200)]
        for sock in socks:
            assert b"data: first\n\n" in read_until(sock, b"first\n\n")
        assert server.get("/health").endswith(b"up")
        threading.Thread(
            target=lambda: [each.send(b"data: second\n\n") for each in streams]
        ).start()
        for sock in socks:
            assert b"e\r\ndata: second\n\n\r\n" in read_until(sock, b"second\n\n\r\n")
        socks[0].close()
        eventually(lambda: sum(each.is_open for each in streams) == 199, every=0.02)
        for each in streams:
            each.close()
        assert read_all(socks[1]) == b"0\r\n\r\n"
        for sock in socks:
            sock.close()


@pytest.mark.slow
def test_a_listener_that_does_not_read_is_cut_off() -> None:
    streams: list[EventStream] = []
    ended = threading.Event()
    with (
        listening(streaming(streams)) as server,
        server.open(head("/events", method="GET")) as sock,
    ):
        read_until(sock, b"first\n\n")
        streams[0]._on_close = ended.set
        eventually(lambda: not streams[0].send(b"data: " + b"x" * 100_000 + b"\n\n"), every=0.001)
        assert ended.wait(20)


def test_a_stream_is_read_by_other_servers_as_well() -> None:
    streams: list[EventStream] = []
    client = streaming(streams).test_client()
    answered = client.get("/events")
    streams[0].send(b"data: second\n\n")
    streams[0].close()
    assert answered.data == b"data: first\n\ndata: second\n\n"
    assert not streams[0].send(b"late")


def post(server: Listening, path: str, body: bytes, *fields: str) -> bytes:
    start = head(
        path, "Content-Type: application/json", f"Content-Length: {len(body)}", *fields,
        "Connection: close",
    )  # fmt: skip
    return server.exchange(start, body)


@pytest.mark.slow
def test_large_bodies_are_read_once_their_head_was_looked_at(place: Place) -> None:
    app = place.client.application
    hint = {"action": "ANNOTATIONS_CREATED", "project": {"id": place.project_id}}
    rows = [{"id": n, "result": "x" * 1000} for n in range(40_000)]
    webhook = json.dumps({**hint, "annotations": rows}).encode()
    predict = json.dumps({"tasks": [], "project": place.uid, "more": "x" * LARGE}).encode()
    spaces = b" " * (40 << 20)
    with listening(app) as server:
        for path, body, status in (
            ("/webhook", webhook, b"200"),
            ("/predict", predict, b"403"),  # read: Label Studio has no such connection
            ("/api/token/refresh/", spaces, b"413"),
            ("/ui/sign-in", spaces, b"413"),
            ("/ui/prompts/1", spaces[: 1 << 20], b"413"),
            ("/api/prompts/", spaces[: 1 << 20], b"401"),
            ("/predict", spaces + spaces, b"413"),
            ("/nowhere", spaces, b"413"),
        ):
            got = post(server, path, body)
            assert got[9:12] == status, (path, got[:300])
            assert b"nosniff" in got, path
        held = server.worker.room._left
        got = server.exchange(head("/predict", "Host: evil.example", f"Content-Length: {LARGE}"))
        assert got[9:12] in (b"400", b"421")
        assert server.worker.room._left == held


@pytest.mark.slow
def test_a_webhook_in_chunks_may_be_of_any_length(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LOOKED_THROUGH", 2 << 20)
    start = json.dumps({"action": "ANNOTATIONS_CREATED", "project": {"id": place.project_id}})
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with listening(place.client.application) as server:
        got = server.exchange(
            head(
                "/webhook",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
                "Connection: close",
            ),
            f"{len(start):x}\r\n{start}\r\n".encode(),
            *[chunk] * 20,
            b"0\r\n\r\n",
        )
    assert got[9:12] == b"200", got


@pytest.mark.slow
def test_a_body_without_credentials_is_not_read(place: Place) -> None:
    container = place.container
    container.settings = container.settings.model_copy(
        update={"basic_auth_user": "u", "basic_auth_pass": "p"}
    )
    from ml_backend.web import create_app

    with listening(create_app(container)) as server, server.open() as sock:
        sock.sendall(head("/predict", "Content-Type: application/json", "Content-Length: 5000000"))
        assert b"401" in read_until(sock, b"\r\n\r\n")[:20]
