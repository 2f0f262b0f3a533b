"""`estimate`, budgets of connections, `--samples`, `--few-shot` and `versions refine`."""

from __future__ import annotations

import pytest

from support.terminal import Terminal


@pytest.fixture
def priced(terminal: Terminal, mails: list[int]) -> Terminal:
    terminal.run(
        *("connections", "add", "work", "--provider", "Custom", "--model", "gpt-4o-mini"),
        *("--endpoint", terminal.model.url, "--price", "gpt-4o-mini=1,2"),
        *("--limit", "5", "--period", "monthly", "--alert", "4"),
    )
    terminal.run("versions", "create", "Topic", "--text", "Which {text}?", "--connection", "work")
    return terminal


@pytest.mark.slow
def test_an_estimate_has_an_interval_and_says_where_its_price_is_from(priced: Terminal) -> None:
    told = priced.json("estimate", "Topic", "--project", "Mails")
    assert 0 < told["low_cost_usd"] < told["total_cost_usd"] < told["high_cost_usd"]
    assert (told["tasks"], told["sampled_tasks"], told["measured"]) == (4, 4, False)
    assert told["price"]["source"] == "given for this connection"
    some = priced.json("estimate", "Topic", "--project", "Mails", "--subset", "HasGT")
    assert some["tasks"] == 2
    shown = priced.run("estimate", "Topic", "--project", "Mails").stdout
    assert "per million tokens (given for this connection)" in shown
    run = priced.run("run", "Topic", "--project", "Mails")
    assert "Estimated cost: $0.0" in run.stderr


@pytest.mark.slow
def test_an_unknown_price_is_said_before_a_run_and_keeps_none_from_running(
    terminal: Terminal, mails: list[int]
) -> None:
    result = terminal.run("run", "Topic", "--project", "Mails")
    assert "Estimated cost: price unknown; " in result.stderr
    assert "price CONNECTION 'gpt-4o-mini=IN,OUT'" in result.stderr
    shown = terminal.run("estimate", "Topic", "--project", "Mails").stdout
    assert "price unknown" in shown
    assert "tokens a task" in shown
    assert "Give it: " in shown
    told = terminal.json("estimate", "Topic", "--project", "Mails")
    assert (told["total_cost_usd"], told["high_cost_usd"], told["price"]) == (None, None, None)
    assert 0 < told["low_tokens"] < told["tokens"] < told["high_tokens"]
    assert "unknown" in told["price_unknown"]
    budget = ("--budget", "1")
    refused = terminal.run("run", "Topic", "--project", "Mails", *budget, code=1).stderr
    assert "price" in refused


@pytest.mark.slow
def test_a_connection_shows_what_it_spent_and_stops_at_its_budget(priced: Terminal) -> None:
    run = priced.json("run", "Topic", "--project", "Mails")
    (_, row) = priced.json("connections", "list")
    assert row["budget_total_spent"] == pytest.approx(run["cost"])
    assert (row["budget_limit"], row["budget_reset_period"]) == (5, "Monthly")
    assert row["budget_alert_threshold"] == 4
    changed = priced.json("connections", "budget", "work", "--limit", "0.000001", "--alert", "0")
    assert "used up" in changed["budget_warning"]
    assert "used up" in priced.run("connections", "list").stderr
    stopped = priced.json("run", "Topic", "--project", "Mails", "--fresh", code=1)
    assert "'work' may spend" in stopped["message"]
    assert "budget: work" in priced.run("doctor").stdout
    free = priced.json("connections", "budget", "work", "--unlimited", "--period", "never")
    assert (free["budget_limit"], free["budget_reset_period"]) == (None, None)
    assert priced.json("run", "Topic", "--project", "Mails", "--fresh")["status"] == "Completed"


@pytest.mark.slow
def test_the_environments_connection_has_the_budget_of_the_environment(
    terminal: Terminal, mails: list[int]
) -> None:
    assert (
        "no connection"
        in terminal.run("connections", "budget", "nowhere", "--limit", "1", code=1).stderr
    )
    both = ("connections", "budget", "work", "--limit", "1", "--unlimited")
    terminal.run(*both, code=2)
    environment = ("connections", "budget", "environment")
    refused = terminal.run(*environment, "--limit", "1", code=1).stderr
    assert "OPENAI_BUDGET" in refused
    shown = terminal.json(*environment, OPENAI_BUDGET="50 monthly")
    assert (shown["budget_limit"], shown["budget_reset_period"]) == (50, "Monthly")
    said = terminal.run("doctor", OPENAI_BUDGET="50 monthly", OPENAI_PRICE="1,2").stdout
    assert "$1 in, $2 out per million tokens (given by OPENAI_PRICE)" in " ".join(said.split())
    assert "Budget: $50 a month (OPENAI_BUDGET)" in " ".join(said.split())


@pytest.mark.slow
def test_several_answers_for_each_task_are_paid_and_scored(priced: Terminal) -> None:
    run = priced.json("run", "Topic", "--project", "Mails", "--samples", 3)
    assert run["samples"] == 3
    assert priced.model.stats()["calls"] == 12
    scores = {row["score"] for row in priced.rows("predictions")}
    assert scores == {1.0}  # the simulated model says the same each time


@pytest.mark.slow
def test_few_shot_examples_are_shown_and_said(priced: Terminal) -> None:
    made = priced.json("versions", "create", "Topic", "--text", "{text}!", "--few-shot", 2)
    assert made["max_few_shot_examples"] == 2
    run = priced.json("run", "Topic", "--project", "Mails")
    assert run["few_shot"]["pool_examples"] == 2
    assert "up to 2 few-shot" in priced.run("versions", "show", "Topic", "Version 3").stdout


@pytest.mark.slow
def test_a_teacher_refines_and_its_version_is_scored_on_held_out_tasks(priced: Terminal) -> None:
    priced.run("evaluate", "Topic", "--project", "Mails")
    refine = ("versions", "refine", "Topic", "--project", "Mails", "--teacher-model", "gpt-4o-mini")
    done = priced.json(*refine, "--connection", "work")
    assert done["prompt"].startswith("Which {text}?")
    assert done["held_out"] == 1
    assert done["cost"] > 0
    assert done["version"] is None
    made = priced.json(*refine, "--accept", "--title", "Better")["version"]
    assert (made["title"], made["model_provider_connection"]) == ("Better", 1)
    if made["refined_from"] is not None:  # the pupil may have been right where it was seen
        result = priced.run("evaluate", "Topic", "--project", "Mails")
        assert "no teacher model saw" in result.stderr
        every = priced.run("evaluate", "Topic", "--project", "Mails", "--all-ground-truth")
        assert "flatter" in every.stderr
    again = priced.run("evaluate", "Topic", "--project", "Mails", "--held-out")
    assert "of 1 tasks" in again.stdout


@pytest.mark.slow
def test_a_refinement_is_shown_with_its_diff(priced: Terminal) -> None:
    refine = ("versions", "refine", "Topic", "--project", "Mails", "--teacher-model", "gpt-4o-mini")
    result = priced.run(*refine)
    assert "+++ refined" in result.stdout
    assert "--accept makes a version" in result.stderr


@pytest.mark.slow
def test_prices_are_given_shown_and_forgotten(terminal: Terminal, mails: list[int]) -> None:
    told = terminal.run("estimate", "Topic", "--project", "Mails").stdout
    assert "connections price CONNECTION" in told
    given = terminal.json("connections", "price", "environment", "gpt-4o-mini=0,0")
    assert given["prices"] == {"gpt-4o-mini": [0, 0]}
    assert "$0" in terminal.run("connections", "price", "environment").stdout
    told = terminal.run("estimate", "Topic", "--project", "Mails").stdout
    assert "$0.0000" in told
    assert "(given for this connection)" in told
    run = terminal.json("run", "Topic", "--project", "Mails", "--budget", "1")
    assert run["status"] == "Completed"
    wrong = terminal.run("connections", "price", "environment", "gpt-4o-mini=cheap", code=2).stderr
    assert "is not a price" in wrong
    gone = terminal.json("connections", "price", "environment", "--remove", "gpt-4o-mini")
    assert gone["prices"] == {}


@pytest.mark.slow
def test_what_a_command_has_said_in_a_word_is_within_its_connections_budget(
    terminal: Terminal,
) -> None:
    terminal.run(
        *("connections", "add", "azure", "--provider", "AzureOpenAI", "--deployment", "gpt-4o"),
        *("--endpoint", f"{terminal.model.root}/azure", "--api-key-env", "K"),
        *("--price", "gpt-4o=1,2"),
        K="sk-azure",
    )
    ways = (
        ("connections", "test", "azure", "--quick"),
        ("connections", "test", "azure"),
        ("connections", "models", "azure", "--ask"),
        ("doctor",),
    )
    for way in ways:
        calls, before = terminal.model.stats()["calls"], spent(terminal)
        terminal.run(*way)
        assert terminal.model.stats()["calls"] > calls, way
        assert spent(terminal) > before, way
    terminal.run("connections", "budget", "azure", "--limit", "0.000001")
    stood = spent(terminal)
    calls = terminal.model.stats()["calls"]
    for way in ways:
        said = terminal.run(*way, code=1)
        assert "may spend $1e-06" in said.stdout + said.stderr, way
    assert (spent(terminal), terminal.model.stats()["calls"]) == (stood, calls)


def spent(terminal: Terminal) -> float:
    """What the one connection has spent."""
    (_, row) = terminal.json("connections", "list")
    return float(row["budget_total_spent"] or 0.0)
