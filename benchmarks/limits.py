"""Dollars spent against each kind of limit, by several processes on one database.

``python -m benchmarks.limits`` prints a table. Each process asks as runs do, through the guard of
a budget, as fast as it may until it is refused; the provider is simulated and charges what it
answers: one keeps its limit of tokens, one passes it always, one now and then.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from ml_backend.errors import BudgetReached
from ml_backend.llm.prices import Price
from ml_backend.records import Connection, ProviderName, Usage
from ml_backend.services.models.budgets import Budget, BudgetGuard
from ml_backend.services.models.spending import ConnectionBudget
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher

LIMIT = 0.20
PRICE = Price(1.0, 10.0, "the benchmark's own")
KINDS = ("connection, in all", "connection, monthly", "OPENAI_BUDGET", "a run's own")
PROVIDERS = ("keeps its limit", "passes it always", "passes it now and then")
PROCESSES = (1, 2, 4)
AT_ONCE = 16
CAP = 300
MESSAGES = [{"role": "user", "content": "a task of some words " * 20}]
SECRET = "benchmark " * 4
LATENCY = 0.01


def tokens(provider: str, chance: random.Random) -> int:
    """Return how many tokens an answer has; 300 are allowed."""
    if provider == PROVIDERS[1]:
        return 1500
    if provider == PROVIDERS[2] and chance.random() < 0.1:
        return 6000
    return CAP if chance.random() < 0.1 else chance.randint(10, 80)


def guard_of(store: Store, kind: str) -> BudgetGuard:
    """Return what keeps a process within a limit."""
    bound = Connection(None, "environment", ProviderName.CUSTOM, budget_limit=LIMIT)
    own = None
    if kind != "OPENAI_BUDGET":
        bound = store.connections.all()[0]
    if kind == "a run's own":
        own = Budget(LIMIT, 0.0, store=store, run_id=1)
    purse = ConnectionBudget(store, bound)
    purse.flush()
    return BudgetGuard.require(purse, PRICE, parameters={}, budget=own)


async def ask(guard: BudgetGuard, provider: str, chance: random.Random) -> list[float]:
    """Ask until refused; return what each call cost."""
    costs: list[float] = []

    async def one_after_another() -> None:
        while True:
            try:
                held = await guard.reserve(MESSAGES, {}, 0, CAP)
            except BudgetReached:
                return
            usage = Usage(120, tokens(provider, chance))
            costs.append(PRICE.cost(usage))
            await asyncio.sleep(LATENCY)
            guard.settle(held, PRICE.cost(usage), usage)

    async def write_down() -> None:
        while True:
            await asyncio.sleep(0.05)
            await asyncio.to_thread(guard.flush)

    writing = asyncio.create_task(write_down())
    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    writing.cancel()
    await asyncio.to_thread(guard.flush, at_once=True)
    return costs


def work(url: str, kind: str, provider: str, number: int, told: Any) -> None:
    """Be one process."""
    store = Store(url, SecretCipher(SECRET))
    told.put(asyncio.run(ask(guard_of(store, kind), provider, random.Random(number))))  # nosec B311  # made-up rows
    store.close()


def measure(kind: str, provider: str, processes: int) -> dict[str, Any]:
    """Return what all processes have spent together."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'prompts.db'}"
        store = Store(url, SecretCipher(SECRET))
        limited = kind.startswith("connection")
        store.connections.create(
            title="work",
            provider="Custom",
            api_key="",
            endpoint="http://model.invalid/v1",
            budget_limit=LIMIT if limited else None,
            budget_period="Monthly" if kind.endswith("monthly") else "",
        )
        context = multiprocessing.get_context("spawn")
        told = context.Queue()
        began = time.monotonic()
        children = [
            context.Process(target=work, args=(url, kind, provider, number, told))
            for number in range(processes)
        ]
        for child in children:
            child.start()
        costs = [cost for _ in children for cost in told.get(timeout=300)]
        for child in children:
            child.join()
        store.close()
    return {
        "limit": kind,
        "provider": provider,
        "processes": processes,
        "calls": len(costs),
        "spent": round(sum(costs), 4),
        "dearest_call": round(max(costs, default=0.0), 4),
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> int:
    """Print a row a case; 1 where a limit was crossed by more than is said."""
    crossed = 0
    print(f"limit ${LIMIT:.2f}; a provider that passes its limit may cross it by a call a process")
    for kind in KINDS:
        for provider in PROVIDERS:
            for processes in PROCESSES:
                found = measure(kind, provider, processes)
                extra = 0.0 if provider == PROVIDERS[0] else processes * found["dearest_call"]
                found["holds"] = found["spent"] <= LIMIT + extra + 1e-9
                crossed += not found["holds"]
                print(json.dumps(found), flush=True)
    return min(crossed, 1)


if __name__ == "__main__":
    raise SystemExit(main())
