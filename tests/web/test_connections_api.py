"""Connecting over HTTP: who may call, and that the caller's own token does it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ml_backend.container import Container
from ml_backend.web.server import identity
from support.backends import answering
from support.place import Place
from support.serving import free_port, serving
from support.wire import CONFIG

Headers = dict[str, str]


@dataclass
class Api:
    """Our server with basic auth, called by HTTP, and a Label Studio that calls it back."""

    place: Place
    container: Container
    url: str

    def post(self, path: str, token: str | None = None, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Token {token or self.place_token}", **headers}
        return httpx.post(
            f"{self.url}/api/projects/{path}", json=body or {}, headers=sent, timeout=30
        )

    @property
    def place_token(self) -> str:
        return str(self.place.container.settings.label_studio_api_key)

    @property
    def project(self) -> int:
        return self.place.project_id


@pytest.fixture
def api(place: Place) -> Iterator[Api]:
    settings = place.container.settings.model_copy(
        update={
            "port": free_port(),
            "basic_auth_user": "labeler",
            "basic_auth_pass": "secretword",
        }
    )
    place.prompt()
    container = Container(settings)
    with serving(container) as url:
        yield Api(place, container, url)
    container.close()
    container.store.close()


def personal_token(api: Api) -> str:
    door = api.place.container.studio
    token: str = door._transport.send("POST", "api/token/")["token"]
    return token


def access_token(api: Api, refresh: str) -> str:
    door = api.place.container.studio
    answer = door._transport.send("POST", "api/token/refresh/", {"refresh": refresh})
    return str(answer["access"])


@pytest.mark.slow
def test_connect_and_disconnect_as_the_caller(api: Api, studio: Any) -> None:
    first = api.post(f"{api.project}/connect", body={"prompt": "Topics", "title": "Mine"})
    assert (first.status_code, first.json()["state"]) == (200, "CO")
    assert first.json()["url"].startswith(f"{api.url}/prompts/")
    assert "secretword" not in first.text
    assert api.post(f"{api.project}/connect").json()["outcome"] == "unchanged"
    planned = api.post(f"{api.project}/disconnect", body={"dry_run": True}).json()
    assert (len(planned["webhooks"]), planned["disconnected"]) == (1, False)
    done = api.post(f"{api.project}/disconnect").json()
    assert done["disconnected"] is True
    state = studio.state()
    assert (state["backends"], state["webhooks"]) == ([], [])
    assert api.post(f"{api.project}/disconnect").json()["disconnected"] is False


@pytest.mark.slow
def test_every_kind_of_token_is_taken(api: Api, studio: Any) -> None:
    legacy, personal = api.place_token, personal_token(api)
    access = access_token(api, personal)
    ways: list[Headers] = [
        {"Authorization": f"Token {legacy}"},
        {"X-API-Key": legacy},
        {"Authorization": f"Bearer {access}"},
        {"Authorization": f"Bearer {personal}"},
        {"Authorization": f"Token {personal}"},
        {"X-API-Key": access},
    ]
    for headers in ways:
        url = f"{api.url}/api/projects/{api.project}/disconnect"
        answer = httpx.post(url, json={"dry_run": True}, headers=headers, timeout=30)
        assert answer.status_code == 200, headers


@pytest.mark.slow
def test_the_work_is_done_with_the_callers_token(api: Api, studio: Any) -> None:
    access = access_token(api, personal_token(api))
    # The server's own token would be refused from here on.
    studio.control(settings={"legacy": False})
    header = {"Authorization": f"Bearer {access}"}
    answer = api.post(f"{api.project}/connect", **header)
    assert answer.status_code == 200, answer.text


@pytest.mark.slow
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Token"},
        {"Authorization": "Token " + "0" * 40},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic bGFiZWxlcjpzZWNyZXR3b3Jk"},
        {"X-API-Key": "wröng"},
    ],
    ids=str,
)
def test_who_is_not_known_is_refused(api: Api, studio: Any, headers: Headers) -> None:
    sent = {name: value.encode() for name, value in headers.items()}
    for path in (f"projects/{api.project}/connect", "nowhere"):
        answer = httpx.post(f"{api.url}/api/{path}", json={}, headers=sent, timeout=30)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["detail"]
    assert studio.state()["backends"] == []


@pytest.mark.slow
def test_a_project_the_caller_cannot_read_is_not_there(api: Api) -> None:
    for path in ("connect", "disconnect"):
        assert api.post(f"99999/{path}").status_code == 404


@pytest.mark.slow
def test_basic_auth_still_guards_the_rest(api: Api) -> None:
    token = {"Authorization": f"Token {api.place_token}"}
    for path in ("/predict", "/setup", "/webhook", "//api/../predict", "/apix/predict"):
        answer = httpx.post(f"{api.url}{path}", json={}, headers=token, timeout=30)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.slow
def test_the_request_must_be_json_and_hold_what_is_known(api: Api, studio: Any) -> None:
    url = f"{api.url}/api/projects/{api.project}/connect"
    token = {"Authorization": f"Token {api.place_token}"}
    form = httpx.post(url, data={"title": "x"}, headers=token, timeout=30)
    assert form.status_code == 415
    assert "application/json" in form.json()["detail"]
    for body in ({"titel": "x"}, {"title": 3}, {"prompt": []}, {"url": "nonsense"}, [1]):
        assert api.post(f"{api.project}/connect", body=body).status_code == 400, body
    assert api.post(f"{api.project}/disconnect", body={"dry_run": "no"}).status_code == 400
    assert api.post(f"{api.project}/connect", body={"prompt": "Nope"}).status_code == 404
    assert studio.state()["backends"] == []


@pytest.mark.slow
def test_callers_are_remembered_and_refusals_only_for_seconds(
    api: Api, studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        return int(studio.state()["calls"].get("GET /api/current-user/whoami", 0))

    dry_run = {"dry_run": True}
    for token, status in ((None, 200), ("0" * 40, 401)):
        before = asked()
        for _ in range(3):
            answer = api.post(f"{api.project}/disconnect", token, dry_run)
            assert answer.status_code == status
        assert asked() == before + 1
    assert identity.REFUSED_SECONDS <= 10
    assert identity.KNOWN_SECONDS <= 60


@pytest.mark.slow
def test_tokens_are_never_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="ml_backend")
    secret = "f" * 40
    api.post(f"{api.project}/connect", secret)
    api.post("99999/connect")
    assert secret not in caplog.text
    assert api.place_token not in caplog.text


@pytest.mark.slow
def test_the_servers_own_credentials_go_nowhere(api: Api, studio: Any) -> None:
    with answering({"status": "UP", "model_version": "theirs"}) as elsewhere:
        for body in ({}, {"url": elsewhere}, {"new_secret": True}, {"url": f"{elsewhere}/more"}):
            answer = api.post(f"{api.project}/connect", body=body)
            assert answer.status_code == 200, answer.text
            held = json.dumps([studio.state(), answer.json()])
            assert "secretword" not in held
            assert "bGFiZWxlcjpzZWNyZXR3b3Jk" not in held, "nor as a header"
        words = {row["basic_auth_pass"] for row in studio.state()["backends"]}
        assert words
        assert all(word not in answer.text for word in words)


@pytest.mark.slow
def test_a_prompt_of_a_project_one_does_not_see_is_not_there_to_connect(
    api: Api, studio: Any
) -> None:
    other, _ = studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Other")
    prompts = api.place.container.prompts
    hidden = prompts.create("Hidden", project=api.place.container.studio.get_project(other))
    prompts.create_version(hidden, text="Which? {text}")
    token = "e" * 40
    user = {"id": 9, "email": "m@example.com", "username": "m", "hidden": [other]}
    studio.control(settings={"users": {token: user}})
    for named in ("Hidden", hidden.id, "Nobody"):
        answer = api.post(f"{api.project}/connect", token, {"prompt": named})
        assert answer.status_code == 404, answer.text
        assert "There are" not in answer.text
    assert api.place.container.store.prompts.get(hidden.id).project_ids == (other,)
