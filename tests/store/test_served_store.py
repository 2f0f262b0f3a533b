"""What /predict handed out: when it is looked at again, what was decided when, what failed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.records import (
    CallRecord,
    Failure,
    FailureKind,
    Prediction,
    RunOptions,
    RunSnapshot,
    Slot,
    Stage,
    Subset,
)
from ml_backend.store import Store, tables as t
from support.labels import own

LABEL = "P__Version 1"
STUDIO = "http://label-studio"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def sweep_at(store: Store) -> list[float | None]:
    with store.database.read() as c:
        return list(c.execute(sa.select(t.served.c.sweep_at).order_by(t.served.c.id)).scalars())


def make_due(store: Store) -> None:
    with store.database.write() as c:
        c.execute(sa.update(t.served).where(t.served.c.sweep_at.is_not(None)).values(sweep_at=0.0))


def published(store: Store, label: str, task_ids: list[int], **values: Any) -> None:
    """A run that published predictions of these tasks."""
    values = {
        "prompt_id": 1,
        "version_id": 1,
        "project_id": 1,
        "slot": Slot.ALL.value,
        "subset": Subset.ALL.value,
        "snapshot": RunSnapshot(),
        "options": RunOptions(),
        "stage": Stage.DONE.value,
        "completed_at": NOW,
        **values,
    }
    stage = values.pop("stage")
    run = store.runs.create(label=label, **values)
    outcomes = [Prediction(task, {}, [], asked=CallRecord()) for task in task_ids]
    store.outcomes.add(run.id, [*outcomes, Failure(99, FailureKind.TIMEOUT, "no answer")])
    with store.database.write() as c:
        c.execute(sa.update(t.runs).where(t.runs.c.id == run.id).values(stage=stage))
    if stage == Stage.DONE.value:
        store.outcomes.mark_published(run.id)


def test_what_was_handed_out_is_due_after_5_60_and_150_seconds(store: Store) -> None:
    began = time.time()
    store.served.add(1, LABEL, [7])
    ended = time.time()
    assert store.served.due() == []
    (first,) = sweep_at(store)
    assert began + 5 <= first <= ended + 5
    for wait in (55, 90, None):
        make_due(store)
        (served,) = store.served.due()
        assert (served.project_id, served.task_id, served.label) == (1, 7, LABEL)
        before = time.time()
        store.served.swept([served])
        (following,) = sweep_at(store)
        if wait is None:
            assert following is None
        else:
            assert before + wait <= following <= time.time() + wait
    make_due(store)
    assert store.served.due() == []


def test_a_slow_server_does_not_turn_back_what_another_looked_at(store: Store) -> None:
    store.served.add(1, LABEL, [7])
    make_due(store)
    seen_by_both = store.served.due()
    store.served.swept(seen_by_both)
    make_due(store)
    store.served.swept(store.served.due())
    store.served.swept(seen_by_both)
    make_due(store)
    assert [served.sweeps for served in store.served.due()] == [2]


def test_what_is_put_off_is_due_again_and_no_look_is_counted(store: Store) -> None:
    store.served.add(1, LABEL, [7, 8])
    make_due(store)
    before = time.time()
    store.served.put_off(store.served.due(), 30)
    assert store.served.due() == []
    assert all(before + 30 <= moment <= time.time() + 30 for moment in sweep_at(store))
    make_due(store)
    assert [served.sweeps for served in store.served.due()] == [0, 0]


def test_nothing_of_a_project_that_is_gone_is_due(store: Store) -> None:
    store.served.add(1, LABEL, [7])
    store.served.add(2, LABEL, [8])
    make_due(store)
    store.served.give_up(1)
    assert [served.task_id for served in store.served.due()] == [8]


def test_only_what_is_done_with_and_old_is_forgotten(store: Store) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    store.served.add(1, LABEL, [1], decided_at=old)
    store.served.add(2, LABEL, [2])
    for project in (1, 2):
        store.served.give_up(project)
    store.served.add(3, LABEL, [3], decided_at=old)
    assert store.served.prune(timedelta(days=1)) == 1
    assert store.served.prune(timedelta(days=1)) == 0
    assert store.served.of_tasks(1, [1]) == []
    assert store.served.of_tasks(2, [2])
    assert store.served.of_tasks(3, [3])


def test_rows_that_label_studio_may_be_storing_yet_are_known(store: Store) -> None:
    store.served.add(1, LABEL, [1, 2])
    store.served.add(1, "other", [3])
    assert store.served.unfinished(1, LABEL) == {1, 2}
    store.served.give_up(1)
    assert store.served.unfinished(1, LABEL) == set()


def test_a_decision_is_the_last_answer_or_publishing_of_a_label(store: Store) -> None:
    store.served.add(1, "a", [1, 2], decided_at=NOW - timedelta(hours=1))
    store.served.add(1, "a", [1], decided_at=NOW + timedelta(hours=1))
    store.served.add(2, "a", [3])
    published(store, "a", [1, 2])
    published(store, "b", [2, 3], completed_at=NOW + timedelta(minutes=5))
    assert store.served.decisions(1, [1, 2, 3, 99]) == {
        (1, "a"): NOW + timedelta(hours=1),
        (2, "a"): NOW,
        (2, "b"): NOW + timedelta(minutes=5),
        (3, "b"): NOW + timedelta(minutes=5),
    }
    assert store.served.decisions(1, [3]).keys() == {(3, "b")}


@pytest.mark.parametrize(
    ("values", "decided"),
    [
        ({"slot": Slot.EVALUATE.value}, False),
        ({"project_id": 2}, False),
        ({"stage": Stage.ASKING.value}, False),
        ({"stage": Stage.PLANNING.value}, False),
        ({"stage": Stage.LOADING.value, "completed_at": None, "asked_at": NOW}, True),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_run_decides_what_it_published_in_the_slot_all_alone(
    store: Store, values: dict[str, Any], decided: bool
) -> None:
    published(store, "b", [1], **values)
    assert store.served.decisions(1, [1]) == ({(1, "b"): NOW} if decided else {})


# Failures


def fail(store: Store, label: str, *task_ids: int) -> None:
    failures = [Failure(task, FailureKind.INVALID_ANSWER, "no topic", "{}") for task in task_ids]
    store.served.add_failures(1, label, failures)


def failed(store: Store) -> list[tuple[str, int]]:
    return [(label, failure.task_id) for label, failure, _ in store.served.failures(1)]


def test_a_failure_is_history_once_a_version_of_the_prompt_was_handed_out(store: Store) -> None:
    for label, prompt in ((LABEL, 1), ("P__Version 2", 1), ("Q__Version 1", 2)):
        own(store, STUDIO, 1, label, prompt, prompt)
        fail(store, label, 1, 2)
    store.served.add(1, "P__Version 2", [1])
    assert failed(store) == [
        (LABEL, 2),
        ("P__Version 2", 2),
        ("Q__Version 1", 1),
        ("Q__Version 1", 2),
    ]


def test_a_failure_is_history_once_a_run_of_the_prompt_published_the_task(store: Store) -> None:
    own(store, STUDIO, 1, LABEL, 1, 1)
    fail(store, LABEL, 1, 2, 99)
    published(store, "P__Version 2", [2], completed_at=NOW - timedelta(days=5000))
    assert failed(store) == [(LABEL, 1), (LABEL, 2), (LABEL, 99)]
    later = datetime.now(UTC) + timedelta(minutes=1)
    published(store, "P__Version 2", [1], completed_at=later)
    published(store, "Q__Version 1", [2], completed_at=later, prompt_id=2)
    assert failed(store) == [(LABEL, 2), (LABEL, 99)]
