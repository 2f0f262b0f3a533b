"""Erasing what promise samples keep of tasks: answers go, figures stay."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from ml_backend.store import tables as t

CHUNK = 500


def erase_answers(c: sa.Connection, project_id: int, task_ids: Collection[int]) -> int:
    """Erase what was answered on tasks, and what tells it; return of how many something was."""
    s, p = t.promise_samples.c, t.promise_tasks.c
    gone, tasks = 0, sorted(task_ids)
    for start in range(0, len(tasks), CHUNK):
        mine = (p.project_id == project_id, p.task_id.in_(tasks[start : start + CHUNK]))
        blank = sa.update(t.promise_tasks).where(*mine, p.is_erased.is_(False))
        gone += c.execute(blank.values(result=[], fingerprint="", is_erased=True)).rowcount
    among = set(tasks)
    query = sa.select(s.id, s.population).where(s.project_id == project_id)
    for row in c.execute(query).all() if among else ():
        # Of a prediction without a fingerprint nothing is promised.
        left = [[task, score, "" if task in among else of] for task, score, of in row.population]
        if left != row.population:
            c.execute(sa.update(t.promise_samples).where(s.id == row.id).values(population=left))
    return gone


def told_tasks(project_id: int) -> sa.Select[Any]:
    """Return the query for tasks of which an answer is kept."""
    p = t.promise_tasks.c
    return sa.select(p.task_id).where(p.project_id == project_id, p.is_erased.is_(False))
