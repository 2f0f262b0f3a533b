"""Runs: their state, their claim by one process at a time, and their totals."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from ml_backend.acting import Actor
from ml_backend.errors import NotFound
from ml_backend.next_steps import Step
from ml_backend.records import (
    DONE,
    FAILED,
    AuditAction,
    Person,
    PublishPlan,
    Run,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Stage,
    Totals,
)
from ml_backend.store import tables as t
from ml_backend.store.audit import note
from ml_backend.store.believable import believable_cost
from ml_backend.store.claims import Claims
from ml_backend.store.database import Database, inserted_id
from ml_backend.store.people import person_column, read_person
from ml_backend.store.run_columns import (
    answered_by,
    members_column,
    read_run,
    to_columns,
    totals_columns,
)
from ml_backend.store.writing import CHANGES_PREDICTIONS, IN_FLIGHT_SECONDS

OUTSIDE = "an outside worker"
"""Holds the runs whose answers are handed in."""

FOREVER = 1e11

_OPEN = (RunStatus.PENDING.value, RunStatus.IN_PROGRESS.value)


class RunStore:
    """Queries over runs. Every change by an executor names its fence and misses without it."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._claims = Claims(
            database, t.runs, takeable=t.runs.c.status.in_(_OPEN), free={"holder": None}
        )

    def create(
        self,
        *,
        snapshot: RunSnapshot,
        options: RunOptions,
        created_by: Person | None = None,
        handed_out: bool = False,
        unless_open: bool = False,
        **values: Any,
    ) -> Run:
        """Keep a new run, pending; ``handed_out`` leaves its answers to an outside worker.

        With ``unless_open`` the run is returned that asks the very same already, if one goes on.
        """
        now = datetime.now(UTC)
        values |= to_columns({"snapshot": snapshot, "options": options})
        values["members"] = members_column(options)
        values["created_by"] = person_column(created_by)
        status, stage = RunStatus.PENDING, Stage.PENDING
        if handed_out:
            status, stage = RunStatus.IN_PROGRESS, Stage.ASKING
            values |= {"holder": OUTSIDE, "lease_until": FOREVER, "started_at": now}
        with self._db.write() as c:
            if unless_open:
                twin = _open_twin(c, values, snapshot, options)
                if twin is not None:
                    return twin
            run_id = inserted_id(
                c.execute(
                    sa.insert(t.runs).values(
                        status=status.value,
                        stage=stage.value,
                        created_at=now,
                        **values,
                    )
                )
            )
            self._tell(c, AuditAction.RUN_STARTED, run_id)
        return self.get(run_id)

    def get(self, run_id: int) -> Run:
        with self._db.read() as c:
            row = c.execute(sa.select(t.runs).where(t.runs.c.id == run_id)).first()
        if row is None:
            raise NotFound(f"There is no run {run_id}.", field="run", fix=Step.LIST_RUNS())
        return read_run(row)

    def search(
        self,
        *,
        prompt_id: int | None = None,
        version_id: int | None = None,
        project_id: int | None = None,
        open_only: bool = False,
        alone: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Run]:
        """Return runs, newest first; ``before`` leaves out that run and all newer ones.

        Those of a version are all that it answers, ``alone`` or with others.
        """
        query = sa.select(t.runs).order_by(t.runs.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(t.runs.c.id < before)
        if prompt_id is not None:
            query = query.where(t.runs.c.prompt_id == prompt_id)
        if version_id is not None:
            query = query.where(answered_by(version_id))
        if project_id is not None:
            query = query.where(t.runs.c.project_id == project_id)
        if open_only:
            query = query.where(t.runs.c.status.in_(_OPEN))
        if alone:
            query = query.where(t.runs.c.members == "")
        with self._db.read() as c:
            return [read_run(row) for row in c.execute(query)]

    def was_run(self, version_id: int) -> bool:
        """Return whether a version has a run that answered anything, or one that goes on."""
        r = t.runs.c
        used = sa.or_(r.succeeded + r.failed + r.tasks_deleted > 0, r.status.in_(_OPEN))
        query = sa.select(r.id).where(answered_by(version_id), used).limit(1)
        with self._db.read() as c:
            return c.execute(query).first() is not None

    def last_by_label(self, project_id: int) -> dict[str, Run]:
        """Return model version -> the last run of it in a project."""
        r = t.runs.c
        newest = sa.select(sa.func.max(r.id)).where(r.project_id == project_id).group_by(r.label)
        with self._db.read() as c:
            rows = c.execute(sa.select(t.runs).where(r.id.in_(newest)))
            return {row.label: read_run(row) for row in rows}

    def costs(
        self, *, prompt_id: int, project_id: int | None
    ) -> list[tuple[datetime, float | None]]:
        """Return when each run of a prompt was made and its dollars, None where unknown."""
        r = t.runs.c
        query = sa.select(r.created_at, r.cost).where(r.prompt_id == prompt_id).order_by(r.id)
        if project_id is not None:
            query = query.where(r.project_id == project_id)
        with self._db.read() as c:
            return [(row.created_at, believable_cost(row.cost)) for row in c.execute(query)]

    def left_alone(self, run_id: int) -> float:
        """Return for how many seconds nobody has worked on an open run, 0 while somebody does.

        One that waits for its turn was left by nobody.
        """
        r = t.runs.c
        going = (r.id == run_id, r.status == RunStatus.IN_PROGRESS.value)
        with self._db.read() as c:
            until = c.execute(sa.select(r.lease_until).where(*going)).scalar()
        return max(0.0, time.time() - until) if until else 0.0

    def claimable(self) -> list[int]:
        """Return ids of open runs that no living process holds, oldest first."""
        return self._claims.claimable()

    def claim(self, run_id: int, holder: str, seconds: float) -> int | None:
        """Take an open, unheld run; return the fence number to work under, else None."""

        def columns(row: Any) -> dict[str, Any]:
            started_at = row.started_at or datetime.now(UTC)
            status = RunStatus.IN_PROGRESS.value
            return {"holder": holder, "status": status, "started_at": started_at}

        return self._claims.claim(run_id, seconds, columns)

    def renew(self, run_id: int, fence: int, seconds: float, /, **values: Any) -> bool:
        """Prolong the claim; False when another process has taken the run over."""
        return self._claims.renew(run_id, fence, seconds, **to_columns(values))

    def release(self, run_id: int, fence: int, /) -> bool:
        """Leave an open run to others now; False when it was taken over before."""
        return self._claims.release(run_id, fence)

    def change(self, run_id: int, fence: int, **values: Any) -> bool:
        """Set columns under the fence; False when it is no longer the run's."""
        return self._claims.change(run_id, fence, to_columns(values))

    def finish(
        self, run_id: int, fence: int, status: RunStatus, message: str, **columns: Any
    ) -> bool:
        """End a run. Its stage stays, so that a failed or canceled run resumes where it stood."""
        columns |= {"status": status.value, "message": message, "completed_at": datetime.now(UTC)}
        ended = partial(self._tell, action=AuditAction.RUN_ENDED, run_id=run_id)
        return self._claims.end(run_id, fence, to_columns(columns), ended)

    @staticmethod
    def _tell(c: sa.Connection, action: AuditAction, run_id: int) -> None:
        """Write into the audit log what is done to a run; its end is told in its maker's name."""
        row = c.execute(sa.select(t.runs).where(t.runs.c.id == run_id)).first()
        if row is None:
            return
        counts, cost, actor = {"tasks": row.total}, None, None
        if action is AuditAction.RUN_ENDED:
            counts |= {"succeeded": row.succeeded, "failed": row.failed}
            maker = read_person(row.created_by)
            cost, actor = row.cost, Actor("run", maker, organization=row.organization)
        note(
            c,
            action,
            kind="run",
            object_id=run_id,
            title=row.label,
            project_id=row.project_id,
            organization=row.organization,
            counts=counts,
            cost=cost,
            outcome=FAILED if row.status == RunStatus.FAILED.value else DONE,
            actor=actor,
        )

    def request_cancel(self, run_id: int) -> None:
        """Ask whoever works on a run to stop; one that an outside worker answers is let go."""
        with self._db.write() as c:
            run = t.runs.c.id == run_id
            c.execute(sa.update(t.runs).where(run).values(cancel_requested=True))
            self._tell(c, AuditAction.RUN_CANCELED, run_id)
            c.execute(
                sa.update(t.runs)
                .where(run, t.runs.c.holder == OUTSIDE)
                .values(holder=None, lease_until=0.0)
            )

    def holder(self, run_id: int) -> str | None:
        """Return who works on a run now, as it named itself; None when nobody does."""
        held = (t.runs.c.id == run_id, t.runs.c.lease_until >= time.time())
        with self._db.read() as c:
            found: str | None = c.execute(sa.select(t.runs.c.holder).where(*held)).scalar()
        return found

    def take_back(self, run_id: int) -> None:
        """Have a run that an outside worker answered published."""
        with self._db.write() as c:
            c.execute(
                sa.update(t.runs)
                .where(t.runs.c.id == run_id, t.runs.c.holder == OUTSIDE)
                .values(
                    stage=Stage.PLANNING.value,
                    holder=None,
                    lease_until=0.0,
                    asked_at=datetime.now(UTC),
                )
            )

    def is_handed_out(self, run_id: int) -> bool:
        """Return whether an outside worker answers a run now."""
        query = sa.select(t.runs.c.id).where(t.runs.c.id == run_id, t.runs.c.holder == OUTSIDE)
        with self._db.read() as c:
            return c.execute(query).first() is not None

    def set_totals(self, run_id: int, totals: Totals) -> None:
        """Show how far an outside worker is."""
        with self._db.write() as c:
            c.execute(
                sa.update(t.runs)
                .where(t.runs.c.id == run_id, t.runs.c.holder == OUTSIDE)
                .values(**totals_columns(totals))
            )

    def reopen(self, run_id: int, stage: Stage, plan: PublishPlan) -> bool:
        """Make a failed or canceled run pending again; False when it is not one."""
        final = (RunStatus.FAILED.value, RunStatus.CANCELED.value)
        with self._db.write() as c:
            done = c.execute(
                sa.update(t.runs)
                .where(t.runs.c.id == run_id, t.runs.c.status.in_(final))
                .values(
                    status=RunStatus.PENDING.value,
                    stage=stage.value,
                    **to_columns({"plan": plan}),
                    cancel_requested=False,
                    completed_at=None,
                    message="",
                    lease_until=0.0,
                )
            )
            if done.rowcount == 1:
                self._tell(c, AuditAction.RUN_RESUMED, run_id)
            return done.rowcount == 1

    def mark_stale(self, run_ids: Sequence[int], why: str) -> None:
        """Note that what runs measured holds no more; the first reason stays."""
        with self._db.write() as c:
            c.execute(
                sa.update(t.runs)
                .where(t.runs.c.id.in_(run_ids), t.runs.c.stale == "")
                .values(stale=why)
            )

    def mark_version_stale(self, version_id: int, why: str) -> None:
        """Note that the evaluations of a version measured what it no longer is."""
        r = t.runs.c
        with self._db.write() as c:
            c.execute(
                sa.update(t.runs)
                .where(answered_by(version_id), r.slot == Slot.EVALUATE.value, r.stale == "")
                .values(stale=why)
            )

    def is_canceled(self, run_id: int) -> bool:
        with self._db.read() as c:
            return bool(
                c.execute(
                    sa.select(t.runs.c.cancel_requested).where(t.runs.c.id == run_id)
                ).scalar()
            )

    def publishing(self, project_id: int) -> bool:
        """Return whether a run, or a deletion, changes a project's predictions now."""
        stages = (Stage.CLEARING.value, Stage.LOADING.value, Stage.VERIFYING.value)
        query = sa.select(t.runs.c.id).where(
            t.runs.c.project_id == project_id,
            t.runs.c.status == RunStatus.IN_PROGRESS.value,
            t.runs.c.stage.in_(stages),
        )
        p = t.publications.c
        in_flight = sa.select(p.id).where(
            p.project_id == project_id,
            p.settled_at.is_(None),
            p.started_at > time.time() - IN_FLIGHT_SECONDS,
            p.kind.in_(CHANGES_PREDICTIONS),
        )
        with self._db.read() as c:
            found = (c.execute(each.limit(1)).first() for each in (query, in_flight))
            return any(row is not None for row in found)


def _open_twin(
    c: sa.Connection, values: Mapping[str, Any], snapshot: RunSnapshot, options: RunOptions
) -> Run | None:
    """Return the run that goes on and asks what this one would, whatever it was thought to cost."""
    r = t.runs.c
    # Two may ask at once; SQLite lets one of them write, PostgreSQL has them wait here.
    prompt = sa.select(t.prompts.c.id).where(t.prompts.c.id == values["prompt_id"])
    c.execute(prompt.with_for_update())
    alike = [r[name] == values[name] for name in ("version_id", "project_id", "slot", "subset")]
    going = (r.status.in_(_OPEN), r.cancel_requested.is_(False))
    for row in c.execute(sa.select(t.runs).where(*alike, *going).order_by(r.id.desc())):
        run = read_run(row)
        asked = (
            replace(run.options, estimated=options.estimated),
            replace(run.snapshot, few_shot=snapshot.few_shot),
        )
        if asked == (options, snapshot):
            return run
    return None
