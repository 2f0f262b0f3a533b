"""Jobs in the store: held by one process at a time, taken over when it dies."""

from __future__ import annotations

import pytest

from ml_backend.errors import NotFound
from ml_backend.records import Job, JobKind, Person, RunStatus
from ml_backend.store import Store

SOMEBODY = Person(3, "kim", "kim@example.com", "Kim", "Lee", "/a.png")


def kept(store: Store, seconds: float = 15.0, **more: int) -> tuple[Job, int]:
    return store.jobs.create(
        JobKind.REFINE, {"teacher": "x"}, created_by=SOMEBODY, seconds=seconds, **more
    )


def test_a_job_comes_back_as_it_was_kept(store: Store) -> None:
    job, _ = kept(store, prompt_id=4, version_id=5, project_id=6)
    found = store.jobs.get(job.id)
    assert (found.prompt_id, found.version_id, found.project_id) == (4, 5, 6)
    assert (found.request, found.created_by) == ({"teacher": "x"}, SOMEBODY)
    assert found.status is RunStatus.PENDING
    with pytest.raises(NotFound):
        store.jobs.get(job.id + 1)


def test_its_maker_holds_it_and_nobody_else_takes_it(store: Store) -> None:
    job, fence = kept(store)
    assert store.jobs.claimable() == []
    assert store.jobs.claim(job.id, 15) is None
    assert store.jobs.finish(job.id, fence, RunStatus.COMPLETED, message="", result={"a": 1})
    assert store.jobs.get(job.id).result == {"a": 1}
    assert store.jobs.claim(job.id, 15) is None


def test_one_whose_holder_died_is_taken_over_once(store: Store) -> None:
    job, first = kept(store, seconds=-1)
    assert store.jobs.claimable() == [job.id]
    second = store.jobs.claim(job.id, 15)
    assert second is not None
    assert store.jobs.claim(job.id, 15) is None
    # The first comes back and changes nothing.
    assert not store.jobs.finish(job.id, first, RunStatus.FAILED, message="", result={})
    assert store.jobs.get(job.id).status is RunStatus.IN_PROGRESS
    assert store.jobs.finish(job.id, second, RunStatus.COMPLETED, message="", result={})


def test_jobs_are_found_by_what_they_are_about(store: Store) -> None:
    first, fence = kept(store, prompt_id=1)
    second, _ = kept(store, prompt_id=2, version_id=7)
    assert [each.id for each in store.jobs.search()] == [second.id, first.id]
    assert [each.id for each in store.jobs.search(prompt_id=1)] == [first.id]
    assert [each.id for each in store.jobs.search(version_id=7)] == [second.id]
    assert store.jobs.search(kinds=[JobKind.PROMOTE]) == []
    store.jobs.finish(first.id, fence, RunStatus.FAILED, message="no", result={})
    assert [each.id for each in store.jobs.search(open_only=True)] == [second.id]
