from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from ml_backend.errors import Conflict, NotFound
from ml_backend.records import (
    CallRecord,
    Failure,
    FailureKind,
    Prediction,
    Problem,
    PublishPlan,
    Run,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Stage,
    Usage,
)
from ml_backend.store import CachedAnswer, Store, tables, totals_columns


def make_version(store: Store, prompt_id: int, title: str = "v1") -> int:
    return store.prompts.create_version(
        prompt_id,
        title=title,
        text="Label {text}",
        provider="Baseline",
        model="m",
        connection_id=None,
        max_few_shot_examples=0,
        parameters={},
    ).id


@pytest.fixture
def run(store: Store) -> Run:
    prompt = store.prompts.create("P", "", [7])
    version_id = make_version(store, prompt.id)
    return store.runs.create(
        prompt_id=prompt.id,
        version_id=version_id,
        project_id=7,
        label="P__v1",
        slot="all",
        subset="All",
        snapshot=RunSnapshot(),
        options=RunOptions(),
        total=3,
        cost=0.0,
    )


def end_claims(store: Store) -> None:
    with store.database.write() as c:
        c.execute(sa.update(tables.runs).values(lease_until=time.time() - 1))


def test_a_run_is_claimed_by_one_process_until_its_lease_ends(store: Store, run: Run) -> None:
    assert store.runs.claimable() == [run.id]
    first = store.runs.claim(run.id, "a", 60)
    assert first == 1
    assert store.runs.claimable() == []
    assert store.runs.claim(run.id, "b", 5) is None
    end_claims(store)
    assert store.runs.claimable() == [run.id]
    assert store.runs.claim(run.id, "b", 5) == 2
    assert store.runs.get(run.id).status is RunStatus.IN_PROGRESS


def test_a_process_that_lost_its_claim_changes_nothing(store: Store, run: Run) -> None:
    store.runs.claim(run.id, "a", 5)
    end_claims(store)
    store.runs.claim(run.id, "b", 60)
    assert store.runs.change(run.id, 1, stage="loading") is False
    assert store.runs.renew(run.id, 1, 5) is False
    assert store.runs.finish(run.id, 1, RunStatus.COMPLETED, "") is False
    assert store.runs.get(run.id).stage is Stage.PENDING
    assert store.runs.change(run.id, 2, stage="asking") is True


def test_only_failed_and_canceled_runs_are_reopened(store: Store, run: Run) -> None:
    assert store.runs.reopen(run.id, Stage.ASKING, PublishPlan()) is False
    fence = store.runs.claim(run.id, "a", 5) or 0
    store.runs.finish(run.id, fence, RunStatus.COMPLETED, "")
    assert store.runs.reopen(run.id, Stage.ASKING, PublishPlan()) is False
    assert store.runs.claimable() == []


def test_outcomes_survive_in_full_and_the_first_one_stands(store: Store, run: Run) -> None:
    asked = CallRecord(Usage(10, 5, 0, 4, 3, 2), cost=0.002, latency=0.3, calls=2)
    good = Prediction(
        1, {"topic": "A 🐍"}, [{"id": "x"}], 0.9, (Problem("topic", "p"),), asked, '{"topic":"A"}'
    )
    bad = Failure(2, FailureKind.TOO_LONG, "too long", "raw", CallRecord(cost=0.0))
    answer = CachedAnswer("k" * 64, "{}", None, asked)
    store.outcomes.add(run.id, [good, bad], [answer])
    store.outcomes.add(run.id, [Failure(1, FailureKind.TIMEOUT, "late")], [answer])
    assert list(store.outcomes.iter(run.id)) == [good, bad]
    assert store.outcomes.find_answers(["k" * 64, "absent"]).keys() == {"k" * 64}
    assert store.outcomes.verdicts(run.id) == ({1}, {2}, set())
    totals = store.outcomes.totals(run.id)
    assert (totals.succeeded, totals.failed, totals.failures) == (1, 1, {"too_long": 1})
    assert totals.usage == Usage(10, 5, 0, 4, 3, 2)
    assert totals.cost == pytest.approx(0.002)
    kept = store.outcomes.find_answers(["k" * 64])["k" * 64]
    assert kept.asked.usage == asked.usage
    fence = store.runs.claim(run.id, "a", 5) or 0
    store.runs.change(run.id, fence, **totals_columns(totals))
    assert store.runs.get(run.id).totals.usage == asked.usage
    # What a run spent without an outcome to show for it keeps its kinds as well.
    store.outcomes.add_spent(run.id, asked.usage, 0.001)
    assert store.outcomes.totals(run.id).usage == Usage(20, 10, 0, 8, 6, 4)


def test_a_run_with_one_unpriced_call_has_no_known_cost(store: Store, run: Run) -> None:
    store.outcomes.add(run.id, [Prediction(1, {}, [], asked=CallRecord(cost=None))])
    assert store.outcomes.totals(run.id).cost is None


def test_iterating_outcomes_pages_through_all_of_them(store: Store, run: Run) -> None:
    store.outcomes.add(run.id, [Prediction(n, {}, []) for n in range(1, 26)])
    read = [outcome.task_id for outcome in store.outcomes.iter(run.id, page=10)]
    assert read == list(range(1, 26))


def test_ids_are_never_given_twice(store: Store) -> None:
    first = store.prompts.create("one", "", [])
    make_version(store, first.id)
    store.prompts.delete(first.id)
    assert store.prompts.create("two", "", []).id != first.id


def test_the_active_version_is_chosen_then_published_then_newest(store: Store) -> None:
    prompt = store.prompts.create("p", "", [])
    assert store.prompts.active_version(prompt.id) is None
    one, two, three = (make_version(store, prompt.id, f"v{n}") for n in (1, 2, 3))
    active = store.prompts.active_version
    assert active(prompt.id).id == three  # type: ignore[union-attr]
    store.prompts.update(prompt.id, published_version_id=two)
    assert active(prompt.id).id == two  # type: ignore[union-attr]
    store.prompts.update(prompt.id, active_version_id=one)
    assert active(prompt.id).id == one  # type: ignore[union-attr]
    store.prompts.delete_version(one)
    assert active(prompt.id).id == two  # type: ignore[union-attr]


def test_titles_are_unique(store: Store) -> None:
    prompt = store.prompts.create("p", "", [])
    with pytest.raises(Conflict):
        store.prompts.create("p", "", [])
    make_version(store, prompt.id)
    with pytest.raises(Conflict):
        make_version(store, prompt.id)
    with pytest.raises(NotFound):
        store.prompts.get(999)
