"""Erasing finds the cached answers that runs paid for, and leaves those of other tasks alone."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ml_backend.services.upkeep.erasing import Erasing, Erasure
from ml_backend.store import Store, tables as t
from support.house import CONFIG, House


def kept(store: Store) -> dict[int | None, int]:
    """Project -> cached answers that are kept of it."""
    a = t.answers.c
    query = sa.select(a.project_id, sa.func.count()).group_by(a.project_id)
    with store.database.read() as c:
        return {row[0]: row[1] for row in c.execute(query)}


@pytest.mark.slow
def test_a_task_takes_its_paid_answers_along_and_no_others(house: House) -> None:
    store = house.container.store
    mine, tasks = house.project(3)
    theirs, _ = house.fake.seed(CONFIG, [{"data": {"text": f"another {n}"}} for n in range(2)])
    for project, title in ((mine, "Mine"), (theirs, "Theirs")):
        prompt, version = house.prompt(project, title)
        house.run(prompt, version, project)
    prompt, version = house.prompt(mine, "Votes")
    house.run(prompt, version, mine, samples=3)
    assert kept(store) == {mine: 3 * 3, theirs: 2}, "the first of three was there already"
    store.erasing.erase_unused_answers(None)
    assert kept(store) == {mine: 3 * 3, theirs: 2}, "runs refer to all of them"
    erasure = Erasure(store)
    done = erasure.execute(Erasing(project_id=mine, task_id=tasks[0]))
    assert (done.counts["cached answers"], done.unused_answers) == (3, 0)
    assert kept(store) == {mine: 2 * 3, theirs: 2}
    erasure.execute(Erasing(project_id=mine))
    assert kept(store) == {theirs: 2}
