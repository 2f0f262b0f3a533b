"""A connection goes no further than whoever made it may, and tells nothing of what it met."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ml_backend.errors import ModelError
from ml_backend.llm import Reach
from ml_backend.llm.wire import calls
from ml_backend.records import Connection, ProviderName
from support.models import UNPAID, ask, connection, opened, question, run
from support.odd_endpoints import closed_port, http, odd_endpoint

OUTSIDE = Reach(private=False, tells=False, whom="Ada (ada@example.com)")
SILENT = Reach(private=True, tells=False)
SECRET = "vault-7731"
ANSWER = json.dumps({"topic": "other", "spans": None})
REPLY = json.dumps({"choices": [{"index": 0, "message": {"content": ANSWER}}], "usage": {}})


def look_up(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Have each look-up of a name answered by the next address, the last for ever."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def found(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if not str(host).endswith("turns.example"):
            return real(host, port, *more, **named)
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


def checked(on: Connection, reach: Reach) -> list[str]:
    async def work() -> list[str]:
        async with opened(on, reach=reach, timeout=1.0) as model:
            return await model.check(UNPAID)

    names: list[str] = run(work())
    return names


def refusal(on: Connection, reach: Reach, how: str) -> ModelError:
    asked = {"test": checked, "ask": lambda on, reach: ask(on, question(timeout=1.0), reach=reach)}
    with pytest.raises(ModelError) as caught:
        asked[how](on, reach)
    return caught.value


def test_nothing_private_is_connected_to_in_any_spelling() -> None:
    with odd_endpoint(http("200 OK", REPLY)) as inner:
        reached = []
        for host in (
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f.1",
            "[::ffff:127.0.0.1]",
            "127.1",
        ):
            for how in ("test", "ask"):
                error = refusal(connection(f"http://{host}:{inner.port}/v1"), OUTSIDE, how)
                assert "private or reserved address" in error.message
                assert "Ada (ada@example.com) can make this connection" in error.fix
                assert "PRIVATE_ENDPOINTS=true" in error.fix
                reached += inner.heard
        assert reached == []
        assert ask(connection(inner.url), question()).text == ANSWER


def test_a_name_that_turns_inward_after_it_was_checked_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with odd_endpoint(http("200 OK", REPLY)) as inner:
        asked = look_up(monkeypatch, "127.0.0.1")
        on = connection(f"http://name.turns.example:{inner.port}/v1")
        error = refusal(on, OUTSIDE, "ask")
        assert "private or reserved address" in error.message
        assert asked
        assert inner.heard == []
        assert ask(on, question()).text == ANSWER, "the operator's own may lead there"


def test_behind_a_proxy_names_are_looked_at_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_endpoint(http("200 OK", REPLY)) as proxy:
        monkeypatch.setattr(calls, "_proxy", lambda _: f"http://127.0.0.1:{proxy.port}")
        look_up(monkeypatch, "169.254.169.254")
        error = refusal(connection("http://name.turns.example/v1"), OUTSIDE, "ask")
        assert "private or reserved address" in error.message
        assert proxy.heard == []
        look_up(monkeypatch, "93.184.216.34")
        on = connection("http://name.turns.example/v1")
        assert ask(on, question(), reach=OUTSIDE).text == ANSWER, "the proxy itself is private"
        assert b"http://name.turns.example/v1/chat/completions" in proxy.heard[0]


FOREIGN = {
    "a page": http("200 OK", f"<html><title>{SECRET}</title></html>", "text/html"),
    "a page of an error": http("403 Forbidden", f"<html><h1>{SECRET}</h1></html>", "text/html"),
    "plain text": http("200 OK", f"{SECRET}\n", "text/plain"),
    "a plain refusal": http("401 Unauthorized", f"no {SECRET}", "text/plain"),
    "other JSON": http("200 OK", json.dumps({SECRET: 1, "AccessKeyId": SECRET})),
    "other JSON as an error": http("500 Oh", json.dumps({"stack": SECRET, "id": 7})),
    "rows": http("200 OK", json.dumps([{"id": 77, "name": SECRET}])),
    "text in JSON": http("404 Not Found", json.dumps(SECRET)),
    "a redirect": http("302 Found", "", more=f"Location: http://{SECRET}.internal/\r\n"),
    "a stream": http("200 OK", f"data: {SECRET}\n\ndata: [DONE]\n\n", "text/event-stream"),
    "packed": http("200 OK", "x", more=f"Content-Encoding: {SECRET}\r\n"),
    "no HTTP": f"SSH-2.0-{SECRET}\r\n".encode(),
    "redis": f"-ERR unknown command {SECRET}\r\n".encode(),
    "nothing": b"",
    "silence": None,
}


@contextlib.contextmanager
def at(answer: bytes | None) -> Iterator[Connection]:
    with odd_endpoint(answer) as place:
        yield connection(place.url)


@pytest.mark.slow
def test_whatever_answers_there_is_told_in_the_same_sentence() -> None:
    said: dict[str, set[str]] = {}
    for how in ("test", "ask"):
        for name, answer in FOREIGN.items():
            with at(answer) as on:
                error = refusal(on, SILENT, how)
                shown = f"{error.message} {error.fix} {error.raw}".replace(on.endpoint, "THERE")
                said.setdefault(f"{error.kind} {shown}", set()).add(f"{name}, {how}")
        with closed_port() as place:
            error = refusal(connection(place.url), SILENT, how)
            shown = f"{error.message} {error.fix} {error.raw}".replace(place.url, "THERE")
            said.setdefault(f"{error.kind} {shown}", set()).add(f"closed, {how}")
    assert len(said) == 1, said
    [only] = said
    assert "Nothing that speaks OpenAI's protocol answers in time at THERE" in only


def test_who_may_is_told_what_came_back() -> None:
    with at(FOREIGN["a page"]) as on, pytest.raises(ModelError, match=SECRET):
        ask(on, question())
    with closed_port() as place, pytest.raises(ModelError, match="No server answers at"):
        ask(connection(place.url), question())


def test_a_providers_own_error_is_told_as_it_is() -> None:
    errors = [
        ("401 Unauthorized", {"error": {"message": "Key unknown to us", "code": "bad_key"}}),
        ("404 Not Found", {"error": "Key unknown to us"}),
        ("400 Bad Request", [{"error": {"message": "Key unknown to us"}}]),
        ("403 Forbidden", {"message": "Key unknown to us"}),
        ("200 OK", {"error": {"message": "Key unknown to us"}}),
    ]
    for status, body in errors:
        with at(http(status, json.dumps(body))) as on:
            assert "Key unknown to us" in refusal(on, SILENT, "ask").message, (status, body)


def test_an_endpoint_that_has_answered_is_a_provider_and_its_troubles_are_told() -> None:
    with odd_endpoint(http("200 OK", REPLY)) as place:
        known: dict[str, str] = {}
        ask(connection(place.url), question(), reach=SILENT, ladder=known)
    with pytest.raises(ModelError, match="No server answers at"):
        ask(connection(place.url), question(), reach=SILENT, ladder=known)


def test_names_of_azure_are_names_whoever_stored_them() -> None:
    with odd_endpoint(http("200 OK", REPLY)) as inner:

        def azure(**more: Any) -> Connection:
            return connection(
                f"http://127.0.0.1:{inner.port}", **{"provider": ProviderName.AZURE_OPENAI, **more}
            )

        for hostile in ("../../admin", "..", "x?y=", "x#", "a/../../b", "a%2f..%2f..", "x\\y"):
            for changes in ({"deployment": hostile}, {"deployment": "d", "api_version": hostile}):
                with pytest.raises(ModelError, match="is no name"):
                    ask(azure(**changes), question())
            with pytest.raises(ModelError, match="is no name that a deployment can have"):
                ask(azure(), question(model=hostile))
        assert inner.heard == []
        assert ask(azure(), question(model="gpt-4.1")).text == ANSWER
        assert b"/openai/deployments/gpt-4.1/chat/completions?api-version=" in inner.heard[0]
