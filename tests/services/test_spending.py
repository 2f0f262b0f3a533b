"""Budgets of connections: nothing that is asked of one crosses its limit."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_backend.errors import BudgetReached, InvalidInput, ModelError
from ml_backend.llm import Request
from ml_backend.records import (
    Connection,
    FailureKind,
    Prompt,
    PromptVersion,
    RunStatus,
    Subset,
    Task,
    Usage,
)
from ml_backend.services.models.spending import (
    BudgetPeriod,
    ConnectionBudget,
    period_start,
    spending_of,
)
from ml_backend.services.serving.prompt_sources import Address
from ml_backend.store import Spent
from support.house import House
from support.models import adopt

PRICE = [1.0, 10.0]
# The most a call of these can cost: its bytes, and 4,096 completion tokens where no fewer are sent.
WORST = 4096 * 10 / 1e6
# What an answer to the config of these tests is bounded by.
BOUNDED = 64 * 10 / 1e6


class Paid:
    """A house with a connection that has prices and a budget."""

    def __init__(self, house: House, **budget: Any) -> None:
        self.house = house
        self.store = house.container.store
        self.connection: Connection = self.store.connections.create(
            title="work", provider="Custom", api_key="", endpoint="http://model.invalid/v1",
            default_model="scripted", prices={"scripted": PRICE}, **budget,
        )  # fmt: skip
        house.model.usage = Usage(100, 1000)  # one cent and a bit
        self.project, self.tasks = house.project(30)

    def serve(self) -> None:
        adopt(
            self.house.container.models,
            self.store.connections.get(self.connection.id or 0),
            self.house.model,
        )

    def prompt(self, title: str = "P") -> tuple[Prompt, PromptVersion]:
        self.serve()
        prompts, studio = self.house.container.prompts, self.house.container.studio
        prompt = prompts.create(title, project=studio.get_project(self.project))
        text = f"{title} {{text}}"
        return prompt, prompts.create_version(prompt, text=text, connection="work")

    def spent(self) -> float:
        found = spending_of(self.store, self.store.connections.get(self.connection.id or 0))
        return found.cost or 0.0


@pytest.mark.slow
def test_a_run_stops_before_it_crosses_the_budget_of_its_connection(house: House) -> None:
    paid = Paid(house, budget_limit=0.2)
    prompt, version = paid.prompt()
    ended = house.run(prompt, version, paid.project)
    assert ended.status is RunStatus.FAILED
    assert "'work'" in ended.message
    assert "$0.2" in ended.message
    assert 0.2 - WORST - 0.03 < paid.spent() <= 0.2
    assert ended.totals.cost == pytest.approx(paid.spent())
    # Whatever is asked of the connection next is refused as well.
    other, others = paid.prompt("Q")
    refused = house.run(other, others, paid.project)
    assert (refused.status, refused.totals.succeeded) == (RunStatus.FAILED, 0)
    answered = len(house.model.asked)
    with pytest.raises(BudgetReached):
        house.container.backend.predict(
            paid.project, Address(prompt=other.id), [Task(paid.tasks[0], {"text": "text 0"})]
        )
    assert len(house.model.asked) == answered
    assert paid.spent() <= 0.2


@pytest.mark.slow
def test_a_higher_budget_lets_a_run_go_on(house: House) -> None:
    paid = Paid(house, budget_limit=0.1)
    prompt, version = paid.prompt()
    stopped = house.run(prompt, version, paid.project)
    paid.store.connections.update(paid.connection.id or 0, budget_limit=50.0)
    paid.serve()
    house.container.runs.resume(stopped)
    ended = house.container.executor.execute(stopped.id)
    assert ended is not None
    assert (ended.status, ended.totals.succeeded) == (RunStatus.COMPLETED, 30)


@pytest.mark.slow
def test_runs_at_the_same_time_share_the_budget(house: House) -> None:
    paid = Paid(house)
    purse = ConnectionBudget(paid.store, paid.connection)
    paid.store.connections.update(paid.connection.id or 0, budget_limit=1.0)
    made = 0

    async def ask(cost: float) -> None:
        nonlocal made
        while True:
            try:
                hold = await purse.take(0.1)
            except BudgetReached:
                return
            assert hold.is_held
            await asyncio.sleep(0)
            made += 1
            purse.settle(hold, cost, Spent(calls=1))
            assert purse.spent <= 1.0 + 1e-9

    async def scenario() -> None:
        await asyncio.gather(*(ask(0.03 + 0.01 * n) for n in range(8)))

    asyncio.run(asyncio.wait_for(scenario(), 30))
    purse.flush()
    assert 0.9 <= paid.spent() <= 1.0 + 1e-9
    assert made > 10


def test_what_another_process_wrote_down_counts(house: House) -> None:
    paid = Paid(house, budget_limit=1.0)
    mine, theirs = (
        ConnectionBudget(paid.store, paid.connection),
        ConnectionBudget(paid.store, paid.connection),
    )

    async def scenario() -> None:
        theirs.settle(await theirs.take(0.5), 0.95, Spent(calls=1))
        theirs.flush()
        with pytest.raises(BudgetReached):
            await mine.take(0.1)

    asyncio.run(scenario())


def test_a_connection_with_a_budget_needs_a_known_price(house: House) -> None:
    paid = Paid(house, budget_limit=5.0)
    paid.store.connections.update(paid.connection.id or 0, prices={})
    prompt, version = paid.prompt()
    with pytest.raises(InvalidInput, match="price is unknown") as caught:
        house.start(prompt, version, paid.project)
    assert caught.value.field == "budget"


@pytest.mark.parametrize(
    ("period", "start"),
    [
        (BudgetPeriod.NEVER, None),
        (BudgetPeriod.MONTHLY, date(2027, 2, 1)),
        (BudgetPeriod.YEARLY, date(2027, 1, 1)),
    ],
)
def test_a_period_begins_with_its_month_or_year(period: BudgetPeriod, start: date | None) -> None:
    assert period_start(period, date(2027, 2, 17)) == start


@pytest.mark.slow
def test_a_new_period_begins_with_nothing_spent(house: House) -> None:
    paid = Paid(house, budget_limit=1.0, budget_period="Monthly")
    before = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    paid.store.spendings.add(paid.connection.id or 0, before.isoformat(), Spent(cost=5.0))
    assert paid.spent() == 0.0
    prompt, version = paid.prompt()
    assert house.run(prompt, version, paid.project).totals.succeeded == 30
    paid.store.connections.update(paid.connection.id or 0, budget_period="")
    assert paid.spent() > 5.0


@pytest.mark.slow
def test_the_alert_is_logged_once_and_the_run_goes_on(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    paid = Paid(house, details={"budget_alert_threshold": 0.05})
    prompt, version = paid.prompt()
    with caplog.at_level(logging.WARNING):
        ended = house.run(prompt, version, paid.project)
    assert ended.status is RunStatus.COMPLETED
    said = [each for each in caplog.messages if "alert threshold of $0.05" in each]
    assert len(said) == 1


@pytest.mark.parametrize(
    ("kind", "costs"),
    [(FailureKind.RATE_LIMIT, 0.0), (FailureKind.TIMEOUT, BOUNDED)],
)
@pytest.mark.slow
def test_a_failed_call_counts_where_it_may_have_been_charged(
    house: House, kind: FailureKind, costs: float
) -> None:
    paid = Paid(house, budget_limit=50.0)
    prompt, version = paid.prompt()

    def fail(request: Request) -> str:
        raise ModelError("no", kind=kind)

    house.model.answer = fail
    house.run(prompt, version, paid.project, subset=Subset.SAMPLE, sample_size=1)
    assert costs <= paid.spent() <= 2 * costs + 0.002


@pytest.mark.slow
def test_what_is_spent_without_a_price_is_unknown(house: House) -> None:
    paid = Paid(house)
    paid.store.connections.update(paid.connection.id or 0, prices={})
    prompt, version = paid.prompt()
    house.run(prompt, version, paid.project)
    found = spending_of(paid.store, paid.connection)
    assert (found.cost, found.spent and found.spent.unpriced) == (None, 30)


@pytest.mark.slow
def test_the_cap_on_answers_is_the_versions_own_where_it_has_one(house: House) -> None:
    paid = Paid(house, budget_limit=0.05)
    paid.serve()
    prompts, studio = house.container.prompts, house.container.studio
    prompt = prompts.create("P", project=studio.get_project(paid.project))
    version = prompts.create_version(
        prompt, text="{text}", connection="work", parameters={"max_tokens": 20_000}
    )
    ended = house.run(prompt, version, paid.project)
    assert (ended.status, house.model.asked) == (RunStatus.FAILED, [])


@pytest.mark.slow
def test_earlier_runs_count_after_the_migration(tmp_path: Path) -> None:
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    from ml_backend.store.database import MIGRATIONS

    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config(attributes={"engine": engine})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, "0003")
    with engine.begin() as c:
        now = "2026-11-02 10:00:00.000000"
        c.exec_driver_sql(
            "INSERT INTO prompts (id, title, description, created_at, updated_at) "
            f"VALUES (1, 'P', '', '{now}', '{now}')"
        )
        c.exec_driver_sql(
            "INSERT INTO versions (id, prompt_id, title, text, provider, model, connection_id, "
            "max_few_shot_examples, parameters, created_at, updated_at) VALUES "
            f"(1, 1, 'V', 't', 'Custom', 'm', 7, 0, '{{}}', '{now}', '{now}')"
        )
        for run, cost in ((1, 0.5), (2, 0.25)):
            c.exec_driver_sql(
                "INSERT INTO runs (id, prompt_id, version_id, project_id, label, slot, subset, "
                "status, stage, snapshot, options, total, succeeded, failed, cached, "
                "prompt_tokens, completion_tokens, cost, failures, message, plan, metrics, "
                f"cancel_requested, fence, lease_until, created_at) VALUES ({run}, 1, 1, 1, 'l', "
                "'all', 'All', 'Completed', 'done', '{}', '{}', 1, 1, 0, 0, 10, 2, "
                f"{cost}, '{{}}', '', '{{}}', '{{}}', 0, 1, 0.0, '{now}')"
            )
    command.upgrade(config, "head")
    with engine.connect() as c:
        rows = c.exec_driver_sql("SELECT connection_id, day, cost FROM spendings").all()
    engine.dispose()
    assert rows == [(7, "2026-11-02", 0.75)]
