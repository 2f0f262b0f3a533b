"""`versions race`: from the estimate to the table, and what it does when it is stopped."""

from __future__ import annotations

import json
import os
import sys

import pytest

from support.processes import Child, eventually
from support.terminal import CONFIG, Terminal

RACE = ("versions", "race", "Topic", "--project", "Raced", "--models", "work:good,work:bad")


@pytest.fixture
def raced(terminal: Terminal) -> Terminal:
    """A project of 40 truths, all A: the simulated models say A, or B where a rule says so."""
    region = {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["A"]},
    }
    truth = [{"result": [region], "ground_truth": True}]
    tasks = [{"data": {"text": f"mail {n}"}, "annotations": truth} for n in range(40)]
    terminal.fake.seed(CONFIG, tasks, title="Raced")
    terminal.run("prompts", "create", "Topic", "--project", "Raced", "--text", "Topic of {text}?")
    terminal.run(
        *("connections", "add", "work", "--provider", "Custom", "--model", "good"),
        *("--endpoint", terminal.model.url, "--price", "good=10,10", "--price", "bad=1,1"),
    )
    terminal.model.control(rules=[{"answer": {"topic": "A"}}])
    return terminal


@pytest.mark.slow
def test_a_race_says_what_it_takes_and_ends_in_a_table_and_a_sentence(raced: Terminal) -> None:
    plan = raced.json(*RACE, "--dry-run")
    assert (plan["to_race"], plan["to_hold"], plan["most_calls"]) == (24, 16, 64)
    assert plan["most_cost"] > 0
    assert raced.model.stats()["calls"] == 0
    said = raced.run(*RACE, "--dry-run").stdout
    assert "A race on 24 tasks with ground truth" in said
    assert "At most 64 calls, about $" in said
    result = raced.run(*RACE, "--yes", "--save", "--title", "Raced")
    assert "95 %" in result.stdout
    assert "Nothing was written to Label Studio." in result.stderr
    calls = raced.model.stats()["calls"]
    found = raced.json(*RACE, "--yes")
    assert found["status"] == "Completed"
    assert found["models"][0]["accuracy"] == 1.0
    assert found["calls"] <= 64
    assert calls <= 64


@pytest.mark.slow
def test_the_winner_is_saved_as_a_version(raced: Terminal) -> None:
    said = raced.run(*RACE, "--yes", "--tolerance", "0.3").stderr
    assert "--save --job 1 makes a version that the winner answers" in " ".join(said.split())
    made = raced.json(*RACE, "--yes", "--save", "--title", "Taken", "--tolerance", "0.3")
    assert made["winner"] == "bad", "as good, and cheaper"
    assert (made["version_made"]["title"], made["version_made"]["provider_model_id"]) == (
        "Taken",
        "bad",
    )
    assert made["version_made"]["active"] is False


@pytest.mark.slow
def test_the_winner_of_a_race_that_ended_is_saved_afterwards(raced: Terminal) -> None:
    """As it was raced, whatever was edited since, and without another call."""
    first = raced.json(*RACE, "--yes", "--tolerance", "0.3")
    assert (first["winner"], first["version_made"]) == ("bad", None)
    raced.run("versions", "edit", "Topic", "Version 1", "--text", "Another {text}?")
    calls = raced.model.stats()["calls"]
    again = raced.json("versions", "race", "Topic", "--job", str(first["job"]))
    assert (again["sentence"], again["version_made"]) == (first["sentence"], None)
    said = raced.run("versions", "race", "Topic", "--save", "--title", "Later").stdout
    assert "Created version" in said
    assert "'Later'" in said
    made = raced.json("versions", "race", "Topic", "--save", "--job", str(first["job"]))
    kept = made["version_made"]
    assert (kept["provider_model_id"], kept["prompt"]) == ("bad", "Topic of {text}?")
    assert raced.model.stats()["calls"] == calls
    assert (
        "no race of 'Topic' with job 99"
        in raced.run("versions", "race", "Topic", "--job", "99", code=1).stderr
    )
    raced.run(*RACE, "--job", str(first["job"]), code=2)


@pytest.mark.slow
def test_there_is_nothing_to_save_of_a_prompt_that_was_never_raced(raced: Terminal) -> None:
    said = raced.run("versions", "race", "Topic", "--save", code=1).stderr
    assert "no race of 'Topic' that ended" in said


@pytest.mark.slow
def test_what_a_race_cannot_take_is_said(raced: Terminal) -> None:
    budget = raced.run(
        *("versions", "race", "Topic", "--project", "Raced"),
        *("--models", "work:good,work:unpriced", "--budget", "1", "--yes"),
        code=1,
    )
    assert "price is unknown" in budget.stderr
    raced.run("versions", "race", "Topic", "--models", "a,b", code=2)
    raced.run(*RACE, "--few-shot", "x", code=2)
    assert "No race" in raced.run("versions", "race", "Topic", "--cancel", code=1).stderr
    one = raced.run(
        "versions", "race", "Topic", "--project", "Raced", "--models", "work:good", code=1
    )
    assert "2 to 24 models" in one.stderr
    assert "Nothing was changed" in raced.run(*RACE, code=2).stderr


@pytest.mark.faults
def test_a_killed_race_goes_on_by_the_same_command(raced: Terminal) -> None:
    """kill -9 in the middle: what it had is not asked again."""
    raced.model.control(rules=[{"answer": {"topic": "A"}, "latency": 0.05}])
    environment = {name: each for name, each in raced.settings.items() if each is not None}
    killed = Child(
        [sys.executable, "-m", "ml_backend", *RACE, "--yes"],
        env={"PATH": os.environ["PATH"], "LLM_MAX_CONCURRENCY": "2", **environment},
    )
    try:
        eventually(lambda: raced.model.stats()["calls"] >= 24)
    finally:
        killed.process.kill()
        killed.process.wait()
    before = raced.model.stats()["calls"]
    result = raced.run(*RACE, "--yes", "--json")
    assert "Going on with the race" in result.stderr
    found = json.loads(result.stdout)
    assert found["status"] == "Completed"
    # Those in flight were lost, and what was answered in the last moment before it was kept.
    assert raced.model.stats()["calls"] <= found["calls"] + 2 + 8
    assert before < found["calls"]
