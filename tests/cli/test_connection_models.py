"""`connections models`: what models can, what they cost, and where that is from."""

from __future__ import annotations

import pytest

from support.terminal import Terminal


@pytest.mark.slow
def test_models_are_listed_with_what_they_can_and_where_that_is_from(terminal: Terminal) -> None:
    terminal.run(
        *("connections", "add", "work", "--provider", "OpenAI", "--model", "gpt-4o"),
        *("--api-key-env", "WORK_KEY", "--price", "of-mine=0,0"),
        WORK_KEY="sk-none",
    )
    shown = terminal.run("connections", "models", "work")
    assert "128,000" in shown.stdout
    assert "2027-01-14" in shown.stdout
    assert "of-mine" in shown.stdout
    rows = {row["model"]: row for row in terminal.json("connections", "models", "work")}
    known = rows["gpt-4o"]
    assert known["abilities"]["images"]["value"] is True
    assert known["abilities"]["context"]["source"].startswith("genai-prices ")
    assert known["price"]["cached_per_million"] < known["price"]["prompt_per_million"]
    assert rows["of-mine"]["abilities"] == {}
    assert rows["of-mine"]["price"]["source"] == "given for this connection"


@pytest.mark.slow
def test_the_environments_models_are_listed_and_asked_for(terminal: Terminal) -> None:
    (row,) = terminal.json("connections", "models")
    assert (row["model"], row["abilities"]) == ("gpt-4o-mini", {})  # a server of one's own
    asked = terminal.json("connections", "models", "environment", "--ask")
    assert {each["model"] for each in asked} > {"gpt-4o-mini"}
    assert "?" in terminal.run("connections", "models").stdout


@pytest.mark.slow
def test_a_parameter_the_provider_does_not_take_is_refused(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.run(
        *("connections", "add", "work", "--provider", "OpenAI", "--model", "gpt-4o"),
        *("--api-key-env", "WORK_KEY"),
        WORK_KEY="sk-none",
    )
    given = ("--text", "Which {text}?", "--connection", "work", "--set", "top_k=5")
    refused = terminal.run("versions", "create", "Topic", *given, code=1)
    assert "OpenAI takes no parameter top_k" in refused.stderr
