"""`prompts follow`, `run --follow`, and what is shown of them and of stale runs."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.settings import Settings
from support.terminal import Terminal


def follows(terminal: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.json("prompts", "show", "Topic")["follows"]
    return found


@pytest.fixture
def priced(terminal: Terminal, mails: list[int]) -> None:
    """The newest version of the prompt is asked of a model with a known price."""
    endpoint = ("--provider", "Custom", "--endpoint", terminal.model.url, "--model", "m")
    terminal.run("connections", "add", "Priced", *endpoint, "--price", "m=0.25,2")
    version = ("versions", "create", "Topic", "--text", "Which? {text}", "--connection", "Priced")
    terminal.run(*version, "--model", "m")


@pytest.mark.slow
@pytest.mark.usefixtures("priced")
def test_following_begins_and_ends_when_asked_to(terminal: Terminal) -> None:
    assert follows(terminal) == []
    made = terminal.json("prompts", "follow", "Topic", "--project", "Mails", "--budget", "2.5")
    assert (made["project"], made["budget"], made["spent"]) == (1, 2.5, 0)
    assert follows(terminal) == [made]
    assert "$0.0000 spent, of $2.5" in terminal.run("prompts", "show", "Topic").stdout

    again = terminal.run("prompts", "follow", "Topic", "--project", 1)
    assert "no budget" in again.stdout
    assert "--off` ends that" in again.stderr
    assert len(follows(terminal)) == 1

    ended = terminal.run("prompts", "follow", "Topic", "--project", 1, "--off")
    assert "follows no more" in ended.stdout
    assert follows(terminal) == []
    arguments = ("prompts", "follow", "Topic", "--project", 1, "--off")
    assert terminal.json(*arguments)["stopped"] is False


@pytest.mark.slow
def test_following_refuses_what_it_could_not_do(terminal: Terminal, mails: list[int]) -> None:
    arguments = ("prompts", "follow", "Topic", "--project", 1)
    assert "above 0" in terminal.run(*arguments, "--budget", "0", code=1).stderr
    terminal.run(*arguments, "--budget", "1", "--off", code=2)
    assert "price is unknown" in terminal.run(*arguments, "--budget", "1", code=1).stderr
    assert follows(terminal) == []


@pytest.mark.slow
@pytest.mark.usefixtures("priced")
def test_a_run_may_begin_the_following(terminal: Terminal) -> None:
    arguments = ("run", "Topic", "--project", "Mails", "--follow", "--budget", "3")
    run = terminal.json(*arguments)
    assert run["status"] == "Completed"
    [follow] = follows(terminal)
    assert follow["budget"] == 3
    assert follow["spent"] == pytest.approx(run["cost"])
    assert follow["spent"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [("--subset", "HasGT"), ("--tasks", "1"), ("--slot", "evaluate")]
)
def test_only_a_run_for_all_tasks_may_follow(
    terminal: Terminal, mails: list[int], options: tuple[str, ...]
) -> None:
    result = terminal.run("run", "Topic", "--project", "Mails", "--follow", *options, code=2)
    assert "--follow" in result.stderr
    assert terminal.json("runs", "list") == []
    assert follows(terminal) == []


@pytest.mark.slow
def test_a_stale_run_says_so(terminal: Terminal, mails: list[int]) -> None:
    run = terminal.json("evaluate", "Topic", "--project", "Mails")
    assert run["stale"] == ""
    container = Container(Settings.from_env({k: v for k, v in terminal.settings.items() if v}))
    container.store.runs.mark_stale([run["id"]], "The ground truth changed after this run.")
    container.store.close()
    assert "ground truth changed" in terminal.run("runs", "show", run["id"]).stdout
    assert "Completed, stale" in terminal.run("runs", "list").stdout
    assert "ground truth changed" in terminal.json("runs", "show", run["id"])["stale"]


@pytest.mark.slow
def test_what_it_accepts_is_refused_without_a_promise_and_told_with_one(
    terminal: Terminal, mails: list[int]
) -> None:
    arguments = ("prompts", "follow", "Topic", "--project", 1)
    accept = (*arguments, "--accept-max-error", "0.5", "--certainty", "0.9")
    refused = terminal.run(*accept, code=1)
    assert "Nothing is promised here" in refused.stderr
    assert "ls-prompts promises draw" in refused.stderr
    terminal.run(*arguments, "--certainty", "0.9", code=2)
    terminal.run(*arguments, "--off", "--take-back", code=2)
    terminal.run(*arguments, "--yes", code=2)
    assert "Nothing follows" in terminal.run("prompts", "follow", "--list").stdout
    assert "never accepted" in terminal.run(*arguments, "--take-back", code=1).stderr

    terminal.run(*arguments)
    [listed] = terminal.json("prompts", "follow", "--list")
    assert (listed["project"], listed["accepts"]) == (1, None)
    assert "Follows project 1" in terminal.run("prompts", "follow", "--list").stdout
