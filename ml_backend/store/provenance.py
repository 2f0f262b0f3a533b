"""Which version and which few-shot pool a task's prediction came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from ml_backend.records import ExampleSource, Run, Slot, Stage
from ml_backend.records.run_json import snapshot_of
from ml_backend.store import tables as t
from ml_backend.store.database import Database

IDS_AT_ONCE = 500
PUBLISHED = (Stage.LOADING.value, Stage.VERIFYING.value, Stage.DONE.value)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a prediction came from: ``/predict``, or the run that is named."""

    task_id: int
    label: str
    version_id: int
    given_at: datetime | None
    shown: int | None = None
    """Few-shot examples its request showed; None where nobody knows, as of a run."""
    few_shot: ExampleSource | None = None
    """None without examples."""
    run_id: int | None = None


class ProvenanceStore:
    """Queries over where predictions came from; ``ServedStore`` writes what ``/predict`` gave."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_tasks(self, project_id: int, task_ids: Collection[int]) -> dict[tuple[int, str], Source]:
        """Return by task and label what was given last, by ``/predict`` or by a run."""
        found: dict[tuple[int, str], Source] = {}
        with self._db.read() as c:
            for ids in _parts(task_ids):
                for source in [*_unpublished(c, project_id, ids), *_published(c, project_id, ids)]:
                    found[source.task_id, source.label] = source
                for source in _given(c, project_id, ids):
                    before = found.get((source.task_id, source.label))
                    if before is None or (before.given_at or NEVER) <= (source.given_at or NEVER):
                        found[source.task_id, source.label] = source
        return found

    def forget(self, project_id: int, places: Iterable[tuple[int, str | None]]) -> None:
        """Forget what tasks got under labels: those predictions are deleted."""
        p = t.provenance.c
        by_label: dict[str, set[int]] = defaultdict(set)
        for task_id, label in places:
            if label:
                by_label[label].add(task_id)
        with self._db.write() as c:
            for label, task_ids in by_label.items():
                for ids in _parts(task_ids):
                    mine = (p.project_id == project_id, p.label == label, p.task_id.in_(ids))
                    c.execute(sa.delete(t.provenance).where(*mine))

    def forget_replaced(self, run: Run) -> None:
        """Forget what the predictions of a run have replaced."""
        p, o = t.provenance.c, t.outcomes.c
        asked = sa.select(o.task_id).where(o.run_id == run.id, o.ok.is_(True))
        labels = sa.select(t.labels.c.label).where(
            t.labels.c.project_id == run.project_id,
            t.labels.c.prompt_id == run.prompt_id,
            t.labels.c.slot == run.slot.value,
        )
        mine = (p.project_id == run.project_id, p.label.in_(labels), p.task_id.in_(asked))
        with self._db.write() as c:
            c.execute(sa.delete(t.provenance).where(*mine))

    def forget_project(self, project_id: int) -> None:
        """Forget all of a project that is gone."""
        with self._db.write() as c:
            mine = t.provenance.c.project_id == project_id
            c.execute(sa.delete(t.provenance).where(mine))

    def count(self) -> int:
        """Return how many predictions of ``/predict`` are remembered."""
        with self._db.read() as c:
            query = sa.select(sa.func.count()).select_from(t.provenance)
            return int(c.execute(query).scalar_one())


def _given(c: sa.Connection, project_id: int, ids: list[int]) -> list[Source]:
    p = t.provenance.c
    query = sa.select(t.provenance).where(p.project_id == project_id, p.task_id.in_(ids))
    return [
        Source(
            row.task_id,
            row.label,
            row.version_id,
            row.given_at,
            shown=row.shown,
            few_shot=None
            if row.pool_revision is None
            else ExampleSource(row.pool_revision, row.pool_examples),
        )
        for row in c.execute(query)
    ]


def _published(c: sa.Connection, project_id: int, ids: list[int]) -> list[Source]:
    o, r = t.outcomes.c, t.runs.c
    return _of_runs(c, project_id, ids, sa.or_(o.published.is_(True), r.stage.in_(PUBLISHED)))


def _unpublished(c: sa.Connection, project_id: int, ids: list[int]) -> list[Source]:
    """What ``/predict`` may have handed out for a run that asks yet; its rows say nothing of it."""
    o, r = t.outcomes.c, t.runs.c
    asks = sa.and_(o.published.is_(False), r.stage.not_in(PUBLISHED), r.slot == Slot.ALL.value)
    return _of_runs(c, project_id, ids, asks)


def _of_runs(
    c: sa.Connection, project_id: int, ids: list[int], which: sa.ColumnElement[bool]
) -> list[Source]:
    """Return what runs gave the tasks, the newest last."""
    o, r = t.outcomes.c, t.runs.c
    at = sa.func.coalesce(r.completed_at, r.asked_at, r.started_at)
    query = (
        sa.select(o.task_id, r.id, r.label, r.version_id, r.snapshot, at.label("at"))
        .join(t.runs, r.id == o.run_id)
        .where(r.project_id == project_id, o.ok.is_(True), o.task_id.in_(ids), which)
        .order_by(at, r.id)
    )
    return [
        Source(
            row.task_id,
            row.label,
            row.version_id,
            row.at,
            few_shot=snapshot_of(row.snapshot).few_shot,
            run_id=row.id,
        )
        for row in c.execute(query)
    ]


def _parts(ids: Collection[int]) -> list[list[int]]:
    every = sorted(ids)
    return [every[start : start + IDS_AT_ONCE] for start in range(0, len(every), IDS_AT_ONCE)]
