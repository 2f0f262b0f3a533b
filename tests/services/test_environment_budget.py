"""OPENAI_BUDGET limits what the environment's connection spends; doctor says it, and the price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_backend.cli.next_steps import for_command_line
from ml_backend.errors import InvalidInput
from ml_backend.records import Connection, ProviderName, RunStatus
from ml_backend.services.health.price_said import say_budget, say_price
from ml_backend.settings import Settings
from support.house import House

OLLAMA = {"OPENAI_BASE_URL": "http://localhost:11434/v1", "OPENAI_MODEL": "llama3.2"}


def test_a_budget_is_dollars_and_how_often_they_begin_anew() -> None:
    table = {
        "50": (50.0, ""),
        "$12.50": (12.5, ""),
        " 50 monthly ": (50.0, "Monthly"),
        "50/month": (50.0, "Monthly"),
        "500 Yearly": (500.0, "Yearly"),
        "500 / year": (500.0, "Yearly"),
        "0": (0.0, ""),
    }
    for text, told in table.items():
        for env in (OLLAMA, {"OPENAI_API_KEY": "k"}):
            found = Settings.from_env({**env, "OPENAI_BUDGET": text}).default_connection()
            assert (found.budget_limit, found.budget_period) == told, text
    assert Settings.from_env(OLLAMA).default_connection().budget_limit is None


def test_what_is_no_budget_is_refused_in_words() -> None:
    # "5monthly" and "1,000" have two readings or more than one shape: a limit is never guessed.
    for text in ("much", "-5", "5 weekly", "1,000", "1.2.3", "nan", "inf", "5monthly", "50 a day"):
        with pytest.raises(InvalidInput) as refused:
            Settings.from_env({**OLLAMA, "OPENAI_BUDGET": text})
        assert refused.value.message == f"OPENAI_BUDGET={text!r} is not a budget."
        assert "OPENAI_BUDGET=50" in str(refused.value.fix)


@pytest.mark.slow
def test_a_run_stops_at_it_and_the_offline_baseline_is_not_held_by_it(house: House) -> None:
    models = house.container.models
    models.default = replace(
        models.default, prices={"*": (1.0, 10.0)}, budget_limit=0.000001, budget_period="Monthly"
    )
    baseline = Connection(None, "offline baseline", ProviderName.BASELINE)
    assert models.purse(baseline).limit is None  # whichever is asked first
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    ended = house.run(prompt, version, project)
    assert (ended.status, house.model.asked) == (RunStatus.FAILED, [])
    assert "may spend $1e-06" in ended.message
    assert "OPENAI_BUDGET" in for_command_line(ended.message)


def test_the_price_in_force_and_its_source_are_said() -> None:
    def said(**env: str) -> tuple[str, str]:
        connection = Settings.from_env(env).default_connection()
        message, mend = say_price(connection)
        return f"{message} {say_budget(connection)}".strip(), mend

    given = said(**OLLAMA, OPENAI_PRICE="0.25,2", OPENAI_BUDGET="50 monthly")
    assert given == (
        "Price of llama3.2: $0.25 in, $2 out per million tokens (given by OPENAI_PRICE). "
        "Budget: $50 a month (OPENAI_BUDGET).",
        "",
    )
    assert said(**OLLAMA, OPENAI_PRICE="0")[0] == "Price of llama3.2: $0 (given by OPENAI_PRICE)."
    table, _ = said(OPENAI_API_KEY="k", OPENAI_MODEL="gpt-4o-mini")
    assert "$0.15 in, $0.6 out per million tokens (genai-prices" in table
    unknown, mend = said(**OLLAMA)
    assert unknown.startswith("The price of llama3.2 is unknown")
    assert mend
    assert said() == ("", "")
    own = Connection(1, "work", ProviderName.CUSTOM, default_model="a", prices={"b": [1, 2]})
    assert say_price(own)[0].startswith("The price of a is unknown")
    own = replace(own, prices={"a": [1, 2], "b": [0, 0]}, budget_limit=5.0)
    assert say_price(own)[0] == (
        "Price of a: $1 in, $2 out per million tokens (given for this connection); "
        "of b: $0 (given for this connection)."
    )
    assert say_budget(own) == "Budget: $5."
