"""Limits hold across processes: blocks are set aside in the store, and given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from ml_backend.cli.next_steps import for_command_line
from ml_backend.errors import BudgetReached
from ml_backend.llm.prices import Price, find_price
from ml_backend.records import Connection, JobKind, Person, ProviderName, RunStatus, Usage
from ml_backend.services.models import allowance
from ml_backend.services.models.allowance import Allowance
from ml_backend.services.models.budgets import Budget, BudgetGuard
from ml_backend.services.models.paid_calls import PaidCalls
from ml_backend.services.models.spending import ConnectionBudget, spending_of
from ml_backend.store import Account, Claim, Spent, Store, allowances
from ml_backend.store.allowances import RACE
from support.house import CONFIG, House

PRICE = Price(1.0, 10.0, "a test")
LIMIT = 0.2
MESSAGES = [{"role": "user", "content": "x" * 400}]
CAP = 300
"""Completion tokens a call may answer with: $0.003."""

Tokens = Callable[[int], int]


def keeps(call: int) -> int:
    """A provider that keeps its limit, and reaches it now and then."""
    return CAP if call % 7 == 0 else 20 + call % 50


def passes(call: int) -> int:
    """One that answers past its limit, always."""
    return 7 * CAP


def turns(call: int) -> int:
    """One that keeps its limit until it does not."""
    return 40 * CAP if call % 9 == 8 else 30


class Provider:
    """What was really asked and charged, by whichever process."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.calls = 0
        self.dollars = 0.0
        self.dearest = 0.0

    async def answer(self) -> Usage:
        usage = Usage(100, self.tokens(self.calls))
        self.calls += 1
        cost = PRICE.cost(usage)
        self.dollars += cost
        self.dearest = max(self.dearest, cost)
        await asyncio.sleep(0.001)
        return usage


async def spend(guard: BudgetGuard, provider: Provider) -> None:
    while True:
        try:
            held = await guard.reserve(MESSAGES, {}, 0, CAP)
        except BudgetReached:
            await asyncio.to_thread(guard.flush, at_once=True)
            return
        usage = await provider.answer()
        guard.settle(held, PRICE.cost(usage), usage)


async def write_down(guard: BudgetGuard) -> None:
    """Flush as a run does with its answers, at any moment."""
    while True:
        await asyncio.sleep(0.004)
        await asyncio.to_thread(guard.flush)


def connection(store: Store, **budget: Any) -> Connection:
    return store.connections.create(
        title=f"work {len(store.connections.all())}",
        provider="Custom",
        api_key="",
        endpoint="http://model.invalid/v1",
        default_model="m",
        prices={"m": [1.0, 10.0]},
        **budget,
    )


def guards_of(store: Store, kind: str, processes: int) -> list[BudgetGuard]:
    """Return a guard a process, all under one limit."""
    budget: dict[str, Any] = {"budget_limit": LIMIT}
    if kind == "environment":
        bound = Connection(None, "environment", ProviderName.CUSTOM, **budget)
    elif kind == "run":
        bound = connection(store)
    else:
        bound = connection(store, budget_period="Monthly" if kind == "monthly" else "", **budget)
    found = []
    for _ in range(processes):
        own = Budget(LIMIT, 0.0, store=store, run_id=7) if kind == "run" else None
        purse = ConnectionBudget(store, bound)
        purse.flush()
        found.append(BudgetGuard.require(purse, PRICE, parameters={}, budget=own))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["total", "monthly", "environment", "run"])
def test_no_limit_is_crossed_by_several_processes(house: House, kind: str) -> None:
    wrong = []
    for processes, provider in ((1, keeps), (4, keeps), (4, passes), (2, turns)):
        told = Provider(provider)
        store = house.container.store
        with store.database.write() as c:
            for table in ("spendings", "allowances"):
                c.exec_driver_sql(f"DELETE FROM {table}")

        async def scenario(guards: list[BudgetGuard], told: Provider = told) -> None:
            writing = [asyncio.create_task(write_down(each)) for each in guards]
            await asyncio.gather(*(spend(each, told) for each in guards for _ in range(6)))
            for each in writing:
                each.cancel()

        asyncio.run(asyncio.wait_for(scenario(guards_of(store, kind, processes)), 60))
        extra = 0.0 if provider is keeps else processes * told.dearest
        if not 0.7 * LIMIT < told.dollars <= LIMIT + extra + 1e-9:
            wrong.append((processes, provider.__name__, told.dollars, told.dearest))
    assert wrong == []


def test_a_block_is_a_tenth_of_what_is_left_and_never_less_than_a_call(house: House) -> None:
    store = house.container.store.allowances
    account = Account("run:1")

    def claim(holder: str, want: float, call: float = 0.0) -> float:
        wanted = Claim(holder, want=want, least=call, call=call, out=want, has_block=True)
        return store.claim(account, 1.0, "", wanted).held

    assert claim("a", 0.6) == pytest.approx(0.1)
    assert claim("b", 0.6) == pytest.approx(0.09)  # of what the other left
    assert claim("c", 0.02) == pytest.approx(0.02)
    assert claim("d", 0.6, call=0.3) == pytest.approx(0.3)
    assert claim("e", 0.6, call=0.6) == 0.0  # there is not so much, and less is of no use
    assert claim("a", 0.0) == 0.0  # given back


def test_a_dead_process_block_is_given_back_but_for_what_it_had_let_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = house.container.store
    account = Account("connection:9", 9)
    day = "2026-11-30"
    store.allowances.claim(account, 1.0, day, Claim("dead", out=0.03, want=0.08))
    living = Claim("living", out=0.01, want=0.01)
    before = store.allowances.claim(account, 1.0, day, living)
    assert before.others == pytest.approx(0.08)
    with store.database.write() as c:
        c.exec_driver_sql("UPDATE allowances SET lease_until = 1 WHERE holder = 'dead'")
    after = store.allowances.claim(account, 1.0, day, living)
    assert after.others == 0.0
    # Nobody heard what its calls cost: they may have been answered.
    assert after.spent == Spent(cost=0.03, uncounted=1)
    # It was asleep, not dead: what it says now stands in the place of that.
    woken = Claim("dead", spent=Spent(cost=0.02, calls=2), before=0.03)
    assert store.allowances.claim(account, 1.0, day, woken).spent.cost == pytest.approx(0.02)


def test_a_block_is_never_more_than_what_is_left(house: House) -> None:
    """Its process may have slept while others spent it, or the limit was lowered meanwhile."""
    store = house.container.store.allowances
    account = Account("run:2")
    full = Claim("a", out=0.01, want=0.1)
    assert store.claim(account, 1.0, "", full).held == pytest.approx(0.1)
    going_on = replace(full, keep=0.1, has_block=True)
    assert store.claim(account, 0.06, "", going_on).held == pytest.approx(0.06), "lowered"
    store.open(account, 0.98)
    assert store.claim(account, 1.0, "", going_on).held == pytest.approx(0.02), "spent by others"
    store.open(account, 1.5)
    assert store.claim(account, 1.0, "", going_on).held == 0.0


def test_nobody_waits_for_a_block_that_a_wrong_clock_wrote(house: House) -> None:
    store = house.container.store
    account = Account("run:3")
    store.allowances.claim(account, 1.0, "", Claim("years ahead", out=0.03, want=0.08))
    with store.database.write() as c:
        c.exec_driver_sql("UPDATE allowances SET lease_until = 4e9 WHERE holder = 'years ahead'")
    assert store.allowances.look(account, "b").others == 0.0
    stands = store.allowances.claim(account, 1.0, "", Claim("b", out=0.01, want=0.01))
    assert (stands.others, stands.spent) == (0.0, Spent(cost=0.03))


def test_what_was_spent_is_written_after_an_error_that_is_not_the_databases(house: House) -> None:
    budget = Budget(1.0, 0.0, store=house.container.store, run_id=8)
    asyncio.run(budget.take(0.1))
    write, budget._book = budget._book, Mock(side_effect=KeyError)
    budget.settle(allowance.NOTHING, 0.25, Spent(calls=1))
    with pytest.raises(KeyError):
        budget.flush()
    budget._book = write
    budget.flush()
    stands = house.container.store.allowances.look(Account("run:8"), "somebody")
    assert stands.spent == Spent(cost=0.25)


@pytest.mark.slow
def test_an_idle_block_goes_back_and_calls_cost_no_write_each(house: House) -> None:
    claims: list[Claim] = []
    store = house.container.store

    class Watched(Budget):
        def _write(self, claim: Claim) -> Any:
            claims.append(claim)
            return super()._write(claim)

    async def scenario() -> None:
        budget = Watched(50.0, 0.0, store=store, run_id=3)
        for _ in range(200):
            hold = await budget.take(0.004, budget.size)
            budget.settle(hold, 0.0005, Spent(calls=1))
        await asyncio.to_thread(budget.flush)

    asyncio.run(scenario())
    assert len(claims) < 40
    stands = store.allowances.look(Account("run:3"), "somebody")
    assert (stands.holders, stands.others) == (0, 0.0)
    assert stands.spent is not None
    assert stands.spent.cost == pytest.approx(0.1)


def test_a_run_that_goes_on_counts_what_a_killed_process_had_spent(house: House) -> None:
    store = house.container.store
    killed = Budget(0.5, 0.1, store=store, run_id=5)

    async def ask() -> None:
        killed.settle(await killed.take(0.3), 0.3, Spent(calls=1))

    asyncio.run(ask())
    killed.flush()  # written, while the outcome itself was lost
    again = Budget(0.5, 0.1, store=store, run_id=5)
    with pytest.raises(BudgetReached, match=r"\$0\.4000 spent"):
        asyncio.run(again.take(0.2))


def test_accounts_of_runs_go_once_they_are_long_over(house: House) -> None:
    store = house.container.store
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    over, recent = (house.run(prompt, version, project).id for _ in range(2))
    going = house.start(prompt, version, project).id
    with store.database.write() as c:
        long_ago = sa.text("UPDATE runs SET completed_at = '2020-01-01 00:00:00' WHERE id = :id")
        c.execute(long_ago, {"id": over})
    for name in (over, recent, going, 98765):
        store.allowances.open(Account(f"run:{name}"), 0.1)
    other = [Account("calls:7:2020-01-01"), Account("environment")]
    for each in other:
        store.allowances.claim(each, 1.0, "", Claim("a", out=0.01, want=0.01))
    assert store.allowances.forget_done(30) == 2

    def stands(name: int) -> bool:
        return store.allowances.look(Account(f"run:{name}"), "b").spent is not None

    assert [stands(each) for each in (over, recent, going, 98765)] == [False, True, True, False]
    assert all(store.allowances.look(each, "b").holders == 1 for each in other)
    assert store.allowances.forget_done(30) == 0


def test_accounts_of_races_go_once_they_are_long_over_too(house: House) -> None:
    store = house.container.store
    over, recent, going = (
        store.jobs.create(JobKind.RACE, {}, created_by=None, seconds=60)[0].id for _ in range(3)
    )
    for each in (over, recent):
        store.jobs.finish(each, 1, RunStatus.COMPLETED, message="", result={})
    with store.database.write() as c:
        long_ago = sa.text("UPDATE jobs SET completed_at = '2020-01-01 00:00:00' WHERE id = :id")
        c.execute(long_ago, {"id": over})
    for name in (over, recent, going, 98765):
        budget = Budget(1.0, 0.1, store=store, account=Account(f"{RACE}{name}"))
        assert budget.limit is None  # not asked yet
    assert store.allowances.forget_done(30) == 2

    def stands(name: int) -> bool:
        return store.allowances.look(Account(f"race:{name}"), "b").spent is not None

    assert [stands(each) for each in (over, recent, going, 98765)] == [False, True, True, False]


def test_a_call_waits_for_what_another_process_holds(house: House) -> None:
    first, second = (Budget(0.1, 0.0, store=house.container.store, run_id=4) for _ in range(2))

    async def scenario() -> None:
        held = await first.take(0.08)
        waiting = asyncio.ensure_future(second.take(0.08))
        await asyncio.sleep(0.05)
        assert not waiting.done()  # refused it would be, were the budget used up
        first.settle(held, 0.001, Spent(calls=1))
        await asyncio.to_thread(first.flush)
        assert (await asyncio.wait_for(waiting, 30)).is_held

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_provider_that_says_nothing_of_its_usage_is_not_free(house: House) -> None:
    house.model.usage = Usage(uncounted=1)
    models = house.container.models
    models.default = replace(models.default, prices={"*": (1.0, 10.0)})
    project, _ = house.project(3)
    prompt, version = house.prompt(project)
    ended = house.run(prompt, version, project)
    assert ended.status is RunStatus.COMPLETED
    assert ended.totals.usage.uncounted == 3
    assert ended.totals.cost is not None
    # Of each the bytes sent, and all the tokens its answer might have had.
    assert ended.totals.cost > 3 * 60 * 10 / 1e6
    assert "The cost is an estimate: of 3 calls" in ended.message
    found = spending_of(house.container.store, models.default)
    assert found.cost == pytest.approx(ended.totals.cost)
    assert found.warning.startswith("What was spent is an estimate")


@pytest.mark.slow
def test_a_free_model_stays_free_whatever_it_says(house: House) -> None:
    house.model.usage = Usage(uncounted=1)
    models = house.container.models
    models.default = replace(models.default, prices={"*": (0.0, 0.0)})
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    ended = house.run(prompt, version, project)
    assert (ended.totals.cost, ended.message) == (0.0, "")


def test_hostile_prices_are_no_prices() -> None:
    nan, inf = float("nan"), float("inf")
    for pair in ([nan, 1.0], [1.0, inf], [-1.0, 1.0], ["1", 2], [True, 1], [1.0], [1e9, 0.0], []):
        bound = Connection(3, "c", ProviderName.CUSTOM, endpoint="http://m", prices={"m": pair})
        assert find_price(bound, "m") is None, pair


def calls_of(store: Store, limit: int, person: Person) -> Allowance:
    paid = Connection(3, "c", ProviderName.CUSTOM)
    found = PaidCalls(store, limit).of(person, paid, PRICE)
    assert found is not None
    return found


@pytest.mark.slow
def test_each_person_has_so_many_paid_calls_a_day_whatever_process_makes_them(
    house: House,
) -> None:
    store = house.container.store
    ada, bob = Person(1, "ada@example.org"), Person(2, "bob@example.org")
    made = 0

    async def ask(calls: Allowance) -> str:
        nonlocal made
        while True:
            try:
                hold = await calls.take(1.0)
            except BudgetReached as reached:
                return str(reached)
            made += 1
            await asyncio.sleep(0)
            calls.settle(hold, 1.0, Spent())

    async def scenario() -> list[str]:
        processes = [calls_of(store, 12, ada) for _ in range(3)]
        return await asyncio.gather(*(ask(each) for each in processes for _ in range(2)))

    said = asyncio.run(asyncio.wait_for(scenario(), 60))
    assert made == 12
    assert "ada@example.org may have 12 paid calls made in a day" in said[0]
    assert "PAID_CALLS_PER_USER" in for_command_line(said[0])
    assert asyncio.run(calls_of(store, 12, bob).take(1.0)).is_held  # another's are another's
    counted = PaidCalls(store, 12)
    assert counted.used_up() == 1
    local = Connection(1, "l", ProviderName.LOCAL)
    assert counted.of(ada, local, Price(0.0, 0.0, "")) is None  # nobody is paid
    assert counted.of(None, local, PRICE) is None  # by command
    assert PaidCalls(store, 0).of(ada, Connection(3, "c", ProviderName.CUSTOM), PRICE) is None


@pytest.mark.slow
def test_runs_and_what_label_studio_asks_count_for_a_person(house: House) -> None:
    models = house.container.models
    models.paid_calls.limit = 2
    models.default = replace(models.default, prices={"*": (1.0, 10.0)})
    project, _ = house.project(5)
    prompt, version = house.prompt(project)
    ada = Person(1, "ada@example.org")
    ended = house.run(prompt, version, project, created_by=ada)
    assert (ended.status, ended.totals.succeeded) == (RunStatus.FAILED, 2)
    assert "paid calls made in a day" in ended.message
    by_command = house.run(prompt, version, project, only_missing=True)
    assert by_command.totals.succeeded == 3


@pytest.mark.slow
def test_what_one_paid_in_a_project_is_nobodys_who_only_sees_another(house: House) -> None:
    texts = [{"data": {"text": "the very same"}}]
    mine, _ = house.fake.seed(CONFIG, texts)
    theirs, _ = house.fake.seed(CONFIG, texts)
    ada, bob = Person(1, "ada@example.org"), Person(2, "bob@example.org")
    prompt, version = house.prompt(mine, "Ada's")
    other, others = house.prompt(theirs, "Bob's")
    assert not house.run(prompt, version, mine, created_by=ada).totals.cached
    paid = len(house.model.asked)
    ended = house.run(other, others, theirs, created_by=bob)
    assert ended.totals.cached == 0
    assert len(house.model.asked) == paid + 1
    # In a project that both see it serves both.
    shared, shares = house.prompt(mine, "Bob's here")
    assert house.run(shared, shares, mine, created_by=bob).totals.cached == 1
    assert len(house.model.asked) == paid + 1


def test_a_lease_is_long_enough_for_a_write_and_short_enough_for_a_wait() -> None:
    from ml_backend.services.models.allowance import KEEP_EVERY

    assert 3 * KEEP_EVERY < allowances.LEASE_SECONDS <= 60
