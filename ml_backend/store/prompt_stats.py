"""How prompts stand: their versions and runs, how well they did, what they cost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import RunStatus, Slot
from ml_backend.records.metrics_json import OVERALL, correctness_of
from ml_backend.store import tables as t
from ml_backend.store.database import Database


@dataclass(frozen=True, slots=True)
class Score:
    """How a version did in its last evaluation; ``low`` and ``high`` are the 95 % interval."""

    version_id: int
    accuracy: float
    correct: int
    n: int
    low: float | None
    high: float | None
    stale: str
    """Why it holds no more, "" while it does."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """How far a prompt's newest run is."""

    id: int
    version_id: int
    status: RunStatus
    done: int
    total: int
    created_at: datetime

    @property
    def is_open(self) -> bool:
        return not self.status.is_final

    @property
    def share(self) -> float:
        """Return how much of it is done, 0 while its tasks are not counted."""
        return self.done / self.total if self.total else 0.0


@dataclass(slots=True)
class PromptStats:
    """A prompt's counts and sums; those of deleted versions count on."""

    versions: int = 0
    runs: int = 0
    evaluated: dict[int, Score] = field(default_factory=dict)
    """Version -> its last evaluation."""
    last: LastRun | None = None
    cost: float = 0.0
    """Dollars, of the runs and tries whose cost is known."""
    unpriced: int = 0
    """Runs and tries that cost something unknown."""

    @property
    def scores(self) -> dict[int, float]:
        """Return the accuracy of each version's last evaluation."""
        return {version: score.accuracy for version, score in self.evaluated.items()}

    @property
    def best_score(self) -> Score | None:
        return max(self.evaluated.values(), key=lambda each: each.accuracy, default=None)

    @property
    def best(self) -> float | None:
        return self.best_score.accuracy if self.best_score else None


class PromptStatsStore:
    """A few short queries, however many prompts are asked about.

    ``projects`` are those whose runs count, None for all: a prompt is seen by people who see one of
    its projects, and what it did in the others is not theirs.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_prompts(
        self, prompt_ids: Collection[int], projects: Collection[int] | None = None
    ) -> dict[int, PromptStats]:
        """Return prompt -> standing."""
        found = {prompt_id: PromptStats() for prompt_id in prompt_ids}
        v, r = t.versions.c, t.runs.c
        versions = sa.select(v.prompt_id, sa.func.count()).where(v.prompt_id.in_(found))
        unknown = sa.case((sa.and_(r.cost.is_(None), r.succeeded + r.failed > 0), 1), else_=0)
        sums = sa.select(
            r.prompt_id,
            sa.func.count().label("runs"),
            sa.func.sum(r.cost).label("cost"),
            sa.func.sum(unknown).label("unpriced"),
        ).where(r.prompt_id.in_(found), *_within(projects))
        with self._db.read() as c:
            for prompt_id, count in c.execute(versions.group_by(v.prompt_id)):
                found[prompt_id].versions = count
            for row in c.execute(sums.group_by(r.prompt_id)):
                standing = found[row.prompt_id]
                standing.runs, standing.unpriced = row.runs, int(row.unpriced)
                standing.cost = float(row.cost or 0.0)
            for row in c.execute(_tried(found, projects)):
                found[row.prompt_id].cost += float(row.cost)
                found[row.prompt_id].unpriced += int(row.unpriced)
        for prompt_id, last in self.last_runs(found, projects).items():
            found[prompt_id].last = last
        for prompt_id, scores in self.evaluations(found, projects).items():
            found[prompt_id].evaluated = scores
        return found

    def of_prompt(self, prompt_id: int, projects: Collection[int] | None = None) -> PromptStats:
        return self.of_prompts([prompt_id], projects)[prompt_id]

    def last_runs(
        self, prompt_ids: Collection[int], projects: Collection[int] | None = None
    ) -> dict[int, LastRun]:
        """Return prompt -> its newest run, of those that have any."""
        r = t.runs.c
        last = sa.select(sa.func.max(r.id).label("id")).group_by(r.prompt_id)
        newest = last.where(r.prompt_id.in_(prompt_ids), *_within(projects)).subquery()
        done = (r.succeeded + r.failed).label("done")
        query = sa.select(r.prompt_id, r.id, r.version_id, r.status, done, r.total, r.created_at)
        with self._db.read() as c:
            return {
                row.prompt_id: LastRun(
                    row.id,
                    row.version_id,
                    RunStatus(row.status),
                    row.done,
                    row.total,
                    row.created_at,
                )
                for row in c.execute(query.join(newest, r.id == newest.c.id))
            }

    def evaluations(
        self, prompt_ids: Collection[int], projects: Collection[int] | None = None
    ) -> dict[int, dict[int, Score]]:
        """Return prompt -> version -> the last evaluation that measured anything.

        Metrics are large: earlier runs are read only where the last one says nothing.
        """
        r = t.runs.c
        evaluated = (r.slot == Slot.EVALUATE.value, r.status == RunStatus.COMPLETED.value)
        ended = (*evaluated, *_within(projects))
        overall = r.metrics[OVERALL].label("overall")
        query = sa.select(r.id, r.prompt_id, r.version_id, r.stale, overall)
        last = sa.select(sa.func.max(r.id).label("id")).where(r.prompt_id.in_(prompt_ids), *ended)
        newest = last.group_by(r.version_id).subquery()
        with self._db.read() as c:
            rows = c.execute(query.join(newest, r.id == newest.c.id)).all()
            empty = [row.version_id for row in rows if _score(row) is None]
            if empty:
                earlier = query.where(r.version_id.in_(empty), *ended)
                rows = [*rows, *c.execute(earlier.order_by(r.id))]
        found: dict[int, dict[int, Score]] = {}
        for row in rows:
            score = _score(row)
            if score is not None:
                found.setdefault(row.prompt_id, {})[row.version_id] = score
        return found


def _tried(
    prompt_ids: Collection[int], projects: Collection[int] | None
) -> sa.Select[tuple[Any, ...]]:
    """Return what tries of single tasks cost, by prompt."""
    c = t.tries.c
    sums = (sa.func.sum(c[name]).label(name) for name in ("cost", "unpriced"))
    query = sa.select(c.prompt_id, *sums).where(c.prompt_id.in_(prompt_ids))
    if projects is not None:
        query = query.where(c.project_id.in_(projects))
    return query.group_by(c.prompt_id)


def _within(projects: Collection[int] | None) -> list[sa.ColumnElement[bool]]:
    return [] if projects is None else [t.runs.c.project_id.in_(projects)]


def _score(row: Any) -> Score | None:
    overall = correctness_of(row.overall or {})
    if overall.accuracy is None:
        return None
    return Score(
        version_id=row.version_id,
        accuracy=overall.accuracy,
        correct=overall.correct,
        n=overall.n,
        low=overall.low,
        high=overall.high,
        stale=row.stale,
    )
