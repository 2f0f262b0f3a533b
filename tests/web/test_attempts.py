"""How often tokens and passwords may be tried, and how soon one that is revoked is refused."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ml_backend.errors import LabelStudioAuthError, TooManyTries
from ml_backend.services.recent import Shared
from ml_backend.web import create_app
from ml_backend.web.server import attempts as tries, identity
from ml_backend.web.server.attempts import Attempts, Rate, client_address
from ml_backend.web.server.paths import is_public
from ml_backend.web.ui.shell.session import CALLERS, READS
from support.api import STRANGER, Api
from support.pages import csrf_of, sign_in
from support.place import Place

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
WHOAMI = "GET /api/current-user/whoami"
EXCHANGE = "POST /api/token/refresh/"


def asked(studio: Any, call: str = WHOAMI) -> int:
    return int(studio.state()["calls"].get(call, 0))


# Storms of tokens


def token(number: int) -> str:
    return f"{number:040x}"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["api", "exchange", "sign-in"])
def test_a_storm_of_made_up_tokens_costs_label_studio_little(api: Api, way: str) -> None:
    client = api.app.test_client()
    csrf = csrf_of(client, "/ui/sign-in")

    def send(number: int, address: str) -> Any:
        more: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": address}}
        if way == "api":
            return client.get(
                "/api/prompts/", headers={"Authorization": f"Token {token(number)}"}, **more
            )
        if way == "exchange":
            return client.post("/api/token/refresh/", json={"refresh": token(number)}, **more)
        form = {"token": token(number), "csrf_token": csrf}
        return client.post("/ui/sign-in", data=form, **more)

    call = EXCHANGE if way == "exchange" else WHOAMI
    before = asked(api.studio, call)
    answers = [send(number, "10.0.0.66") for number in range(60)]
    assert asked(api.studio, call) - before <= 40
    last = answers[-1]
    assert last.status_code == 429
    assert 1 <= int(last.headers["Retry-After"]) <= 10
    assert re.search(r"Wait \d+ seconds?, then try again", last.get_data(as_text=True))
    # Somebody elsewhere is let in meanwhile, and so is who is known, wherever they are.
    real = api.studio.token
    for address in ("10.0.0.7", "10.0.0.66"):
        header = {"Authorization": f"Token {real}"}
        found = client.get("/api/prompts/", headers=header, environ_base={"REMOTE_ADDR": address})
        assert found.status_code == 200, address


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


def inside(app: Flask, address: str) -> Any:
    return app.test_request_context(environ_base={"REMOTE_ADDR": address})


def wrong(attempts: Attempts, app: Flask, key: bytes, address: str) -> bool:
    """Try a token that Label Studio refuses; return whether it was asked."""
    with inside(app, address):
        try:
            with attempts.asking(key):
                raise LabelStudioAuthError("no", status=401)
        except TooManyTries:
            return False
        except LabelStudioAuthError:
            return True


@pytest.mark.slow
def test_a_storm_from_everywhere_is_bounded_and_locks_out_no_newcomer(clock: list[float]) -> None:
    app, attempts = Flask(__name__), Attempts(clock=lambda: clock[0])
    for address in range(100):  # each was wrong once
        wrong(attempts, app, b"first", f"10.1.0.{address}")
        clock[0] += 1.0
    reached = sum(wrong(attempts, app, b"%d" % n, f"10.1.0.{n % 100}") for n in range(1000))
    assert reached <= tries.OF_ALL[0] + 1
    assert wrong(attempts, app, b"a newcomer's", "10.2.0.1")
    clock[0] += 60.0
    assert wrong(attempts, app, b"later", "10.1.0.1")


def test_who_is_right_is_not_counted(clock: list[float]) -> None:
    app, attempts = Flask(__name__), Attempts(clock=lambda: clock[0])
    with inside(app, "10.0.0.1"):
        for number in range(500):
            with attempts.asking(b"%d" % number):
                pass
    while wrong(attempts, app, b"wrong", "10.0.0.1"):
        pass
    with inside(app, "10.0.0.1"), attempts.asking(b"7"):
        pass


def test_few_strangers_wait_for_label_studio_at_a_time(clock: list[float]) -> None:
    app, attempts = Flask(__name__), Attempts(at_once=2, clock=lambda: clock[0])
    with (
        inside(app, "10.0.0.1"),
        attempts.asking(b"1"),
        attempts.asking(b"2"),
        pytest.raises(TooManyTries),
        attempts.asking(b"3"),
    ):
        pass
    with inside(app, "10.0.0.1"), attempts.asking(b"3"):
        pass


def test_a_rate_lets_through_what_it_says_and_holds_few_keys(clock: list[float]) -> None:
    rate = Rate(5, 2.0, lambda: clock[0])

    def taken(key: str) -> int:
        number = 0
        while not rate.wait(key):
            rate.take(key)
            number += 1
        return number

    assert taken("a") == 5
    clock[0] += 1.0
    assert taken("a") == 2
    assert 0 < rate.wait("a") <= 0.5
    clock[0] += 1000.0
    assert taken("a") == 5
    for number in range(6_000):
        rate.take(str(number))
    assert len(rate._next) <= tries.MANY


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("10.0.0.9", "1.2.3.4", "10.0.0.9"),
        ("127.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "nonsense" * 90, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:db8:1:2:ffff::1", "", "2001:db8:1:2"),
    ],
)
def test_only_a_proxy_of_this_machine_says_for_whom_it_speaks(
    remote: str, forwarded: str, address: str
) -> None:
    with Flask(__name__).test_request_context(
        environ_base={"REMOTE_ADDR": remote}, headers={"X-Forwarded-For": forwarded}
    ):
        assert client_address() == address


@pytest.mark.slow
def test_passwords_cannot_be_guessed_and_who_knows_one_goes_on(place: Place) -> None:
    container = place.container
    container.settings = container.settings.model_copy(
        update={"basic_auth_user": "u", "basic_auth_pass": "p"}
    )
    client = create_app(container).test_client()

    def setup(password: str) -> int:
        return client.post("/versions", auth=("u", password)).status_code

    assert setup("p") == 200
    statuses = [setup(f"guess {n}") for n in range(60)]
    assert statuses.count(401) <= 40
    assert statuses[-1] == 429
    assert setup("p") == 200


@pytest.mark.slow
def test_wrong_secrets_of_an_address_lock_out_no_right_one_and_no_operator(place: Place) -> None:
    """Any user of Label Studio can have it call us with a wrong secret, from its own address."""
    container = place.container
    container.settings = container.settings.model_copy(
        update={"basic_auth_user": "u", "basic_auth_pass": "p"}
    )
    store = container.store
    made = store.secrets.add(place.project_id, "right", None, anew=True)
    client = create_app(container).test_client()

    def ask(*pair: str) -> int:
        return client.post("/versions", auth=pair).status_code

    wrong = [ask(made.user, f"guess {n}") for n in range(60)]
    assert (wrong[0], wrong[-1]) == (401, 429)
    assert ask("project-9-0123abcd", "right") == 429
    assert [ask(made.user, "right"), ask("u", "p")] == [200, 200]
    assert [ask("u", f"guess {n}") for n in range(60)][-1] == 429
    fresh = store.secrets.add(place.project_id, "another", None, anew=True)
    assert ask(fresh.user, "another") == 200


def test_a_password_is_looked_at_while_nobody_else_waits(clock: list[float]) -> None:
    app, attempts = Flask(__name__), Attempts(clock=lambda: clock[0])

    def slow() -> bool:
        return not attempts._lock.locked()

    with inside(app, "10.0.0.1"):
        assert attempts.password(b"first", slow)
        assert attempts.password(b"first", slow)
        assert attempts.secret(slow)


# Tokens that are revoked


def known_and_revoked(api: Api, client: FlaskClient, read: Any) -> None:
    """Have a user read, then lose the token, as if that had been two seconds ago."""
    callers = api.app.extensions[CALLERS]
    callers.forget()
    api.as_user()
    assert read().status_code == 200
    callers._questions._seconds = -1.0
    api.studio.control(settings={"users": {}})


@pytest.mark.slow
def test_no_operation_writes_with_a_revoked_token(api: Api) -> None:
    client = api.app.test_client()
    header = {"Authorization": f"Token {STRANGER}"}
    wrote = []
    for rule in api.app.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        if not path.startswith("/api/") or is_public(path):
            continue
        for method in sorted(UNSAFE & set(rule.methods or ())):
            known_and_revoked(api, client, lambda: client.get("/api/prompts/", headers=header))
            found = client.open(path, method=method, headers=header, json={})
            if found.status_code != 401:
                wrote.append((method, path, found.status_code))
    assert wrote == []


@pytest.mark.slow
def test_no_page_writes_with_a_revoked_token(api: Api) -> None:
    client = api.app.test_client()
    api.as_user()
    assert sign_in(client, STRANGER).status_code == 303
    csrf = csrf_of(client, "/ui/prompts")
    wrote = []
    for rule in api.app.url_map.iter_rules():
        view = api.app.view_functions[rule.endpoint]
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        is_one = "POST" in (rule.methods or ()) and path.startswith("/ui/")
        if not is_one or path.startswith(("/ui/sign", "/ui/color")) or getattr(view, READS, False):
            continue
        known_and_revoked(api, client, lambda: client.get("/ui/connections"))
        found = client.post(path, data={"csrf_token": csrf})
        if found.status_code != 303 or "why=token" not in found.location:
            wrote.append((path, found.status_code))
    assert wrote == []


@pytest.mark.slow
def test_what_was_sure_two_seconds_ago_is_asked_again(api: Api) -> None:
    client = api.app.test_client()
    header = {"Authorization": f"Token {STRANGER}"}
    api.as_user()
    assert client.post("/api/prompts/", headers=header, json={"title": "A"}).status_code == 201
    api.studio.control(settings={"users": {}})
    time.sleep(identity.SURE_SECONDS + 0.1)
    assert client.post("/api/prompts/", headers=header, json={"title": "B"}).status_code == 401
    assert identity.SURE_SECONDS <= 2


@pytest.mark.slow
def test_nothing_is_written_while_label_studio_is_away(api: Api) -> None:
    client = api.app.test_client()
    header = {"Authorization": f"Token {api.studio.token}"}
    assert client.post("/api/prompts/", headers=header, json={"title": "A"}).status_code == 201
    assert client.get("/api/prompts/", headers=header).status_code == 200
    api.app.extensions[CALLERS]._questions._seconds = -1.0
    api.studio.control(down=True)
    found = client.post("/api/prompts/", headers=header, json={"title": "B"})
    assert found.status_code == 503
    assert "Label Studio" in found.json["detail"]
    assert [each.title for each in api.container.store.prompts.all()] == ["A"]
    assert client.get("/api/prompts/", headers=header).status_code == 200


@pytest.mark.slow
def test_those_who_write_at_once_share_the_question(api: Api) -> None:
    header = {"Authorization": f"Token {api.studio.token}"}
    clients = [api.app.test_client() for _ in range(6)]
    api.studio.control(latency=[{"path": "whoami", "seconds": 0.3}])
    before = asked(api.studio)
    path = "/api/prompts/nothing/"
    threads = [
        threading.Thread(target=client.post, args=(path,), kwargs={"headers": header, "json": {}})
        for client in clients
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert asked(api.studio) == before + 1


def test_an_answer_counts_from_when_its_question_was_asked() -> None:
    shared: Shared[str, int] = Shared(0.05)
    assert shared.get("a", lambda: 1) == 1
    assert shared.find("a") == 1

    def late() -> int:
        time.sleep(0.06)
        return 2

    assert shared.get("b", late) == 2
    assert shared.find("b") is None
    with pytest.raises(ZeroDivisionError):
        shared.get("c", lambda: 1 // 0)
    assert shared.get("c", lambda: 3) == 3
