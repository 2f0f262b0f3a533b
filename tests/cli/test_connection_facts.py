"""`connections add|key|test` ask for what a provider's facts say, and take presets."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support import fake_litellm
from support.new_provider import NAME, new_provider
from support.terminal import Terminal

ADD = ("connections", "add")


@pytest.mark.slow
def test_what_a_provider_needs_is_said_with_its_option_and_where_keys_come_from(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "service-account.json"
    file.write_text(json.dumps({"type": "service_account", "private_key": "pem-secret"}))
    with new_provider(tmp_path):
        add = (*ADD, "new", "--provider", NAME)
        said = terminal.run(*add, code=1).stderr
        assert f"{NAME} needs a Google project." in said
        assert "Give it by --google-project. For example my-project." in said
        said = terminal.run(*add, "--google-project", "my-project", code=1).stderr
        assert "needs a deployment. Give it by --deployment." in " ".join(said.split())
        add = (*add, "--google-project", "my-project", "--deployment", "d")
        said = " ".join(terminal.run(*add, code=2).stderr.split())
        assert "--auth-token-env VAR or --auth-token-stdin or --google-credentials FILE" in said
        assert "https://brand-new.example/keys" in said
        wrong = terminal.run(*add, "--api-key-env", "K", code=2, K="k").stderr
        assert "does not take --api-key-env" in wrong
        wrong = terminal.run(*add, "--endpoint", "http://x/v1", "--auth-token-env", "K", code=2)
        assert "--endpoint is not for" in wrong.stderr
        made = terminal.json(*add, "--google-credentials", file, "--google-location", "eu")
        shown = terminal.run("connections", "list", "--json").stdout
        assert "pem-secret" not in json.dumps(made) + shown
        assert b"pem-secret" not in (tmp_path / "data" / "prompts.db").read_bytes()
        token = terminal.run("connections", "key", "new", "--auth-token-stdin", stdin="tok\n")
        assert "has another key" in token.stdout
        assert terminal.json("connections", "list")[-1]["has_api_key"] is True
    file.write_text('{"type": "external_account"}')
    with new_provider(tmp_path / "data"):
        said = terminal.run("connections", "key", "new", "--google-credentials", file, code=1)
        assert "no Google credentials" in said.stderr


@pytest.mark.slow
def test_a_preset_needs_its_name_and_a_key(terminal: Terminal) -> None:
    made = terminal.json(*ADD, "groq", "--preset", "groq", "--api-key-env", "K", K="gsk-x")
    assert (made["provider"], made["preset"]) == ("Custom", "groq")
    assert made["endpoint"] == "https://api.groq.com/openai/v1"
    said = terminal.run(*ADD, "other", "--preset", "groq", code=2).stderr
    assert "https://console.groq.com/keys" in said
    own = terminal.json(*ADD, "own", "--preset", "ollama", "--endpoint", "http://box:1/v1")
    assert (own["endpoint"], own["has_api_key"]) == ("http://box:1/v1", False)
    assert "There are: groq" in terminal.run(*ADD, "x", "--preset", "nobody", code=1).stderr
    assert "--preset" in terminal.run(*ADD, "x", code=2).stderr
    for number in (1, 2):
        unnamed = terminal.json(*ADD, "--provider", "Gemini", "--api-key-env", "K", K="AIza-x")
        assert unnamed["title"] == f"Gemini {number}"


@pytest.mark.slow
def test_a_test_says_before_what_it_costs_and_after_what_the_model_can(terminal: Terminal) -> None:
    terminal.model.control(preset="llamacpp")
    add = (*ADD, "box", "--preset", "llamacpp", "--endpoint", terminal.model.url)
    terminal.run(*add, "--price", "*=0,0")
    told = terminal.run("connections", "test", "box")
    assert "up to 8 small questions: about $0.0000." in told.stderr
    assert "'box' (Custom) answers. Models: default." in told.stdout
    cells = [row.split("│") for row in told.stdout.splitlines() if row.count("│") == 3]
    found = {name.strip(): said.strip() for _, name, said, _ in cells}
    assert (found["Form of answers"], found["Pictures"]) == ("json_schema", "no")
    assert (found["Context"], found["Limits"]) == ("4,096 tokens", "unknown")
    measured = terminal.json("connections", "test", "box")["measured"]
    assert (measured["context"], measured["logprobs"], measured["limits"]) == (4096, True, None)
    calls = terminal.model.stats()["calls"]
    assert terminal.json("connections", "test", "box", "--quick")["measured"] is None
    assert terminal.model.stats()["calls"] == calls


@pytest.mark.slow
def test_a_key_of_litellm_names_the_vendor_it_is_of(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_litellm.install(monkeypatch)
    add = ("connections", "add", "router", "--provider", "LiteLLM", "--api-key-env", "K")
    said = " ".join(terminal.run(*add, code=1, K="sk-o").stderr.split())
    assert "needs a deployment where a whole organization uses its key" in said
    assert "Give it by --deployment. For example openrouter." in said
    made = terminal.json(*add, "--deployment", "openrouter", K="sk-o")
    assert made["provider"] == "LiteLLM"
    # Shared since, of a person who named no vendor: another key of it would go anywhere.
    file = Path(terminal.settings["DATA_DIR"] or "") / "prompts.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE connections SET deployment = ''")
    key = ("connections", "key", "router", "--api-key-env", "K")
    said = " ".join(terminal.run(*key, code=1, K="sk-new").stderr.split())
    assert "needs a deployment where a whole organization uses its key" in said
    assert "ls-prompts connections add NEW --provider LiteLLM --deployment openrouter" in said
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE connections SET scope = 'User'")
    terminal.run(*key, K="sk-new")
