"""Races, as the store keeps them: they go with their prompt."""

from __future__ import annotations

import sqlalchemy as sa

from ml_backend.records import JobKind, RunStatus
from ml_backend.store import RaceAnswer, Store, tables as t


def raced(store: Store, prompt_id: int, *, kind: JobKind = JobKind.RACE, ended: bool = True) -> int:
    job, fence = store.jobs.create(
        kind, {"text": "Which?"}, created_by=None, seconds=60, prompt_id=prompt_id, project_id=3
    )
    store.races.add(job.id, 3, [RaceAnswer(0, 1, True, 1.0, True)])
    if ended:
        store.jobs.finish(job.id, fence, RunStatus.COMPLETED, message="", result={})
    return job.id


def test_races_go_with_their_prompt_and_one_under_way_is_asked_to_end(store: Store) -> None:
    prompt, other = (store.prompts.create(title, "", [3]) for title in ("one", "other"))
    gone, going = raced(store, prompt.id), raced(store, prompt.id, ended=False)
    stays = [raced(store, other.id), raced(store, prompt.id, kind=JobKind.REFINE)]
    store.prompts.delete(prompt.id)
    with store.database.read() as c:
        jobs = set(c.execute(sa.select(t.jobs.c.id)).scalars())
    assert jobs == {going, *stays}
    assert store.races.of(gone) == []
    assert store.jobs.is_canceled(going)
    assert [store.jobs.is_canceled(each) for each in stays] == [False, False]
    assert store.races.of(stays[0])
    # What came back after that is no row more: nobody would erase it again.
    store.races.add(going, 3, [RaceAnswer(0, 2, True, 1.0, True)])
    assert [each.task_id for each in store.races.of(going)] == [1]
    assert store.races.forget_orphans() == 0
    store.jobs.finish(going, 1, RunStatus.CANCELED, message="", result={})
    assert store.races.forget_orphans() == 1
    assert store.races.of(going) == []
    assert store.races.of(stays[0])
