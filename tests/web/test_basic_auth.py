"""Who may call when BASIC_AUTH_USER and BASIC_AUTH_PASS are set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ml_backend.container import Container
from ml_backend.errors import InvalidInput
from ml_backend.web import create_app
from support.place import Place


@pytest.fixture
def guarded(place: Place) -> Iterator[FlaskClient]:
    settings = place.container.settings.model_copy(
        update={"basic_auth_user": "labeler", "basic_auth_pass": "pässword"}
    )
    container = Container(settings)
    yield create_app(container).test_client()
    container.store.close()


ROUTES = [
    ("GET", "/"),
    ("POST", "/setup"),
    ("POST", "/predict"),
    ("POST", "/webhook"),
    ("GET", "/nowhere"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "auth", [None, ("labeler", "wrong"), ("Labeler", "pässword"), ("", "")], ids=str
)
def test_every_route_needs_the_right_credentials(
    guarded: FlaskClient, auth: tuple[str, str] | None
) -> None:
    for method, path in ROUTES:
        response = guarded.open(path, method=method, auth=auth)
        assert response.status_code == 401, path
        assert "BASIC_AUTH_USER" in response.status
        assert response.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.slow
@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer x", "Basic bm9jb2xvbg=="])
def test_malformed_credentials_are_wrong_ones(guarded: FlaskClient, header: str) -> None:
    assert guarded.get("/", headers={"Authorization": header}).status_code == 401


@pytest.mark.slow
def test_the_right_credentials_go_through(guarded: FlaskClient) -> None:
    assert guarded.get("/", auth=("labeler", "pässword")).status_code == 200
    assert guarded.post("/webhook", auth=("labeler", "pässword"), json={}).status_code == 200


@pytest.mark.slow
def test_health_needs_none_but_refuses_wrong_ones(guarded: FlaskClient) -> None:
    assert guarded.get("/health").status_code == 200
    assert guarded.get("/health", auth=("labeler", "pässword")).status_code == 200
    assert guarded.get("/prompts/1/health", auth=("labeler", "wrong")).status_code == 401


def test_half_a_pair_is_a_mistake(place: Place) -> None:
    settings = place.container.settings.model_copy(update={"basic_auth_user": "labeler"})
    with pytest.raises(InvalidInput, match="BASIC_AUTH_PASS"):
        create_app(Container(settings))
