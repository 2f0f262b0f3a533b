"""What is kept of results to go through them, and that it is read from one index alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from store.test_runs_store import make_version

from ml_backend.records import (
    Failure,
    FailureKind,
    Outcome,
    Prediction,
    Problem,
    Run,
    RunOptions,
    RunSnapshot,
)
from ml_backend.store import CellCount, Chosen, JudgedOutcome, Place, ResultFilter, Store
from ml_backend.store.cipher import SecretCipher
from ml_backend.store.database import MIGRATIONS

ORDERS = ("task", "-task", "score", "mismatch")


def make_run(store: Store, title: str = "P") -> Run:
    prompt = store.prompts.create(title, "", [7])
    return store.runs.create(
        prompt_id=prompt.id,
        version_id=make_version(store, prompt.id),
        project_id=7,
        label=f"{title}__v1",
        slot="evaluate",
        subset="HasGT",
        snapshot=RunSnapshot(),
        options=RunOptions(),
        total=9,
        cost=0.0,
    )


@pytest.fixture
def run(store: Store) -> Run:
    return make_run(store)


def good(task_id: int, score: float | None = None, *problems: str) -> Prediction:
    found = tuple(Problem("topic", each) for each in problems)
    return Prediction(task_id, {"topic": "A"}, [], score, found)


OUTCOMES: list[Outcome] = [
    good(1, 0.9),
    good(2, 0.4),
    good(3, None, "not in the text"),
    Failure(4, FailureKind.INVALID_ANSWER, "no JSON"),
    Failure(5, FailureKind.TIMEOUT, "late"),
    good(6, 0.4),
    good(7, 0.7),
]
JUDGED = [
    JudgedOutcome(1, True, {("topic", "A", "A"): 1}),
    JudgedOutcome(2, False, {("topic", "B", "A"): 1, ("topic", "C", None): 2}),
    JudgedOutcome(4, False, {("topic", "B", None): 1}),
    JudgedOutcome(6, False, {("topic", "B", "A"): 3}),
    JudgedOutcome(7, None),
]
FITTING = {
    ResultFilter.ALL: [1, 2, 3, 4, 5, 6, 7],
    ResultFilter.RIGHT: [1],
    ResultFilter.WRONG: [2, 4, 6],
    ResultFilter.REVIEW: [2, 3, 4, 6],
    ResultFilter.ERROR: [4, 5],
}


@pytest.fixture
def judged(store: Store, run: Run) -> Run:
    # Another run beside it: nothing of it may ever show.
    other = make_run(store, "Other")
    store.outcomes.add(other.id, [good(2, 0.1)])
    store.results.judge(other.id, [JudgedOutcome(2, True, {("topic", "B", "A"): 1})])
    store.outcomes.add(run.id, OUTCOMES)
    store.results.judge(run.id, JUDGED)
    return run


def ids(places: list[Place]) -> list[int]:
    return [place.task_id for place in places]


@pytest.mark.parametrize("wanted", ResultFilter)
def test_each_filter_counts_and_lists_the_same_tasks(
    store: Store, judged: Run, wanted: ResultFilter
) -> None:
    chosen = Chosen(judged.id, wanted)
    assert ids(store.results.places(chosen, "task", limit=50)) == FITTING[wanted]
    assert store.results.count(chosen) == len(FITTING[wanted])
    assert store.results.counts(judged.id, 0.7)[wanted] == len(FITTING[wanted])


def test_the_threshold_of_review_is_the_callers(store: Store, judged: Run) -> None:
    assert store.results.counts(judged.id, 0.0)[ResultFilter.REVIEW] == 2
    assert store.results.counts(judged.id, 1.0)[ResultFilter.REVIEW] == 6


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("task", [1, 2, 3, 4, 5, 6, 7]),
        ("-task", [7, 6, 5, 4, 3, 2, 1]),
        ("score", [2, 6, 7, 1, 3, 4, 5]),
        ("mismatch", [2, 4, 6, 3, 5, 7, 1]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_forward_and_back_meet_every_task_once(
    store: Store, judged: Run, order: str, expected: list[int], size: int
) -> None:
    chosen = Chosen(judged.id)
    forward: list[Place] = []
    while page := store.results.places(
        chosen, order, after=forward[-1] if forward else None, limit=size
    ):
        forward += page
    assert ids(forward) == expected
    back = [forward[-1]]
    while page := store.results.places(chosen, order, before=back[0], limit=size):
        back = page + back
    assert back == forward
    for number, place in enumerate(forward):
        assert store.results.count_before(chosen, order, place) == number


def test_a_cell_and_named_tasks_narrow_a_filter(store: Store, judged: Run) -> None:
    def found(**more: Any) -> list[int]:
        return ids(store.results.places(Chosen(judged.id, **more), "task", limit=50))

    assert found(cell=("topic", "B", "A")) == [2, 6]
    assert found(cell=("topic", "B", None)) == [4]
    assert found(cell=("topic", None, "B")) == []
    assert found(cell=("other", "B", "A")) == []
    assert found(cell=("topic", "B", "A"), task_ids=(6, 7)) == [6]
    assert found(filter=ResultFilter.REVIEW, task_ids=(1, 2)) == [2]
    assert found(task_ids=()) == []


def test_cells_count_how_often_and_on_how_many_tasks(store: Store, judged: Run) -> None:
    found = store.results.cells(judged.id, "topic")
    assert found[0] == CellCount("B", "A", 4, 2)
    assert {(each.truth, each.given): each.n for each in found[1:]} == {
        ("C", None): 2,
        ("A", "A"): 1,
        ("B", None): 1,
    }


def test_judging_again_replaces_what_was_kept(store: Store, judged: Run) -> None:
    store.results.judge(judged.id, JUDGED)
    assert store.results.cells(judged.id, "topic")[0] == CellCount("B", "A", 4, 2)
    store.results.judge(
        judged.id, [JudgedOutcome(2, True, {("topic", "A", "A"): 1}), JudgedOutcome(6, False)]
    )
    counts = store.results.counts(judged.id, 0.7)
    assert (counts[ResultFilter.RIGHT], counts[ResultFilter.WRONG]) == (1, 1)
    assert store.results.cells(judged.id, "topic") == [CellCount("A", "A", 1, 1)]


def test_what_is_asked_again_is_no_longer_judged(store: Store, judged: Run) -> None:
    store.outcomes.forget(judged.id, [FailureKind.INVALID_ANSWER])
    assert store.results.count(Chosen(judged.id, cell=("topic", "B", None))) == 0
    assert {each.truth for each in store.results.cells(judged.id, "topic")} == {"A", "B", "C"}
    store.outcomes.forget_tasks(judged.id, [2])
    assert store.results.cells(judged.id, "topic")[0] == CellCount("B", "A", 3, 1)


def test_deleting_a_prompt_deletes_its_class_pairs(store: Store, judged: Run) -> None:
    store.prompts.delete(judged.prompt_id)
    with store.database.read() as c:
        rows = c.execute(sa.text("SELECT run_id FROM class_pairs")).scalars().all()
    assert len(rows) == 1
    assert judged.id not in rows


def test_classes_that_are_long_or_hostile_texts_are_kept(store: Store, run: Run) -> None:
    store.outcomes.add(run.id, [good(1)])
    cell = ("topic", "x\0\ud800" + "long 🐍 " * 1_000, "'; DROP TABLE runs; --")
    store.results.judge(run.id, [JudgedOutcome(1, False, {cell: 1})])
    assert ids(store.results.places(Chosen(run.id, cell=cell), "task", limit=5)) == [1]


def test_outcomes_are_read_with_what_was_judged(store: Store, judged: Run) -> None:
    found = store.results.read(judged.id, [4, 2, 7, 99])
    assert {task_id: right for task_id, (_, right) in found.items()} == {
        2: False,
        4: False,
        7: None,
    }
    assert found[4][0] == OUTCOMES[3]


@pytest.mark.slow
def test_more_tasks_than_one_transaction_takes_are_judged(store: Store, run: Run) -> None:
    numbers = range(1, 4_502)
    store.outcomes.add(run.id, [good(number) for number in numbers])
    said = [JudgedOutcome(number, number % 3 == 0, {("topic", "A", "A"): 1}) for number in numbers]
    for _ in range(2):
        store.results.judge(run.id, said)
        assert store.results.counts(run.id, 0.7)[ResultFilter.RIGHT] == 1_500
        assert store.results.cells(run.id, "topic") == [CellCount("A", "A", 4_501, 4_501)]


# One index


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Collect what is asked of the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        asked.append((text, parameters))

    sa.event.listen(store.database.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(store.database.engine, "before_cursor_execute", note)


QUESTIONS: list[Callable[[Store, Run], Any]] = [
    lambda store, run: store.results.counts(run.id, 0.7),
    *(
        lambda store, run, each=each, order=order, beside=beside: store.results.places(
            Chosen(run.id, each), order, limit=51, **beside
        )
        for each in ResultFilter
        for order in ORDERS
        for beside in ({}, {"after": Place(3, 0.4)}, {"before": Place(3, None)})
    ),
    lambda store, run: store.results.count_before(Chosen(run.id), "score", Place(3, 0.4)),
    lambda store, run: store.results.count(Chosen(run.id, cell=("topic", "B", "A"))),
    lambda store, run: store.results.count(Chosen(run.id, task_ids=(1, 2))),
]


@pytest.mark.slow
def test_counting_and_paging_never_touch_the_wide_rows(store: Store, judged: Run) -> None:
    if store.database.engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses its plan by the table's size
    with statements(store) as asked:
        for question in QUESTIONS:
            question(store, judged)
    assert len(asked) > len(QUESTIONS)  # BEGIN as well
    with store.database.read() as c:
        for text, parameters in asked:
            if "FROM outcomes" not in text:
                continue
            plan = [row[3] for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]
            reads = [step for step in plan if "outcomes" in step]
            assert reads, plan
            for step in reads:
                assert "USING COVERING INDEX ix_outcomes_results (run_id=?" in step, (text, plan)


# Runs of earlier versions


@pytest.mark.slow
def test_outcomes_of_earlier_versions_are_flagged_by_the_migration(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, "0005")
    tables = sa.MetaData()
    with engine.begin() as c:
        tables.reflect(c, only=["runs", "outcomes"])
        c.execute(sa.insert(tables.tables["runs"]).values(**OLD_RUN))
        for task_id, (kind, problems, _) in enumerate(OLD_OUTCOMES):
            row = {**OLD_OUTCOME, "task_id": task_id, "ok": not kind, "kind": kind}
            c.execute(
                sa.text(
                    f"INSERT INTO outcomes ({', '.join([*row, 'problems'])}) "
                    f"VALUES ({', '.join(f':{name}' for name in row)}, :problems)"
                ),
                {**row, "problems": problems},
            )
    engine.dispose()
    store = Store(database_url, SecretCipher("a secret"))
    found = store.results.places(Chosen(1, ResultFilter.REVIEW, below=0.0), "task", limit=50)
    assert ids(found) == [n for n, (_, _, flagged) in enumerate(OLD_OUTCOMES) if flagged]
    assert not store.results.is_judged(1)
    store.close()


OLD_RUN = {
    **{"id": 1, "prompt_id": 1, "version_id": 1, "project_id": 7, "label": "P__v1"},
    **{"slot": "evaluate", "subset": "HasGT", "status": "Completed", "stage": "done"},
    **{"total": 1, "succeeded": 1, "failed": 0, "cached": 0, "prompt_tokens": 0, "message": ""},
    **{"completion_tokens": 0, "cancel_requested": False, "fence": 1, "lease_until": 0.0},
    **{name: {} for name in ("snapshot", "options", "failures", "plan", "metrics")},
    "created_at": sa.func.now(),
}
OLD_OUTCOME: dict[str, Any] = {
    **{"run_id": 1, "published": True, "request_key": "", "message": "", "raw": ""},
    **{"prompt_tokens": 0, "completion_tokens": 0, "latency": 0.0, "calls": 1, "cached": False},
}
OLD_OUTCOMES = [
    ("", json.dumps([{"control": "topic", "message": "left out"}]), True),
    ("", "[]", False),
    ("", None, False),
    ("invalid_answer", "null", True),
    ("timeout", "null", False),
]
