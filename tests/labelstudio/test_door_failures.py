"""What the door makes of every way in which Label Studio can fail, over HTTP, with the fake."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest

from ml_backend.errors import (
    InvalidInput,
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    LabelStudioUnreachable,
)
from ml_backend.labelstudio import ServerLabelStudio
from support.processes import eventually
from support.wire import CONFIG, row

IMPORT = "import/predictions"


@pytest.fixture
def seeded(fake):
    return fake.seed(CONFIG, [{"text": f"text {n}"} for n in range(3)])


def personal_token(fake):
    headers = {"Authorization": f"Token {fake.token}"}
    return httpx.post(f"{fake.url}/api/token/", headers=headers).json()["token"]


def settled_predictions(fake):
    eventually(lambda: not fake.state()["unsettled"])
    return len(fake.state()["predictions"])


def test_refused_connection_means_that_nothing_was_done(fake, door, seeded):
    fake.control(down=True)
    with pytest.raises(LabelStudioUnreachable, match="does not answer") as caught:
        door.import_predictions(seeded[0], [row(seeded[1][0])])
    assert caught.value.maybe_done is False
    with pytest.raises(LabelStudioUnreachable):
        door.get_project(seeded[0])
    fake.control(down=False)
    assert door.get_project(seeded[0]).tasks == 3


def test_unknown_host_is_unreachable():
    with pytest.raises(LabelStudioUnreachable, match="does not answer") as caught:
        ServerLabelStudio("http://nowhere.invalid", "token").import_predictions(1, [])
    assert caught.value.maybe_done is False


@pytest.mark.parametrize(
    ("fault", "error", "stored"),
    [
        ({"mode": "500_before"}, LabelStudioUnreachable, 0),
        ({"mode": "500_after"}, LabelStudioUnreachable, 1),
        ({"mode": "500_after", "detail": "deadlock detected"}, LabelStudioUnreachable, 1),
        ({"mode": "500_before", "detail": "'NoneType' object"}, LabelStudioError, 0),
        ({"mode": "drop_connection_before"}, LabelStudioUnreachable, 0),
        ({"mode": "drop_connection_after"}, LabelStudioUnreachable, 1),
        ({"mode": "delay_commit", "seconds": 0.2}, LabelStudioUnreachable, 1),
        ({"mode": "status", "status": 502}, LabelStudioUnreachable, 0),
        ({"mode": "status", "status": 503}, LabelStudioUnreachable, 0),
        ({"mode": "status", "status": 504}, LabelStudioUnreachable, 0),
        ({"mode": "status", "status": 200}, LabelStudioError, 0),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_write_that_may_have_taken_effect_says_so_and_is_not_repeated(
    fake, door, seeded, fault, error, stored
):
    fake.fail(IMPORT, **fault)
    with pytest.raises(LabelStudioError) as caught:
        door.import_predictions(seeded[0], [row(seeded[1][0])])
    assert type(caught.value) is error
    assert caught.value.maybe_done is True
    assert settled_predictions(fake) == stored
    assert fake.state()["calls"]["POST /api/projects/{id}/import/predictions"] == 1


@pytest.mark.slow
def test_write_without_an_answer_in_time_may_have_taken_effect(fake, seeded):
    door = ServerLabelStudio(fake.url, fake.token, write_timeout=0.2)
    fake.control(latency=[{"path": IMPORT, "seconds": 0.5}])
    with pytest.raises(LabelStudioUnreachable, match="timed out") as caught:
        door.import_predictions(seeded[0], [row(seeded[1][0])])
    assert caught.value.maybe_done is True


@pytest.mark.parametrize("status", [429, 408])
def test_throttled_write_was_not_done(fake, door, seeded, status):
    fake.fail(IMPORT, "status", status=status)
    with pytest.raises(LabelStudioUnreachable) as caught:
        door.import_predictions(seeded[0], [row(seeded[1][0])])
    assert (caught.value.maybe_done, caught.value.status) == (False, status)


def test_too_large_a_request_says_which_limit_to_raise(fake, door, seeded):
    fake.fail(IMPORT, "status", status=413)
    with pytest.raises(LabelStudioRejected, match="so large") as caught:
        door.import_predictions(seeded[0], [row(seeded[1][0])])
    assert "client_max_body_size" in caught.value.fix


def test_read_on_a_connection_that_broke_is_asked_again(fake, door, seeded):
    fake.fail("/api/projects/", "drop_connection_before", method="GET")
    assert door.get_project(seeded[0]).id == seeded[0]
    fake.fail("/api/projects/", "drop_connection_before", method="GET", times=2)
    with pytest.raises(LabelStudioUnreachable) as caught:
        door.get_project(seeded[0])
    assert caught.value.maybe_done is False


def test_page_that_failed_for_a_task_deleted_meanwhile_is_asked_again(fake, door, seeded):
    fake.fail("/api/tasks", "500_before", detail="17", times=2)
    assert door.task_ids(seeded[0]) == seeded[1]
    fake.fail("/api/tasks", "500_before", detail="17", times=3)
    with pytest.raises(LabelStudioRejected, match="could not list"):
        door.task_ids(seeded[0])


def test_busy_database_is_not_pressed(fake, door, seeded):
    fake.fail("/api/tasks", "500_before", detail="database is locked")
    with pytest.raises(LabelStudioUnreachable):
        door.task_ids(seeded[0])
    assert fake.state()["calls"]["GET /api/tasks/"] == 1


def test_predictions_that_break_off_are_unreachable(fake, door, seeded):
    fake.fail("/api/predictions/", "drop_connection_after")
    with pytest.raises(LabelStudioUnreachable):
        door.predictions(seeded[0])


@pytest.mark.parametrize("body", ["<html>Welcome</html>", '{"it": "works"}', "[]", "null", "17"])
def test_something_else_at_the_address_is_named_so(fake, door, body):
    for path in ("/api/version/", "/api/current-user/whoami", "/api/predictions/", "/api/tasks/"):
        fake.fail(path, "status", status=200, body=body)
    for call in (door.version, door.whoami):
        with pytest.raises(LabelStudioError, match=r"is not Label Studio|does not send"):
            call()
    if body != "[]":
        with pytest.raises(LabelStudioError, match=r"is not Label Studio|does not send"):
            door.predictions(1)


def test_address_that_has_no_such_page_is_not_label_studio(fake):
    door = ServerLabelStudio(f"{fake.url}/projects", fake.token)
    with pytest.raises(LabelStudioError, match="is not Label Studio") as caught:
        door.whoami()
    assert not isinstance(caught.value, LabelStudioNotFound)
    assert "without /projects" in caught.value.fix


def test_address_with_a_path_is_named_when_a_project_is_sought(fake):
    door = ServerLabelStudio(f"{fake.url}/projects", fake.token)
    for call in (door.project_titles, lambda: door.find_project("Mails")):
        with pytest.raises(LabelStudioError, match="is not Label Studio"):
            call()


def test_page_that_says_label_studio_crashed_does_not_pass_for_another_server(fake, door, seeded):
    fake.fail("/summary/", "status", status=500, body="<h1>Server Error (500)</h1>")
    with pytest.raises(LabelStudioError, match="failed on a request") as caught:
        door.data_columns(seeded[0])
    assert "is not Label Studio" not in caught.value.message


def test_redirect_is_not_followed_but_named(redirecting):
    url, target = redirecting
    with pytest.raises(LabelStudioError, match="sends us on") as caught:
        ServerLabelStudio(url, "token").import_predictions(1, [])
    assert target in caught.value.message
    assert caught.value.maybe_done is False


@pytest.fixture
def redirecting():
    target = "https://labels.example.com/api/x"
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                head = f"HTTP/1.1 301 Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
                connection.sendall(head.encode())

        pool.submit(answer)
        yield f"http://127.0.0.1:{server.getsockname()[1]}", target


@pytest.mark.parametrize("token", ["", "  ", "two\nlines", "smörgås"])
def test_missing_or_garbled_token_is_noticed_on_the_first_call_not_before(fake, token):
    door = ServerLabelStudio(fake.url, token)
    with pytest.raises(LabelStudioAuthError, match="No Label Studio token") as caught:
        door.whoami()
    assert "LABEL_STUDIO_API_KEY" in caught.value.fix


def test_wrong_token_is_refused_and_not_told(fake):
    with pytest.raises(LabelStudioAuthError, match="Invalid token") as caught:
        ServerLabelStudio(fake.url, "deadbeef").whoami()
    assert "deadbeef" not in str(caught.value)
    assert "Copy the token again" in caught.value.fix


def test_legacy_tokens_switched_off_says_what_to_do(fake, door):
    fake.control(settings={"legacy": False})
    with pytest.raises(LabelStudioAuthError, match="switched off") as caught:
        door.whoami()
    assert "personal access token" in caught.value.fix
    assert "enable legacy tokens" in caught.value.fix


def test_personal_access_token_is_exchanged_anew_when_its_time_is_over(fake, seeded):
    fake.control(settings={"access_seconds": -1})
    door = ServerLabelStudio(fake.url, personal_token(fake))
    with pytest.raises(LabelStudioAuthError):
        door.whoami()
    fake.control(settings={"access_seconds": 300})
    assert door.whoami().id == 1
    assert door.get_project(seeded[0]).id == seeded[0]
    refreshed = fake.state()["calls"]["POST /api/token/refresh/"]
    door.get_project(seeded[0])
    assert fake.state()["calls"]["POST /api/token/refresh/"] == refreshed


def test_personal_access_tokens_switched_off_says_so(fake):
    door = ServerLabelStudio(fake.url, personal_token(fake))
    fake.control(settings={"personal": False})
    with pytest.raises(LabelStudioAuthError, match="personal access token") as caught:
        door.whoami()
    assert "API Tokens Settings" in caught.value.fix


@pytest.mark.parametrize("claims", [{"exp": 1}, {"exp": 9_999_999_999}, {}])
def test_personal_access_token_that_ran_out_or_is_foreign_is_refused(fake, claims):
    token = jwt.encode({"token_type": "refresh", **claims}, "k" * 32)
    with pytest.raises(LabelStudioAuthError, match="personal access token") as caught:
        ServerLabelStudio(fake.url, token).whoami()
    assert token not in str(caught.value)


@pytest.mark.parametrize("status", [502, 503])
def test_write_whose_token_refresh_fails_was_not_sent(fake, seeded, status):
    door = ServerLabelStudio(fake.url, personal_token(fake))
    fake.fail("/api/token/refresh/", "status", status=status)
    with pytest.raises(LabelStudioUnreachable) as caught:
        door.import_predictions(seeded[0], [row(seeded[1][0])])
    assert caught.value.maybe_done is False
    assert IMPORT not in str(fake.state()["calls"])
    assert door.import_predictions(seeded[0], [row(seeded[1][0])]) == 1


def test_token_refresh_answered_by_something_else_is_not_label_studio(fake):
    door = ServerLabelStudio(fake.url, personal_token(fake))
    for body in ("<html></html>", '{"other": 1}'):
        fake.fail("/api/token/refresh/", "status", status=200, body=body)
        with pytest.raises(LabelStudioError, match="is not Label Studio"):
            door.whoami()


def test_backend_on_a_private_address_names_the_settings_and_leaves_no_row(
    fake, door, seeded, ml_backend
):
    for setting in ("at_once", "after storing"):
        fake.control(settings={"block_private": setting})
        with pytest.raises(LabelStudioRejected, match="private addresses") as caught:
            door.add_backend(seeded[0], ml_backend.url.replace("//", "//u:secretword@"), "Prompts")
        assert "USE_DEFAULT_BANNED_SUBNETS=false" in caught.value.fix
        assert "SSRF_PROTECTION_ENABLED=false" in caught.value.fix
        assert "secretword" not in str(caught.value)
        assert fake.state()["backends"] == []


def test_reasons_are_bounded_and_without_the_token(fake, door, seeded):
    reason = f"head {fake.token} " + "x" * 5000 + " tail"
    fake.fail(IMPORT, "500_before", detail=reason)
    with pytest.raises(LabelStudioError, match=r"head … x+ … x+ tail") as caught:
        door.import_predictions(seeded[0], [row(seeded[1][0])])
    assert len(caught.value.message) < 800


def test_row_without_a_version_is_not_sent(fake, door, seeded):
    with pytest.raises(InvalidInput, match="no model version"):
        door.import_predictions(seeded[0], [row(seeded[1][0]), row(seeded[1][1], "")])
    assert fake.state()["predictions"] == []


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://host", "http://", "http://u:p@host", "http://host/?a=1"]
)
def test_address_that_is_none_is_invalid_input(url):
    with pytest.raises(InvalidInput) as caught:
        ServerLabelStudio(url, "token")
    assert caught.value.field == "LABEL_STUDIO_URL"


def test_path_prefix_and_closing_slash_are_kept_apart(prefixed):
    url, requests = prefixed
    door = ServerLabelStudio(f" {url}/labels/ ", "token")
    assert door.url == f"{url}/labels"
    assert door.version() == "1.0"
    assert requests[0].startswith(b"GET /labels/api/version/ HTTP")
    refresh = ServerLabelStudio(
        f"{url}/labels", jwt.encode({"token_type": "refresh", "exp": 9_999_999_999}, "k" * 32)
    )
    with pytest.raises(LabelStudioError):
        refresh.version()
    assert requests[1].startswith(b"POST /labels/api/token/refresh/ HTTP")


@pytest.fixture
def prefixed():
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer():
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    requests.append(connection.recv(65536))
                    body = b'{"release": "1.0"}'
                    head = (
                        f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
                    )
                    connection.sendall(head.encode() + b"\r\n" + body)

        pool.submit(answer)
        yield f"http://127.0.0.1:{server.getsockname()[1]}", requests


def test_token_shows_in_no_repr(fake, door):
    door.whoami()
    assert fake.token not in repr(door) + repr(door._transport)


@pytest.mark.slow
def test_door_is_shared_by_threads(fake, seeded):
    door = ServerLabelStudio(fake.url, personal_token(fake))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: door.task_ids(seeded[0]), range(40)))
    assert found == [seeded[1]] * 40
    assert fake.state()["calls"]["POST /api/token/refresh/"] == 1
