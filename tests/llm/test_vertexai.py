"""Vertex AI: what opens it, where it leads, and its wire over HTTP with tokens of its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from google.auth import jwt

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Reach, facts_of, open_model
from ml_backend.llm.model import Gate, Opening
from ml_backend.llm.providers.vertexai import _Vertex
from ml_backend.llm.wire import CallFailed, Received
from ml_backend.llm.wire.google_token import (
    TOKEN_URL,
    AccessTokens,
    BadAccount,
    read_account,
)
from ml_backend.records import Connection, FailureKind, ProviderName
from support.google_accounts import EMAIL, account, pem, private_key
from support.models import KEY, UNPAID, ask, connection, opened, question, run
from support.simulator import Simulator
from support.tables import each_row

VERTEX = ProviderName.VERTEX_AI
GOOGLE = "https://aiplatform.googleapis.com/"


PERSON = {
    "type": "authorized_user",
    "client_id": "1.apps",
    "client_secret": "secret&x",
    "refresh_token": "1//x",
    "quota_project_id": "my-project",
}


def vertex(url: str = "", text: str = "", **changes: Any) -> Connection:
    secrets = {"google_application_credentials": text} if text else {}
    values = {"api_key": "", "secrets": secrets, "provider": VERTEX, **changes}
    return connection(url, **values)


def open_(on: Connection) -> Any:
    return open_model(on, Opening(Gate(1), 1, {}))


def address(on: Connection, model: str = "gemini-2.5-flash") -> str:
    found = open_(on)._wire
    return f"{found._place.base_url}{found._dialect.route(model)}"


@each_row(
    ("details", "expected"),
    [
        ({}, "aiplatform.googleapis.com/v1/projects/p/locations/global"),
        ({"google_location": "GLOBAL"}, "aiplatform.googleapis.com/v1/projects/p/locations/global"),
        ({"google_location": "europe-west4"},
         "europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4"),
        ({"google_location": "eu"}, "aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu"),
        ({"google_project_id": "example.com:x-1"},
         "aiplatform.googleapis.com/v1/projects/example.com:x-1/locations/global"),
    ],
)  # fmt: skip
def test_the_address_follows_from_project_and_location(details: Any, expected: str) -> None:
    on = vertex(secrets={"auth_token": "ya29.a"}, details={"google_project_id": "p", **details})
    end = "/publishers/google/models/gemini-2.5-flash:generateContent"
    assert address(on) == f"https://{expected}{end}"


def test_express_mode_knows_no_project_and_a_gateway_keeps_its_path() -> None:
    express = vertex(api_key="AQ.key", details={"google_location": "europe-west4"})
    path = "v1/publishers/google/models/gemini-2.5-flash:generateContent"
    assert address(express) == f"{GOOGLE}{path}"
    assert open_(express)._wire._headers["x-goog-api-key"] == "AQ.key"
    for end in ("", "/", "/v1", "/v1beta1/", "/v1/projects/x/locations/y"):
        on = vertex(f"https://gateway.example/vertex{end}", api_key="AQ.key")
        assert address(on) == f"https://gateway.example/vertex/{path}"
    token = vertex(api_key="ya29.pasted", details={"google_project_id": "p"})
    assert open_(token)._wire._headers["Authorization"] == "Bearer ya29.pasted"


def test_what_would_lead_elsewhere_is_refused() -> None:
    for details in (
        {"google_location": "evil.com/"}, {"google_location": "a@b"}, {"google_location": "x."},
        {"google_location": "127.0.0.1#"}, {"google_project_id": "../x"},
        {"google_project_id": "a/b"}, {"google_project_id": "a?b"}, {"google_project_id": "p#"}, {},
    ):  # fmt: skip
        kept = {"google_project_id": "p", **details} if details else {}
        with pytest.raises(RunStopper, match=r"location|project"):
            open_(vertex(secrets={"auth_token": "t"}, details=kept))
    dialect = _Vertex("p", "global")
    for model in ("../../x", "a/b", "x?y", "", "endpoints/../1", "endpoints/x"):
        with pytest.raises(CallFailed):
            dialect.route(model)
    assert dialect.route("projects/q/locations/us/endpoints/12") == (
        "v1/projects/p/locations/global/endpoints/12:generateContent"
    )


def test_models_of_others_are_refused_in_words() -> None:
    for model in (
        "claude-sonnet-4-5@20250929", "publishers/anthropic/models/claude-haiku-4-5",
        "meta/llama-4-maverick", "mistral-large-2411", "publishers/meta/models/x",
    ):  # fmt: skip
        with pytest.raises(CallFailed) as caught:
            _Vertex("p", "global").route(model)
        assert "not Google's" in caught.value.trouble.said
        assert caught.value.trouble.kind is FailureKind.MODEL_NOT_FOUND


def test_the_list_has_googles_models_that_answer() -> None:
    names = ("gemini-2.5-flash", "text-embedding-005", "imagen-4", "gemini-2.5-flash-image")
    rows = [{"name": f"publishers/google/models/{name}"} for name in names]
    found = _Vertex("p", "global").models({"publisherModels": rows, "nextPageToken": "x/1"})
    assert found[0] == ["gemini-2.5-flash"]
    assert found[1].endswith("&pageToken=x%2F1")
    assert _Vertex("p", "global").models({"models": []}) == (None, "")


@pytest.mark.slow
def test_credentials_of_a_member_lead_nowhere_and_run_nothing() -> None:
    good = account("https://oauth2.googleapis.com/token")
    assert read_account(good, GOOGLE).token_url == TOKEN_URL
    moved = account("https://accounts.google.com/o/oauth2/token")
    assert read_account(moved, GOOGLE).token_url == TOKEN_URL
    assert read_account(account("https://gw.example/token"), "https://gw.example/x/").token_url
    pasted = account(TOKEN_URL, private_key=pem().replace("\n", "\\n"))
    assert read_account(f"\ufeff{pasted}\n", GOOGLE).email == EMAIL
    bad: dict[str, str] = {
        "/etc/passwd": "no JSON", "file:///key.json": "no JSON", "[]": "no JSON", "": "no JSON",
        "[" * 9000: "no JSON", "{" + " " * 20_000 + "}": "longer", "{}": "of no type",
        account("x", type="external_account"): "external_account",
        account("x", type="authorized_user"): "no client_secret",
        account("x", type="impersonated_service_account"): "impersonated",
        account("x", type=["service_account"]): "of no type",
        account(TOKEN_URL, universe_domain="evil.example"): "another cloud",
        account(TOKEN_URL, private_key=None): "no private_key",
        account(TOKEN_URL, client_email=""): "no client_email",
        account(TOKEN_URL, private_key="x" * 7000): "longer",
        account(TOKEN_URL, private_key="-----BEGIN PRIVATE KEY-----\nAAAA"): "no RSA key",
        account(TOKEN_URL, private_key=pem()[:900]): "no RSA key",
    }  # fmt: skip
    for url in (
        "http://169.254.169.254/token", "http://127.0.0.1/", "https://evil.example/token",
        "https://oauth2.googleapis.com.evil.example/token", "https://oauth2.googleapis.com@evil/",
        "http://oauth2.googleapis.com/token", "https://oauth2.googleapis.com/other", "file:///x",
        "https://aiplatform.googleapis.com:8443/token", "https://aiplatform.googleapis.com/v1/x",
        "https://aiplatform.googleapis.com/x?to=/token", "https://aiplatform.googleapis.com/#/token",
        "https://aiplatform.googleapis.com/%2e/token", "https://aiplatform.googleapis.com/ token",
        "https://aiplatform.googleapis.com/a/../token", "https://aiplatform.googleapis.com/token\n",
        "", "//x", "http://[", 3,
    ):  # fmt: skip
        bad[json.dumps({**json.loads(good), "token_uri": url})] = "not Google's"
    for text, words in bad.items():
        with pytest.raises(BadAccount, match=words) as caught:
            read_account(text, GOOGLE)
        assert "BEGIN" not in str(caught.value)
    with pytest.raises(RunStopper, match="cannot be used"):
        open_(vertex(text=json.dumps({**PERSON, "token_uri": "http://10.0.0.1/token"})))
    with pytest.raises(RunStopper, match="cannot be used"):
        open_(vertex(text="/var/secrets/key.json"))


class FakeTokens:
    """An address of tokens in the process, which answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answers: list[Any] = []
        self.seconds = 3600.0

    async def post(self, path: str, content: bytes, timeout: float) -> Received:
        self.asked.append(content)
        await asyncio.sleep(0)
        told = self.answers.pop(0) if self.answers else None
        if told is None:
            number = len(self.asked)
            told = (200, {"access_token": f"ya29.{number}", "expires_in": self.seconds})
        status, body = told
        return Received(status, {}, json.dumps(body).encode())

    async def close(self) -> None:
        self.asked.clear()


def tokens_with(fake: FakeTokens, now: list[float]) -> AccessTokens:
    return AccessTokens(read_account(account(TOKEN_URL), GOOGLE), fake, clock=lambda: now[0])


@pytest.mark.slow
def test_one_token_serves_all_until_shortly_before_its_end() -> None:
    fake, now = FakeTokens(), [1e9]
    tokens = tokens_with(fake, now)

    async def work() -> None:
        found = await asyncio.gather(*(tokens.headers() for _ in range(20)))
        assert found == [{"Authorization": "Bearer ya29.1"}] * 20
        now[0] += 3600 - 301
        assert await tokens.headers() == {"Authorization": "Bearer ya29.1"}
        now[0] += 2
        found = await asyncio.gather(*(tokens.headers() for _ in range(20)))
        assert found == [{"Authorization": "Bearer ya29.2"}] * 20
        assert len(fake.asked) == 2
        # While the old one holds, one that cannot be had costs nobody a call.
        now[0] += 3400
        fake.answers = [(503, {}), (503, {})]
        assert await tokens.headers() == {"Authorization": "Bearer ya29.2"}
        assert await tokens.headers() == {"Authorization": "Bearer ya29.2"}
        assert len(fake.asked) == 3, "it is not asked again at once"
        now[0] += 300
        with pytest.raises(CallFailed):
            await tokens.headers()
        assert await tokens.headers() == {"Authorization": "Bearer ya29.5"}

    run(work())


def test_a_token_that_says_it_lasts_for_no_time_is_not_asked_for_at_each_call() -> None:
    for seconds in (float("nan"), float("-inf"), -5, 0, "soon", None, 10**400):
        fake, now = FakeTokens(), [1e9]
        fake.answers = [(200, {"access_token": "ya29.x", "expires_in": seconds})]
        tokens = AccessTokens(
            read_account(json.dumps(PERSON), GOOGLE), fake, clock=lambda now=now: now[0]
        )
        for _ in range(3):
            assert run(tokens.headers()) == {"Authorization": "Bearer ya29.x"}
            now[0] += 60
        assert len(fake.asked) == 1, seconds


@pytest.mark.slow
def test_a_token_is_asked_for_with_what_the_key_signed() -> None:
    fake = FakeTokens()
    run(tokens_with(fake, [1e9]).headers())
    form = dict(part.split("=") for part in fake.asked[0].decode().split("&"))
    assert form["grant_type"].endswith("jwt-bearer")
    claims = jwt.decode(form["assertion"], verify=False)
    assert claims == {
        "iss": EMAIL,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": TOKEN_URL,
        "iat": 10**9,
        "exp": 10**9 + 3600,
    }
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from google.auth._helpers import padded_urlsafe_b64decode

    signed, _, signature = form["assertion"].rpartition(".")
    private_key().public_key().verify(
        padded_urlsafe_b64decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_a_person_is_asked_for_with_a_refresh_token_in_a_project() -> None:
    fake = FakeTokens()
    tokens = AccessTokens(read_account(json.dumps(PERSON), GOOGLE), fake)
    assert run(tokens.headers()) == {"Authorization": "Bearer ya29.1"}
    form = fake.asked[0].decode()
    assert form.startswith("grant_type=refresh_token&client_id=1.apps&client_secret=secret%26x")
    on = vertex(text=json.dumps(PERSON))
    assert "/projects/my-project/" in address(on)
    assert open_(on)._wire._headers["x-goog-user-project"] == "my-project"
    with pytest.raises(RunStopper, match="no Google project"):
        open_(vertex(text=json.dumps({**PERSON, "quota_project_id": ""})))


@pytest.mark.slow
def test_a_token_that_is_refused_stops_and_one_that_fails_is_tried_again() -> None:
    words = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    table: list[tuple[int, Any, FailureKind]] = [
        (400, words, FailureKind.AUTHENTICATION),
        (401, {"error": "invalid_client"}, FailureKind.AUTHENTICATION),
        (404, None, FailureKind.AUTHENTICATION),
        (200, {}, FailureKind.AUTHENTICATION),
        (200, {"access_token": "a\r\nX: y"}, FailureKind.AUTHENTICATION),
        (200, {"access_token": ""}, FailureKind.AUTHENTICATION),
        (200, [], FailureKind.AUTHENTICATION),
        (429, {}, FailureKind.SERVER_ERROR),
        (503, "x", FailureKind.SERVER_ERROR),
    ]
    for status, body, kind in table:
        fake = FakeTokens()
        fake.answers = [(status, body)]
        with pytest.raises(CallFailed) as caught:
            run(tokens_with(fake, [1e9]).headers())
        assert caught.value.trouble.kind is kind, (status, body)
    for lasts in (0, -5, 1e12, "x", None, True):
        fake = FakeTokens()
        fake.answers = [(200, {"access_token": "t", "expires_in": lasts})]
        assert run(tokens_with(fake, [1e9]).headers())["Authorization"] == "Bearer t"


@pytest.fixture(scope="module")
def simulator():
    with Simulator(key=KEY) as running:
        yield running


@pytest.mark.slow
def test_a_service_account_asks_with_its_tokens(simulator: Simulator) -> None:
    simulator.reset()
    on = vertex(simulator.root, account(f"{simulator.root}/token", KEY))
    for form in facts_of(VERTEX).forms:
        simulator.control(form=form)
        reply = ask(on, question())
        assert (reply.form, reply.usage.uncounted) == (form, 0)
    many = ask(on, *(question(f"Task {n}?") for n in range(8)), ladder={})
    assert [each.form for each in many] == [many[0].form] * 8
    simulator.control({"fault": "rate_limit", "times": 1})
    assert ask(on, question()).calls == 2

    async def check(of: Connection) -> list[str]:
        async with opened(of) as model:
            return await model.check(UNPAID)

    simulator.control(models=["gemini-a", "gemini-b", "gemini-c"])
    assert run(check(on)) == ["gemini-a", "gemini-b", "gemini-c"]
    simulator.control(models=None)
    assert run(check(vertex(simulator.root, api_key=KEY, default_model="gemini-a"))) == ["gemini-a"]
    simulator.control({"fault": "model_not_found"}, models=["gemini-a"])
    assert run(check(on)) == ["gemini-a"], "no model is named, and the project answers"


@pytest.mark.slow
def test_what_is_wrong_with_an_account_is_told_without_its_key(simulator: Simulator) -> None:
    simulator.reset()
    revoked = vertex(simulator.root, account(f"{simulator.root}/token", "revoked"))
    other = vertex(simulator.root, account(f"{simulator.root}/token", "another-key"))
    token = vertex(
        simulator.root,
        secrets={"auth_token": "ya29.wrong-token"},
        details={"google_project_id": "p"},
    )
    for on, words in ((revoked, "Invalid JWT Signature"), (other, "refused"), (token, "refused")):
        with pytest.raises(RunStopper) as caught:
            ask(on, question())
        assert caught.value.kind is FailureKind.AUTHENTICATION
        shown = f"{caught.value.message} {caught.value.raw} {caught.value.fix} {on!r}"
        assert words in shown
        for secret in ("PRIVATE KEY", "wrong-token", pem()[60:90], "eyJ"):
            assert secret not in shown
    with pytest.raises(ModelError, match="private"):
        ask(other, question(), reach=Reach(private=False, tells=False))


@pytest.mark.slow
def test_what_is_known_of_providers_loads_no_library_of_theirs() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from ml_backend.llm import facts_of, provider_modules; "
        "from ml_backend.records import ProviderName; "
        "[facts_of(each) for each in ProviderName if each.lower() in provider_modules()]; "
        "vendors = {'google', 'openai', 'anthropic', 'litellm'}; "
        "print([each for each in sys.modules if each.split('.')[0] in vendors])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
