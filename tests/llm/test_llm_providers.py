from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from ml_backend.errors import InvalidInput, RunStopper
from ml_backend.llm import Gate, Opening, facts_of, open_model, provider_modules
from ml_backend.llm.provider_facts import ENDPOINT
from ml_backend.records import Connection, FailureKind, ProviderName
from support.models import KEY, UNPAID, ask, connection, opened, question, run
from support.simulator import Simulator

AZURE = ProviderName.AZURE_OPENAI


@pytest.fixture(scope="module")
def locked():
    with Simulator(key=KEY) as simulator:
        yield simulator


def open_(on):
    return open_model(on, Opening(Gate(1), 1, {}))


def test_every_provider_has_its_module():
    assert set(provider_modules()) == {name.value.lower() for name in ProviderName}


def test_an_unknown_provider_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match="anthropic, azureaifoundry, azureopenai"):
        open_(Connection(1, "x", "door"))


@pytest.mark.parametrize("provider", [ProviderName.OPENAI, AZURE])
def test_a_missing_key_stops_before_any_call_and_says_how_to_set_it(provider):
    for number, words in [(None, "OPENAI_API_KEY"), (4, "connections add")]:
        with pytest.raises(RunStopper, match=words) as caught:
            open_(Connection(number, "Mine", provider, endpoint="http://127.0.0.1:9"))
        assert caught.value.kind is FailureKind.AUTHENTICATION


def _with_endpoint():
    facts = [facts_of(each) for each in ProviderName]
    return [each for each in facts if ENDPOINT in (*each.needs, *each.takes)]


@pytest.mark.parametrize(
    "endpoint",
    [
        *("localhost:11434", "ftp://x/v1", "file:///etc/passwd", "https://", "https:///v1"),
        *("//host/v1", "http://[broken", "http://host:many/v1", "http://:80/v1", "word"),
    ],
)
def test_an_endpoint_that_is_no_web_address_is_refused_by_every_provider(endpoint):
    asked = _with_endpoint()
    assert {each.name for each in asked} > {ProviderName.CUSTOM, AZURE, ProviderName.VERTEX_AI}
    for facts in asked:
        with pytest.raises(RunStopper, match="endpoint is no web address") as caught:
            open_(Connection(1, "Mine", facts.name, endpoint=endpoint, api_key=KEY))
        assert caught.value.kind is FailureKind.BAD_REQUEST, facts.name
        assert caught.value.fix, facts.name
        assert "“Mine”" in caught.value.message


@pytest.mark.parametrize("endpoint", ["", "  "])
def test_a_missing_endpoint_is_told_of_where_there_is_no_address_of_the_vendors_own(endpoint):
    for facts in _with_endpoint():
        on = Connection(1, "Mine", facts.name, endpoint=endpoint, api_key=KEY)
        if ENDPOINT in facts.needs:
            with pytest.raises(RunStopper, match="has no endpoint"):
                open_(on)
        elif facts.is_choice and not facts.library:
            run(open_(on).close())


def test_openai_sends_its_key(locked):
    on = connection(locked.url, provider=ProviderName.OPENAI)
    assert ask(on, question()).calls == 1


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/openai/v1"])
def test_custom_addresses_are_understood_as_people_paste_them(locked, path):
    assert ask(connection(locked.root + path), question()).calls == 1


def test_a_custom_server_needs_no_key(simulator):
    assert ask(connection(simulator.url, api_key=""), question()).calls == 1


def test_a_server_that_wants_a_key_says_so(locked):
    with pytest.raises(RunStopper, match="asks for an API key") as caught:
        ask(connection(locked.url, api_key=""), question())
    assert caught.value.kind is FailureKind.AUTHENTICATION


def test_a_refused_key_names_the_connection_and_not_the_key(locked):
    wrong = "sk-wrong-0123456789"
    with pytest.raises(RunStopper, match="refused the API key of connection “Mine”") as caught:
        ask(connection(locked.url, title="Mine", api_key=wrong), question())
    assert wrong not in f"{caught.value!r} {caught.value} {caught.value.raw}"


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("", {"deployment": "prod"}),
        ("", {"deployment": "prod", "api_version": "2025-01-01-preview"}),
        ("", {}),
        ("/openai/deployments/prod/chat/completions?api-version=1", {"deployment": "prod"}),
        ("/openai/v1", {"deployment": "prod"}),
        ("/openai/v1/", {}),
    ],
)
def test_azure_addresses_of_every_kind_lead_to_the_deployment(locked, path, settings):
    on = connection(locked.root + path, provider=AZURE, default_model="gpt-4o", **settings)
    reply = ask(on, question(model="gpt-4o"))
    assert (reply.calls, reply.model) == (1, "gpt-4o")


def test_azure_check_asks_the_deployment_itself(locked):
    async def work():
        on = connection(locked.root, provider=AZURE, deployment="prod", default_model="gpt-4o")
        async with opened(on) as model:
            return await model.check(UNPAID)

    before = locked.stats()["calls"]
    assert run(work()) == ["gpt-4o"]
    assert locked.stats()["calls"] == before + 1


def test_a_user_in_the_address_is_sent_as_basic_authentication():
    pair = base64.b64encode(b"ann:p@ss").decode()
    with Simulator(key=f"Basic {pair}") as simulator:
        host = simulator.root.removeprefix("http://")
        on = connection(f"http://ann:p%40ss@{host}", api_key="")
        assert ask(on, question()).calls == 1


class Redirecting(BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []

    def do_POST(self):
        self.seen.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Keep the test output clean."""


def test_a_redirect_is_reported_and_not_followed():
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        on = connection(f"http://127.0.0.1:{server.server_port}/v1")
        with pytest.raises(RunStopper, match="redirects to /elsewhere"):
            ask(on, question())
        server.shutdown()
    assert Redirecting.seen == ["/v1/chat/completions"]


def test_no_model_shows_its_key(simulator):
    model = open_(connection(simulator.url))
    assert KEY not in repr(model)
    assert KEY not in repr(connection(simulator.url))
    run(model.close())
