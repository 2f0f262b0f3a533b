from __future__ import annotations

import asyncio

import pytest

from ml_backend.errors import BudgetReached, InvalidInput
from ml_backend.records import Connection, ProviderName, RunStatus, Usage
from ml_backend.services.models.budgets import Budget, cost_of, price_of
from ml_backend.store import Spent
from support.house import House, ScriptedModel
from support.models import adopt

PRICED = Connection(None, "c", ProviderName.CUSTOM, default_model="m", prices={"m": (1.0, 10.0)})


def test_cost_is_measured_tokens_times_the_connections_price() -> None:
    price = price_of(PRICED, "m")
    assert cost_of(price, Usage(1_000_000, 100_000)) == pytest.approx(2.0)


@pytest.mark.slow
def test_an_unknown_price_stays_unknown() -> None:
    price = price_of(PRICED, "another model nobody sells")
    assert price is None
    assert cost_of(price, Usage(10, 10)) is None
    with pytest.raises(InvalidInput) as caught:
        Budget.require(1.0, price, 0.0)
    assert caught.value.field == "budget"


def test_the_baseline_is_free_and_says_why() -> None:
    price = price_of(Connection(None, "b", ProviderName.BASELINE), "x")
    assert price is not None
    assert cost_of(price, Usage(5, 5)) == 0.0
    assert "baseline" in price.source


def test_a_call_waits_for_those_in_flight_and_is_refused_only_when_alone() -> None:
    async def scenario() -> None:
        budget = Budget(0.1, 0.0)
        first = await budget.take(0.04)
        # That one may pass its limit of tokens: beside it there is no room for another.
        second = asyncio.ensure_future(budget.take(0.04))
        await asyncio.sleep(0.01)
        assert not second.done()
        budget.settle(first, 0.001, Spent(calls=1))
        held = await asyncio.wait_for(second, 60)
        third = asyncio.ensure_future(budget.take(0.04))
        budget.settle(held, 0.07, Spent(calls=1))
        with pytest.raises(BudgetReached, match=r"0\.1"):
            await asyncio.wait_for(third, 60)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("spent", "message"),
    [(0.0, "less than a single call could cost: \\$0.04"), (0.005, "is used up: \\$0.0050 spent")],
)
def test_budget_that_allows_no_call_says_whether_it_ever_did(spent: float, message: str) -> None:
    with pytest.raises(BudgetReached, match=message):
        asyncio.run(Budget(0.01, spent).take(0.04))


def test_a_failed_call_counts_as_its_worst_case() -> None:
    async def scenario() -> None:
        budget = Budget(0.06, 0.0)
        budget.settle(await budget.take(0.04), None, Spent(calls=1))
        with pytest.raises(BudgetReached):
            await budget.take(0.04)

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_run_stops_before_its_budget_is_crossed(house: House) -> None:
    connection = house.container.store.connections.create(
        title="priced",
        api_key="",
        provider="Custom",
        endpoint="http://model.invalid/v1",
        default_model="m",
        prices={"m": [1000.0, 10.0]},
    )
    model = ScriptedModel(usage=Usage(300, 2))
    adopt(house.container.models, connection, model)
    project, _ = house.project(60)
    prompt, _ = house.prompt(project)
    version = house.container.prompts.create_version(
        prompt, text="Label {text}", connection="priced"
    )
    run = house.run(prompt, version, project, budget=5.0)
    assert run.status is RunStatus.FAILED
    assert "budget" in run.message
    assert run.totals.cost is not None
    assert 0 < run.totals.cost <= 5.0
    assert 0 < run.totals.succeeded < 60
    assert sum(v.total() for v in house.held(project).values()) == run.totals.succeeded
