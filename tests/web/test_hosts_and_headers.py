"""The server answers to its own names alone, and tells browsers what not to do with its answers."""

from __future__ import annotations

from flask.testing import FlaskClient

from ml_backend.web import create_app
from ml_backend.web.server.headers import POLICY
from ml_backend.web.server.hosts import is_allowed, name_of
from support.place import Place
from support.tables import each_row

OURS = [
    "localhost",
    "localhost:9090",
    "127.0.0.1:9090",
    "[::1]:9090",
    "127.3.2.1",
    "a.localhost",
    "host.docker.internal:9090",
    "LOCALHOST",
    "localhost.",
]
THEIRS = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.7:9090",
    "evillocalhost",
    "",
    "[fe80::1]:9090",
    "0.0.0.0:9090",
]


def client(place: Place, **changes: object) -> FlaskClient:
    container = place.container
    container.settings = container.settings.model_copy(update=changes)
    return create_app(container).test_client()


@each_row("host", OURS)
def test_names_of_this_machine_are_ours(place: Place, host: str) -> None:
    assert place.client.get("/health", headers={"Host": host}).status_code == 200


@each_row("path", ["/health", "/setup", "/ui/sign-in", "/api/prompts/", "/nowhere"])
@each_row("host", THEIRS)
def test_no_other_name_is_answered_on_loopback(place: Place, host: str, path: str) -> None:
    if not host:
        return
    answer = place.client.get(path, headers={"Host": host})
    assert answer.status_code in (400, 421)
    if answer.status_code == 421:
        assert "ALLOWED_HOSTS" in answer.text


def test_further_names_are_the_operators(place: Place) -> None:
    named = client(place, allowed_hosts=("prompts.example.com", "*.lan"))
    for host, status in {
        "prompts.example.com": 200,
        "PROMPTS.example.com:443": 200,
        "a.b.lan": 200,
        "localhost": 200,
        "lan": 421,
        "evil.prompts.example.com": 421,
    }.items():
        assert named.get("/health", headers={"Host": host}).status_code == status, host


def test_open_to_others_it_has_any_name_unless_some_are_given(place: Place) -> None:
    secrets = {"basic_auth_user": "u", "basic_auth_pass": "p", "host": "0.0.0.0"}
    headers = {"Host": "prompts:9090"}
    assert client(place, **secrets).get("/health", headers=headers).status_code == 200
    some = client(place, **secrets, allowed_hosts=("other",))
    assert some.get("/health", headers=headers).status_code == 421


def test_names_are_read_as_browsers_send_them() -> None:
    assert name_of("[::1]:80") == "::1"
    assert name_of("ü.example:80") == "xn--tda.example"
    assert not is_allowed("", ("*.lan",))
    assert not is_allowed(".lan", ("*.lan",))


@each_row(
    ("path", "status"),
    [
        ("/api/docs", 200),
        ("/api/schema", 200),
        ("/health", 200),
        ("/nowhere", 404),
        ("/setup", 405),
        ("/api/prompts/", 401),
        ("/ui/sign-in", 200),
        ("/ui/nowhere", 303),
    ],
)
def test_every_answer_is_protected(place: Place, path: str, status: int) -> None:
    answer = place.client.get(path)
    assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert path.startswith("/ui") or policy == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in answer.headers


def test_behind_tls_browsers_stay_with_it(place: Place) -> None:
    answer = place.client.get("/health", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    answer = place.client.get("/health", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
