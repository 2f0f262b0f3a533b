"""Follows that accept: what each goes by, which tasks it decided on, what checks of it said."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import AuditAction, JsonObject, Person
from ml_backend.records.follow_checks import FollowedTask, FollowGuard, GuardState
from ml_backend.records.promises import PromiseState, PromiseTask, Withheld
from ml_backend.store import tables as t
from ml_backend.store.audit import note_prompt
from ml_backend.store.database import Database, inserted_id
from ml_backend.store.people import person_column, read_person
from ml_backend.store.promises import Drawn, create_sample, withdraw_samples

_G, _T = t.follow_guards.c, t.follow_tasks.c


class GuardStore:
    """Queries over follows that accept."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(
        self,
        *,
        project_id: int,
        prompt_id: int,
        version_id: int,
        label: str,
        promise_id: int,
        max_error: float,
        certainty: float,
        threshold: float,
        seed: str,
        run_id: int,
        created_by: Person | None,
    ) -> FollowGuard:
        """Have a follow accept from now on; runs up to ``run_id`` are none of its."""
        values = {
            "project_id": project_id,
            "prompt_id": prompt_id,
            "version_id": version_id,
            "label": label,
            "promise_id": promise_id,
            "max_error": max_error,
            "certainty": certainty,
            "threshold": threshold,
            "seed": seed,
            "state": GuardState.ACCEPTING.value,
            "run_id": run_id,
            "created_by": person_column(created_by),
            "created_at": datetime.now(UTC),
        }
        with self._db.write() as c:
            guard_id = inserted_id(c.execute(sa.insert(t.follow_guards).values(**values)))
            told = AuditAction.FOLLOW_ACCEPTING_STARTED
            note_prompt(c, told, prompt_id, project_id=project_id)
        return self.get(guard_id)

    # Reading

    def get(self, guard_id: int) -> FollowGuard:
        with self._db.read() as c:
            row = c.execute(sa.select(t.follow_guards).where(_G.id == guard_id)).one()
        return _guard(row)

    def find(self, prompt_id: int, project_id: int) -> FollowGuard | None:
        """Return the newest of a prompt in a project, whatever became of it."""
        found = self._read(_G.prompt_id == prompt_id, _G.project_id == project_id)
        return found[0] if found else None

    def newest(self) -> list[FollowGuard]:
        """Return the newest of each prompt in each project."""
        last = sa.select(sa.func.max(_G.id)).group_by(_G.project_id, _G.prompt_id)
        return self._read(_G.id.in_(last))

    def accepting(self) -> list[FollowGuard]:
        return self._read(_G.state == GuardState.ACCEPTING.value)

    def with_tabs(self) -> list[FollowGuard]:
        """Return those that ended, and whose tab still stands in Label Studio."""
        return self._read(_G.state != GuardState.ACCEPTING.value, _G.tab.is_not(None))

    def tasks(self, guard_id: int) -> list[FollowedTask]:
        """Return what was decided on, in that order."""
        query = sa.select(t.follow_tasks).where(_T.guard_id == guard_id).order_by(_T.place)
        with self._db.read() as c:
            return [_task(row) for row in c.execute(query)]

    def known(self, prompt_id: int, project_id: int) -> frozenset[int]:
        """Return the tasks that any follow of a prompt decided on: none is decided on again."""
        mine = (_T.project_id == project_id, _T.prompt_id == prompt_id)
        with self._db.read() as c:
            return frozenset(c.execute(sa.select(_T.task_id).where(*mine)).scalars())

    # Changing

    def take(self, guard: FollowGuard, again_after: float) -> bool:
        """Take one to look at, and put off its next look; False when another process has it."""
        mine = (_G.id == guard.id, _G.due_at == guard.due_at)
        values = {"due_at": time.time() + again_after}
        with self._db.write() as c:
            return c.execute(sa.update(t.follow_guards).where(*mine).values(**values)).rowcount == 1

    def hasten(self, project_id: int, *, quiet: float) -> None:
        """Have a project's looked at soon: people may have answered checks."""
        due = time.time() + quiet
        mine = (_G.project_id == project_id, _G.due_at > due)
        with self._db.write() as c:
            c.execute(sa.update(t.follow_guards).where(*mine).values(due_at=due))

    def change(self, guard_id: int, **values: Any) -> FollowGuard:
        """Keep what changed of one: its message, tab, or what it has seen."""
        with self._db.write() as c:
            c.execute(sa.update(t.follow_guards).where(_G.id == guard_id).values(**values))
        return self.get(guard_id)

    def decide(
        self,
        guard: FollowGuard,
        decided: Sequence[FollowedTask],
        sample: Drawn,
        checks: Sequence[PromiseTask],
        withheld: Sequence[Withheld],
    ) -> FollowGuard | None:
        """Keep a batch with the checks drawn of it, all or nothing; None where it came too late.

        So each task is decided on once, in however many processes. Raises Conflict when a check is
        in another sample that is not settled.
        """
        mine = (
            _G.id == guard.id,
            _G.state == GuardState.ACCEPTING.value,
            _G.batch == guard.batch,
            _G.is_batch_open.is_(False),
        )
        batch = {"batch": guard.batch + 1, "is_batch_open": True}
        with self._db.write() as c:
            if not c.execute(sa.update(t.follow_guards).where(*mine).values(**batch)).rowcount:
                return None
            sample_id = create_sample(c, sample, checks, withheld) if checks else None
            rows = [
                {
                    "guard_id": guard.id,
                    "project_id": guard.project_id,
                    "prompt_id": guard.prompt_id,
                    "task_id": each.task_id,
                    "place": each.place,
                    "batch": guard.batch + 1,
                    "is_check": each.is_check,
                    "sample_id": sample_id if each.is_check else None,
                }
                for each in decided
            ]
            c.execute(sa.insert(t.follow_tasks), rows)
        return self.get(guard.id)

    def batch_done(self, guard: FollowGuard) -> FollowGuard:
        """Note that a batch is carried out: its checks are out of sight, the others accepted."""
        mine = (_G.id == guard.id, _G.batch == guard.batch)
        with self._db.write() as c:
            c.execute(sa.update(t.follow_guards).where(*mine).values(is_batch_open=False))
        return self.get(guard.id)

    def judge(self, guard_id: int, found: Mapping[int, bool]) -> int:
        """Keep which checks were right, each the first time alone; return how many are new."""
        new = 0
        with self._db.write() as c:
            own = _T.guard_id == guard_id
            query = sa.select(sa.func.coalesce(sa.func.max(_T.number), 0)).where(own)
            last = int(c.execute(query).scalar_one())
            for task_id, is_right in found.items():
                mine = (own, _T.task_id == task_id, _T.is_check, _T.number.is_(None))
                values = {"number": last + new + 1, "is_right": is_right}
                new += c.execute(sa.update(t.follow_tasks).where(*mine).values(**values)).rowcount
        return new

    def end(
        self, guard: FollowGuard, state: GuardState, message: str, good_place: int | None
    ) -> list[int]:
        """Have a follow accept no more, and give its open checks back, at once.

        Returns the samples that were open; it is none when another process was quicker.
        """
        mine = (_G.id == guard.id, _G.state == GuardState.ACCEPTING.value)
        values = {
            "state": state.value,
            "message": message,
            "good_place": good_place,
            "waiting": 0,
            "ended_at": datetime.now(UTC),
        }
        with self._db.write() as c:
            if not c.execute(sa.update(t.follow_guards).where(*mine).values(**values)).rowcount:
                return []
            told = AuditAction.FOLLOW_ACCEPTING_ENDED
            note_prompt(c, told, guard.prompt_id, project_id=guard.project_id)
            s = t.promise_samples.c
            own = sa.select(_T.sample_id).where(_T.guard_id == guard.id, _T.sample_id.is_not(None))
            still = sa.and_(s.id.in_(own), s.state == PromiseState.DRAWN.value)
            return withdraw_samples(c, still, message)

    def _read(self, *where: sa.ColumnElement[bool]) -> list[FollowGuard]:
        query = sa.select(t.follow_guards).where(*where).order_by(_G.id.desc())
        with self._db.read() as c:
            return [_guard(row) for row in c.execute(query)]


def tab_column(tab_id: int, title: str, written: Sequence[str]) -> JsonObject:
    """Return what the column of a tab holds."""
    return {"id": tab_id, "title": title, "written": list(written)}


def _guard(row: Any) -> FollowGuard:
    values = dict(row._mapping)
    return FollowGuard(
        **{
            **values,
            "state": GuardState(row.state),
            "created_by": read_person(row.created_by),
        }
    )


def _task(row: Any) -> FollowedTask:
    return FollowedTask(
        task_id=row.task_id,
        place=row.place,
        batch=row.batch,
        is_check=row.is_check,
        sample_id=row.sample_id,
        number=row.number,
        is_right=row.is_right,
    )
