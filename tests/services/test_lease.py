"""One rule for every lease: try until it is over, then stop; the clock is the test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.records import JobKind, JsonObject, RunStatus, Stage
from ml_backend.services.jobs.jobs import JobLease, Jobs, Work
from ml_backend.services.runs.heartbeat import Heartbeat
from ml_backend.services.writing.lease import Lease, NamedLease, holder_name
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.services.writing.writer import WriterSession
from ml_backend.store import Store
from support.house import House


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Claim:
    """A claim in a store that fails, or is another's, as the test says."""

    def __init__(self, store: Any = None) -> None:
        self.store = store
        self.away = False
        self.taken = False
        self.renewals: list[dict[str, Any]] = []
        self.releases = 0
        self.slow: Callable[[], None] = lambda: None

    def renew(self, key: Any, fence: int, seconds: float, /, **columns: Any) -> bool:
        self.slow()
        self._require()
        self.renewals.append(columns)
        return not self.taken

    def release(self, key: Any, fence: int, /) -> bool:
        self._require()
        self.releases += 1
        return not self.taken

    def _require(self) -> None:
        if self.away:
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def claim() -> Claim:
    return Claim()


@pytest.fixture
def lease(claim: Claim, clock: Clock) -> Lease[str]:
    """Of twelve seconds, renewed every three."""
    return Lease(claim, "a thing", 7, seconds=12, clock=clock)


def pass_time(lease: Lease[Any], clock: Clock, seconds: int) -> None:
    for _ in range(seconds):
        clock.now += 1
        lease.beat()


def test_a_lease_is_renewed_for_as_long_as_the_work_lasts(
    lease: Lease[str], claim: Claim, clock: Clock
) -> None:
    pass_time(lease, clock, 60)
    assert len(claim.renewals) == 20
    assert lease.is_held()
    assert not lease.over.is_set()


def test_a_database_that_returns_within_the_lease_costs_nothing(
    lease: Lease[str], claim: Claim, clock: Clock
) -> None:
    pass_time(lease, clock, 3)
    claim.away = True
    pass_time(lease, clock, 10)
    assert lease.is_held()
    claim.away = False
    pass_time(lease, clock, 3)
    assert len(claim.renewals) == 2
    pass_time(lease, clock, 11)
    assert lease.is_held(), "and it counts from the last renewal on"
    assert not lease.over.is_set()


def test_a_database_that_stays_away_ends_the_work_with_the_lease(
    lease: Lease[str], claim: Claim, clock: Clock
) -> None:
    pass_time(lease, clock, 3)
    claim.away = True
    pass_time(lease, clock, 11)
    assert lease.is_held()
    pass_time(lease, clock, 1)
    assert lease.over.is_set()
    claim.away = False
    pass_time(lease, clock, 10)
    assert not lease.is_held(), "it is not ours again because the database is back"
    assert len(claim.renewals) == 1


def test_a_lease_ends_by_the_clock_also_while_renewing_it_hangs(
    lease: Lease[str], claim: Claim, clock: Clock
) -> None:
    held = []

    def hang() -> None:
        clock.now += 12
        held.append(lease.is_held())

    claim.slow = hang
    pass_time(lease, clock, 3)
    assert held == [False]


def test_a_lease_that_another_took_stops_its_holder_at_once(
    lease: Lease[str], claim: Claim, clock: Clock
) -> None:
    claim.taken = True
    pass_time(lease, clock, 3)
    assert lease.over.is_set()
    assert not lease.is_held()
    pass_time(lease, clock, 30)
    assert len(claim.renewals) == 1


def test_a_process_that_shuts_down_leaves_its_lease_to_others(claim: Claim, clock: Clock) -> None:
    shutdown = threading.Event()
    with Lease(claim, 1, 7, shutdown=shutdown, clock=clock) as lease:
        assert not lease.over.wait(0)
        shutdown.set()
        assert lease.over.wait(10)
        assert not lease.is_held()
    assert claim.releases == 1


def test_a_renewal_that_breaks_stops_the_holder(claim: Claim) -> None:
    def broken() -> None:
        raise RuntimeError("no database error")

    claim.slow = broken
    hook, threading.excepthook = threading.excepthook, lambda args: None
    try:
        with Lease(claim, 1, 7, seconds=60, every=0.01) as lease:
            assert lease.over.wait(10)
    finally:
        threading.excepthook = hook


def test_the_end_of_the_work_lets_go_even_where_the_database_is_away(
    claim: Claim, clock: Clock
) -> None:
    claim.away = True
    with Lease(claim, 1, 7, clock=clock) as lease:
        pass
    assert claim.releases == 0
    assert not lease.is_held()


def test_what_was_finished_under_the_fence_is_not_let_go_again(claim: Claim, clock: Clock) -> None:
    with Lease(claim, 1, 7, clock=clock) as lease:
        lease.end()
    assert claim.releases == 0


# Its four users


def write(session: WriterSession[Any], project: int, task: int) -> None:
    region = {"from_name": "topic", "to_name": "text", "type": "choices"}
    result = [{**region, "value": {"choices": ["A"]}}]
    row = {"task": task, "result": result, "score": None, "model_version": "P__V"}
    session.create_predictions(project, [row], 0)


@pytest.mark.slow
def test_a_writer_whose_lease_ran_out_writes_nothing(house: House, clock: Clock) -> None:
    project, (first, second, *_) = house.project()
    writer, store = house.container.writer, house.container.store
    writer.settle_seconds = 600.0  # nothing is given up for being slow, on however busy a machine
    house.container.studio.prepare_writes()
    fence = store.writing.acquire(writer.lease, holder_name(), 3600) or 0
    claim = Claim()
    lease = Lease(claim, writer.lease, fence, seconds=12, clock=clock)
    patience = Patience(lambda message: None, threading.Event())
    session = WriterSession(store, house.container.studio, writer, lease, patience, None)
    claim.away = True
    pass_time(lease, clock, 11)
    write(session, project, first)
    clock.now += 1  # nothing has told it yet: renewing hangs in the database
    with pytest.raises(Interrupted):
        write(session, project, second)
    pass_time(lease, clock, 1)
    with pytest.raises(Interrupted):
        write(session, project, second)
    written = {row.task_id for row in house.container.studio.prediction_keys(project)}
    assert written == {first}
    assert store.writing.unsettled(house.container.studio.url) == []


@pytest.fixture
def beat(house: House, clock: Clock) -> Heartbeat:
    project, _ = house.project()
    run = house.start(*house.prompt(project), project)
    store = house.container.store
    fence = store.runs.claim(run.id, "a test", 15) or 0
    return Heartbeat(store, run.id, fence, threading.Event(), clock=clock)


def test_a_run_shows_its_message_and_hears_of_its_cancellation(
    house: House, beat: Heartbeat, clock: Clock
) -> None:
    store, run_id = house.container.store, beat.key
    beat.say("waiting")
    pass_time(beat, clock, 1)
    assert store.runs.get(run_id).message == "waiting"
    store.runs.request_cancel(run_id)
    pass_time(beat, clock, 1)
    assert beat.canceled
    assert beat.stop_asking.is_set()
    assert not beat.over.is_set(), "what was answered is still published"


def test_a_run_that_another_took_over_stops(house: House, beat: Heartbeat, clock: Clock) -> None:
    runs = house.container.store.runs
    runs.release(beat.key, beat.fence)
    assert runs.claim(beat.key, "another", 15)
    pass_time(beat, clock, 1)
    assert beat.over.is_set()
    assert beat.stop_asking.is_set()


@pytest.mark.parametrize("stage", [Stage.ASKING, Stage.DONE])
@pytest.mark.slow
def test_a_run_whose_lease_ran_out_is_left_to_others(
    house: House, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    project, _ = house.project()
    run = house.start(*house.prompt(project), project)
    runs = house.container.store.runs
    monkeypatch.setattr(Heartbeat, "is_held", lambda beat: runs.get(run.id).stage is not stage)
    assert house.container.executor.execute(run.id) is None
    left = runs.get(run.id)
    assert (left.status, left.stage) == (RunStatus.IN_PROGRESS, stage)
    assert runs.claimable() == [run.id]
    monkeypatch.undo()
    ended = house.container.executor.execute(run.id)
    assert ended is not None
    assert ended.status is RunStatus.COMPLETED
    assert len(house.model.asked) == 5, "what was answered is not asked again"


def submitted(store: Store, handler: Callable[[Work], JsonObject]) -> tuple[Jobs, int]:
    jobs = Jobs(store, {JobKind.REFINE: handler}, lambda job_id: None)
    return jobs, jobs.submit(JobKind.REFINE, {}, created_by=None).id


def test_a_job_whose_lease_ran_out_keeps_no_result(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = house.container.store
    jobs, job_id = submitted(store, lambda work: {"done": True})
    monkeypatch.setattr(JobLease, "is_held", lambda lease: False)
    jobs.do_job(job_id)
    assert store.jobs.get(job_id).result == {}
    assert store.jobs.claimable() == [job_id]
    monkeypatch.undo()
    jobs.do_job(job_id)
    assert store.jobs.get(job_id).result == {"done": True}
    jobs.do_job(job_id)  # an offer may come twice
    assert store.jobs.get(job_id).status is RunStatus.COMPLETED


def test_a_job_held_by_another_process_is_left_alone(house: House) -> None:
    store, done = house.container.store, []
    jobs, job_id = submitted(store, lambda work: {})
    elsewhere = Jobs(store, {JobKind.REFINE: lambda work: done.append(work) or {}}, print)
    elsewhere.do_job(job_id)
    assert done == []
    jobs.do_job(job_id)
    assert store.jobs.get(job_id).status is RunStatus.COMPLETED


def test_of_two_servers_one_gets_a_named_lease(house: House) -> None:
    store = house.container.store
    with NamedLease(store, "a name") as lease:
        assert lease is not None
        with NamedLease(store, "a name") as other:
            assert other is None
        assert lease.is_held(), "the end of the other's does not end ours"
    assert store.writing.holder("a name") is None


def test_what_is_let_go_early_is_held_no_more(house: House) -> None:
    store, named = house.container.store, NamedLease(house.container.store, "a name")
    with named as lease:
        named.let_go()
        assert lease is not None
        assert not lease.is_held()
        fence = store.writing.acquire("a name", "another", 60)
    assert fence
    assert store.writing.holder("a name") == "another"
