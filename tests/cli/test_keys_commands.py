"""`keys rotate` and `connections key`: another key, and what cannot be read any more."""

from __future__ import annotations

import pytest

from support.terminal import Terminal

FIRST = "the-First_key-of-40-characters-0123456789"
SECOND = "the-Second_key-of-40-characters-987654321"


def add(terminal: Terminal, **settings: str) -> None:
    terminal.run(
        *("connections", "add", "work", "--provider", "Custom", "--endpoint", terminal.model.url),
        *("--model", "gpt-4o-mini", "--api-key-stdin"),
        stdin="sk-of-work\n",
        **settings,
    )


def test_keys_rotate_by_the_environment_says_when_the_old_one_can_go(terminal: Terminal) -> None:
    add(terminal, SECRET_KEY=FIRST)
    both = {"SECRET_KEY": SECOND, "SECRET_KEY_OLD": FIRST}
    done = terminal.run("keys", "rotate", **both)
    assert "Encrypted anew: 1 connection." in done.stdout
    assert "SECRET_KEY_OLD can go now" in done.stderr
    again = terminal.json("keys", "rotate", SECRET_KEY=SECOND)
    assert again == {
        "renewed": {},
        "current": {"connection": 1},
        "unreadable": [],
        "sessions_ended": 0,
    }
    (_, row) = terminal.json("connections", "list", SECRET_KEY=SECOND)
    assert row["key_problem"] is None


@pytest.mark.slow
def test_keys_rotate_makes_a_new_file_and_removes_the_one_before(terminal: Terminal) -> None:
    add(terminal)
    folder = terminal.settings["DATA_DIR"]
    with open(f"{folder}/secret_key") as file:
        before = file.read()
    assert "Encrypted anew: 1 connection." in terminal.run("keys", "rotate").stdout
    with open(f"{folder}/secret_key") as file:
        assert file.read() != before
    assert terminal.json("connections", "list")[1]["key_problem"] is None
    assert terminal.run("connections", "test", "work").stdout.startswith("'work'")


@pytest.mark.slow
def test_an_unreadable_connection_is_named_and_mended_or_removed(terminal: Terminal) -> None:
    add(terminal, SECRET_KEY=FIRST)
    now = {"SECRET_KEY": SECOND}
    listed = terminal.run("connections", "list", **now)
    assert "unreadable" in listed.stdout
    assert "`ls-prompts connections key 1`" in listed.stderr
    rotated = terminal.run("keys", "rotate", code=1, **now)
    assert "connection 1 'work'" in rotated.stderr
    refused = terminal.run("connections", "test", "work", code=1, **now)
    assert "SECRET_KEY has changed" in refused.stderr
    assert "model: work" in terminal.run("doctor", code=1, **now).stdout
    terminal.run("connections", "key", "work", "--api-key-stdin", stdin="sk-again\n", **now)
    assert terminal.run("connections", "test", "work", **now).stdout.startswith("'work'")
    assert terminal.json("connections", "list", **now)[1]["key_problem"] is None
    terminal.run("connections", "remove", "work", "--yes")
    assert len(terminal.json("connections", "list")) == 1


def test_a_short_key_is_refused_with_the_way_out(terminal: Terminal) -> None:
    refused = terminal.run("connections", "list", code=1, SECRET_KEY="x")
    assert "at least 32" in refused.stderr
    assert "keys rotate" in refused.stderr
    # What was encrypted by a short one of an earlier version is read, and encrypted anew.
    folder = terminal.settings["DATA_DIR"]
    from ml_backend.store import Store
    from ml_backend.store.cipher import SecretCipher

    store = Store(f"sqlite:///{folder}/prompts.db", SecretCipher("x"))
    store.connections.create(title="old", api_key="sk-old", provider="OpenAI")
    store.close()
    both = {"SECRET_KEY": SECOND, "SECRET_KEY_OLD": "x"}
    assert "1 connection" in terminal.run("keys", "rotate", **both).stdout
    assert terminal.json("connections", "list", SECRET_KEY=SECOND)[1]["key_problem"] is None
