"""Going through the results of one long run: how soon they are counted and a page is found.

Times drift with the machine; so they are also held against counting the run's rows by the
database alone, which no way of reading them can beat.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml_backend.records import (
    CallRecord,
    Failure,
    FailureKind,
    Outcome,
    Prediction,
    Problem,
    RunOptions,
    RunSnapshot,
    Usage,
)
from ml_backend.store import Chosen, JudgedOutcome, Place, ResultFilter, Store
from ml_backend.store.cipher import SecretCipher

CLASSES = ("Positive", "Neutral", "Negative")
ORDERS = ("task", "-task", "score", "mismatch")
PAGE = 51
REPEATS = 7
AT_ONCE = 5_000


def measure_results(count: int) -> dict[str, Any]:
    """Fill a database with a run of ``count`` outcomes and return what looking at it takes."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'prompts.db'}", SecretCipher("a secret"))
        try:
            tasks = range(1, count + 1)
            _, run_id = make_run(store, 1)
            began = time.perf_counter()
            fill(store, run_id, tasks)
            filled = time.perf_counter()
            judge(store, run_id, tasks)
            judged = time.perf_counter()
            return {
                "outcomes": count,
                "insert_s": filled - began,
                "judge_s": judged - filled,
                **_figures(store, run_id, count),
            }
        finally:
            store.close()


def make_run(store: Store, project_id: int) -> tuple[int, int]:
    """Make a prompt and a run of it; return the ids of both."""
    prompt = store.prompts.create("Bench", "", [project_id])
    version = store.prompts.create_version(
        prompt.id,
        title="v1",
        text="{text}",
        provider="Baseline",
        model="m",
        connection_id=None,
        max_few_shot_examples=0,
        parameters={},
    )
    run = store.runs.create(
        prompt_id=prompt.id,
        version_id=version.id,
        project_id=project_id,
        label="Bench__v1",
        slot="evaluate",
        subset="HasGT",
        snapshot=RunSnapshot.of(version, prompt.title),
        options=RunOptions(),
        total=0,
        cost=0.0,
    )
    return prompt.id, run.id


def fill(store: Store, run_id: int, tasks: Sequence[int]) -> None:
    """Give each task an outcome."""
    draw = random.Random(1)  # nosec B311  # made-up rows
    for start in range(0, len(tasks), AT_ONCE):
        part = tasks[start : start + AT_ONCE]
        store.outcomes.add(run_id, [_outcome(number, draw) for number in part])


def _outcome(task_id: int, draw: random.Random) -> Outcome:
    asked = CallRecord(Usage(200, 20), 0.0003, 0.5, 1, request_key="k" * 64)
    if draw.random() < 0.02:
        kind = draw.choice((FailureKind.INVALID_ANSWER, FailureKind.TIMEOUT))
        return Failure(task_id, kind, "The answer was no use.", "said " * 50, asked)
    given = draw.choice(CLASSES)
    region = {
        "id": f"r{task_id}",
        "from_name": "sentiment",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [given]},
    }
    problems = (Problem("sentiment", "It is not in the text."),) if draw.random() < 0.03 else ()
    raw = f'{{"sentiment": "{given}"}}'
    score = round(draw.random(), 4)
    return Prediction(task_id, {"sentiment": given}, [region], score, problems, asked, raw)


def judge(store: Store, run_id: int, tasks: Sequence[int]) -> None:
    """Say of each outcome whether it is right."""
    draw = random.Random(2)  # nosec B311  # made-up rows
    found = []
    for task_id in tasks:
        true, given = draw.choice(CLASSES), draw.choice(CLASSES)
        found.append(JudgedOutcome(task_id, true == given, {("sentiment", true, given): 1}))
    store.results.judge(run_id, found)


def _figures(store: Store, run_id: int, count: int) -> dict[str, Any]:
    middle = Place(count // 2, 0.5)
    cell = ("sentiment", "Positive", "Negative")
    pages: dict[str, Callable[[], Any]] = {
        f"{wanted.value} by {order}{at}": partial(
            store.results.places, Chosen(run_id, wanted), order, limit=PAGE, **beside
        )
        for wanted in ResultFilter
        for order in ORDERS
        for at, beside in (("", {}), (", from the middle", {"after": middle}))
    }
    pages["a cell by score"] = lambda: store.results.places(
        Chosen(run_id, cell=cell), "score", limit=PAGE
    )
    times = {name: _milliseconds(ask) for name, ask in pages.items()}
    slowest = max(times, key=lambda name: times[name])
    counts = _milliseconds(lambda: store.results.counts(run_id, 0.7))
    position = _milliseconds(lambda: store.results.count_before(Chosen(run_id), "score", middle))
    bare = _milliseconds(lambda: _count_rows(store, run_id))
    return {
        "counts_ms": counts,
        "slowest_page_ms": times[slowest],
        "slowest_page": slowest,
        "position_ms": position,
        "cells_ms": _milliseconds(lambda: store.results.cells(run_id, "sentiment")),
        "bare_count_ms": bare,
        "together_ms": counts + times[slowest] + position,
        "together_over_bare_count": (counts + times[slowest] + position) / bare,
        "pages_ms": times,
    }


def _count_rows(store: Store, run_id: int) -> None:
    with store.database.read() as c:
        c.execute(sa.text("SELECT count(*) FROM outcomes WHERE run_id = :run"), {"run": run_id})


def _milliseconds(ask: Callable[[], Any]) -> float:
    """The least of a few times: whatever else the machine does only adds to it."""
    ask()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return 1000 * min(times)
