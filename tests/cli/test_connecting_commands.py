"""`connect` and `disconnect`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ml_backend.container import Container
from ml_backend.settings import Settings
from support.backends import answering
from support.serving import free_port, serving
from support.terminal import Terminal

CONNECT = ("connect", "--project", "Mails")
DISCONNECT = ("disconnect", "--project", "Mails")


@pytest.fixture
def server(terminal: Terminal, mails: list[int]) -> Iterator[str]:
    """The address of a server over the terminal's data, with basic auth."""
    terminal.settings |= {"PORT": str(free_port()), "BASIC_AUTH_USER": "me"}
    terminal.settings["BASIC_AUTH_PASS"] = "secretword"
    given = {name: value for name, value in terminal.settings.items() if value is not None}
    container = Container(Settings.from_env(given))
    with serving(container) as address:
        yield address
    container.close()
    container.store.close()


@pytest.mark.slow
def test_connecting_twice_makes_one_backend(terminal: Terminal, mails: list[int]) -> None:
    with answering({"status": "UP", "model_version": "v"}) as url:
        connect = (*CONNECT, "--url", url)
        first = terminal.json(*connect)
        assert (first["created"], first["state"]) == (True, "CO")
        assert terminal.json(*connect)["created"] is False
        assert "connected already" in terminal.run(*connect).stdout
    assert [row["url"] for row in terminal.rows("backends")] == [url]


@pytest.mark.slow
def test_a_server_label_studio_cannot_reach_is_explained(
    terminal: Terminal, mails: list[int]
) -> None:
    result = terminal.run(*CONNECT, code=1)
    assert "ls-prompts serve" in result.stderr
    terminal.fake.control(settings={"block_private": True})
    with answering({"status": "UP"}) as url:
        blocked = terminal.run(*CONNECT, "--url", url, code=1)
    assert "USE_DEFAULT_BANNED_SUBNETS" in blocked.stderr
    assert terminal.rows("backends") == []


@pytest.mark.slow
def test_options_reach_label_studio_and_no_password_is_shown(
    terminal: Terminal, server: str
) -> None:
    params = json.dumps({"model": "gpt-4o-mini"})
    options = ("--prompt", "Topic", "--version", "Version 1", "--title", "Mine")
    result = terminal.run(*CONNECT, *options, "--extra-params", params)
    (row,) = terminal.rows("backends")
    assert row["url"] == f"{server}/prompts/1/versions/1"
    assert (row["title"], row["extra_params"]) == ("Mine", {"model": "gpt-4o-mini"})
    assert "basic auth of its webhook" in result.stdout
    assert "secretword" not in result.stdout + result.stderr
    (hook,) = terminal.rows("webhooks")
    terminal.run("doctor")
    assert hook["headers"]["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--extra-params", "{no"), 2),
        (("--prompt", "Nope"), 1),
        (("--version", "Version 1"), 1),
        (("--url", "not an address"), 1),
    ],
)
def test_wrong_options_change_nothing(
    terminal: Terminal, mails: list[int], options: tuple[str, ...], code: int
) -> None:
    terminal.run(*CONNECT, *options, code=code)
    assert terminal.rows("backends") == []


@pytest.mark.slow
def test_disconnecting_asks_first(terminal: Terminal, server: str) -> None:
    terminal.run(*CONNECT)
    for option, code in (((), 2), (("--dry-run",), 0)):
        shown = terminal.run(*DISCONNECT, *option, code=code)
        assert f"the ML backend 'Prompts' at {server}" in shown.stdout
        assert f"the webhook to {server}/webhook" in shown.stdout
        assert "Nothing was changed" in shown.stderr
    dry = terminal.json(*DISCONNECT, "--dry-run")
    assert (len(dry["backends"]), len(dry["webhooks"]), dry["disconnected"]) == (1, 1, False)
    assert len(terminal.rows("webhooks")) == 1
    done = terminal.json(*DISCONNECT, "--yes")
    assert (done["disconnected"], done["model_version"]) == (True, "")
    assert (terminal.rows("backends"), terminal.rows("webhooks")) == ([], [])


def test_nothing_to_disconnect_is_no_failure(terminal: Terminal, mails: list[int]) -> None:
    assert "is not connected" in terminal.run(*DISCONNECT).stdout
    assert terminal.json(*DISCONNECT, "--yes")["disconnected"] is False


def test_both_have_examples(terminal: Terminal) -> None:
    for command in ("connect", "disconnect"):
        assert f"ls-prompts {command} --project 3" in terminal.run(command, "--help").stdout
