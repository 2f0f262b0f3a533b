"""What ``/predict`` handed to Label Studio, and what it could not answer."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ml_backend.records import Failure, FailureKind, Slot, Stage
from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring, storable
from ml_backend.store.provenance import Source

SWEEP_AFTER = (5.0, 60.0, 150.0)
"""Seconds after an answer when its tasks are looked at for doubles."""

IDS_AT_ONCE = 500
PUBLISHED = (Stage.LOADING.value, Stage.VERIFYING.value, Stage.DONE.value)
"""Stages of a run whose answers Label Studio holds, or some of them."""


@dataclass(frozen=True, slots=True)
class Served:
    """A prediction handed to Label Studio, which may or may not have stored it."""

    id: int
    project_id: int
    task_id: int
    label: str
    served_at: datetime
    """When it was decided that the task gets a prediction of this version."""
    sweeps: int
    """How often it was looked at for doubles."""


class ServedStore:
    """Queries over predictions given out by ``/predict`` and its failures."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        project_id: int,
        label: str,
        task_ids: Sequence[int],
        *,
        decided_at: datetime | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        """Note predictions before they are handed out; their failures of before are history.

        So is where the predictions came from that the prompt gave these tasks before: ``sources``
        say it of these; those of a run say it themselves.
        ``decided_at`` is when the version was chosen, for answers that took long since: what was
        decided meanwhile is newer than they are.
        """
        now = datetime.now(UTC)
        rows = [
            {
                "project_id": project_id,
                "task_id": task,
                "label": label,
                "served_at": decided_at or now,
                "sweep_at": now.timestamp() + SWEEP_AFTER[0],
                "sweeps": 0,
            }
            for task in task_ids
        ]
        if not rows:
            return
        f, p, owned = t.predict_failures.c, t.provenance.c, t.labels.alias()
        siblings = (
            sa.select(t.labels.c.label)
            .join(owned, owned.c.prompt_id == t.labels.c.prompt_id)
            .where(owned.c.label == label, owned.c.project_id == project_id)
            .where(t.labels.c.project_id == project_id)
        )
        mine = (f.project_id == project_id, sa.or_(f.label == label, f.label.in_(siblings)))
        replaced = (p.project_id == project_id, sa.or_(p.label == label, p.label.in_(siblings)))
        with self._db.write() as c:
            c.execute(sa.insert(t.served), rows)
            for ids in _parts(task_ids):
                c.execute(sa.delete(t.predict_failures).where(*mine, f.task_id.in_(ids)))
                c.execute(sa.delete(t.provenance).where(*replaced, p.task_id.in_(ids)))
            insert_ignoring(c, t.provenance, [_of_source(project_id, each) for each in sources])

    def due(self) -> list[Served]:
        """Return what is to be looked at for doubles now."""
        query = sa.select(t.served).where(t.served.c.sweep_at <= time.time())
        with self._db.read() as c:
            rows = c.execute(query.order_by(t.served.c.id)).all()
        return [_served(row) for row in rows]

    def of_tasks(self, project_id: int, task_ids: Collection[int]) -> list[Served]:
        """Return everything handed out for tasks, oldest first."""
        found: list[Served] = []
        with self._db.read() as c:
            for ids in _parts(sorted(task_ids)):
                query = sa.select(t.served).where(
                    t.served.c.project_id == project_id, t.served.c.task_id.in_(ids)
                )
                found += [_served(row) for row in c.execute(query)]
        return sorted(found, key=lambda served: served.id)

    def unfinished(self, project_id: int, label: str) -> set[int]:
        """Return the tasks whose prediction under a label Label Studio may be storing yet."""
        s = t.served.c
        query = sa.select(s.task_id).where(
            s.project_id == project_id, s.label == label, s.sweep_at.is_not(None)
        )
        with self._db.read() as c:
            return set(c.execute(query).scalars())

    def decisions(
        self, project_id: int, task_ids: Collection[int]
    ) -> dict[tuple[int, str], datetime]:
        """Return by task and label when that label was last chosen for that task.

        By handing a prediction out, or by publishing a run that has one; what is not there was
        never chosen, or longer ago than is remembered.
        """
        s, r, o = t.served.c, t.runs.c, t.outcomes.c
        handed_out = sa.select(s.task_id, s.label, sa.func.max(s.served_at).label("at"))
        handed_out = handed_out.where(s.project_id == project_id).group_by(s.task_id, s.label)
        when = sa.func.max(sa.func.coalesce(r.completed_at, r.asked_at)).label("at")
        published = (
            sa.select(o.task_id, r.label, when)
            .join(t.runs, r.id == o.run_id)
            .where(r.project_id == project_id, r.slot == Slot.ALL.value, o.ok.is_(True))
            .where(sa.or_(o.published.is_(True), r.stage.in_(PUBLISHED)))
            .group_by(o.task_id, r.label)
        )
        found: dict[tuple[int, str], datetime] = {}
        with self._db.read() as c:
            for ids in _parts(sorted(task_ids)):
                for row in c.execute(handed_out.where(s.task_id.in_(ids))):
                    found[row.task_id, row.label] = row.at
                for row in c.execute(published.where(o.task_id.in_(ids))):
                    place = (row.task_id, row.label)
                    if row.at is not None and (place not in found or row.at > found[place]):
                        found[place] = row.at
        return found

    def swept(self, looked_at: Sequence[Served]) -> None:
        """Put off what was looked at to its next time; after the last one it is done."""
        by_count: dict[int, list[int]] = defaultdict(list)
        for served in looked_at:
            by_count[served.sweeps].append(served.id)
        s = t.served.c
        with self._db.write() as c:
            for count, served_ids in by_count.items():
                more = count + 1 < len(SWEEP_AFTER)
                wait = SWEEP_AFTER[count + 1] - SWEEP_AFTER[count] if more else None
                values = {"sweeps": count + 1, "sweep_at": time.time() + wait if wait else None}
                for ids in _parts(served_ids):
                    # The count as well: another server may have looked at them by now.
                    mine = (s.id.in_(ids), s.sweeps == count, s.sweep_at.is_not(None))
                    c.execute(sa.update(t.served).where(*mine).values(**values))

    def put_off(self, due: Sequence[Served], seconds: float) -> None:
        """Make what is due be due again in some seconds."""
        s = t.served.c
        with self._db.write() as c:
            for ids in _parts([served.id for served in due]):
                mine = (s.id.in_(ids), s.sweep_at.is_not(None))
                c.execute(sa.update(t.served).where(*mine).values(sweep_at=time.time() + seconds))

    def give_up(self, project_id: int) -> None:
        """Look at nothing of a project again: it is gone."""
        s = t.served.c
        with self._db.write() as c:
            mine = (s.project_id == project_id, s.sweep_at.is_not(None))
            c.execute(sa.update(t.served).where(*mine).values(sweep_at=None))

    def prune(self, older_than: timedelta) -> int:
        """Forget what was looked at for the last time and is older; return how many."""
        s = t.served.c
        before = datetime.now(UTC) - older_than
        with self._db.write() as c:
            return c.execute(
                sa.delete(t.served).where(s.sweep_at.is_(None), s.served_at < before)
            ).rowcount

    def count(self) -> int:
        """Return how many predictions given out are remembered: those of a day, at least."""
        with self._db.read() as c:
            return int(c.execute(sa.select(sa.func.count()).select_from(t.served)).scalar_one())

    # Failures

    def add_failures(self, project_id: int, label: str, failures: Sequence[Failure]) -> None:
        """Note why tasks got no prediction; a task's last failure under a label counts."""
        now = datetime.now(UTC)
        latest = {failure.task_id: failure for failure in failures}
        f = t.predict_failures.c
        rows = [
            {
                "project_id": project_id,
                "task_id": failure.task_id,
                "label": label,
                "kind": failure.kind.value,
                "message": storable(failure.message),
                "raw": storable(failure.raw),
                "failed_at": now,
            }
            for failure in latest.values()
        ]
        if not rows:
            return
        with self._db.write() as c:
            for ids in _parts(list(latest)):
                mine = (f.project_id == project_id, f.label == label, f.task_id.in_(ids))
                c.execute(sa.delete(t.predict_failures).where(*mine))
            c.execute(sa.insert(t.predict_failures), rows)

    def failures(self, project_id: int) -> list[tuple[str, Failure, datetime]]:
        """Return label, failure and time of every task that got no prediction last time.

        A task that a run of the prompt has published since is no failure any more.
        """
        f = t.predict_failures.c
        query = (
            sa.select(t.predict_failures)
            .where(f.project_id == project_id, ~_published_since())
            .order_by(f.label, f.task_id)
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
        return [
            (
                row.label,
                Failure(row.task_id, FailureKind(row.kind), row.message, row.raw),
                row.failed_at,
            )
            for row in rows
        ]


def _published_since() -> sa.Exists:
    """The condition that a run of a failure's prompt gave its task a prediction afterwards."""
    f, owner, r, o = t.predict_failures.c, t.labels.c, t.runs.c, t.outcomes.c
    return (
        sa.select(o.task_id)
        .join(t.runs, r.id == o.run_id)
        .join(t.labels, owner.prompt_id == r.prompt_id)
        .where(owner.label == f.label, owner.project_id == f.project_id)
        .where(r.project_id == f.project_id, o.task_id == f.task_id)
        .where(r.slot == Slot.ALL.value, o.ok.is_(True), o.published.is_(True))
        .where(sa.func.coalesce(r.completed_at, r.asked_at) > f.failed_at)
        .correlate(t.predict_failures)
        .exists()
    )


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]


def _of_source(project_id: int, source: Source) -> dict[str, object]:
    pool = source.few_shot
    return {
        "project_id": project_id,
        "task_id": source.task_id,
        "label": source.label,
        "version_id": source.version_id,
        "given_at": source.given_at,
        "shown": source.shown or 0,
        "pool_revision": pool.revision if pool else None,
        "pool_examples": pool.examples if pool else None,
    }


def _served(row: sa.Row[tuple[object, ...]]) -> Served:
    return Served(row.id, row.project_id, row.task_id, row.label, row.served_at, row.sweeps)
