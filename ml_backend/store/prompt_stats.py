"""How prompts stand: their versions and runs, how well they did, what they cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.kinds import WHOLE
from ml_backend.records import RunStatus, Slot, Subset, TruthSource
from ml_backend.records.metrics_json import OVERALL, correctness_of
from ml_backend.store import tables as t
from ml_backend.store.believable import COSTS, believable_sum
from ml_backend.store.database import Database


@dataclass(frozen=True, slots=True)
class Score:
    """How a version did in an evaluation; ``low`` and ``high`` are the 95 % interval."""

    run_id: int
    version_id: int
    subset: Subset
    status: RunStatus
    truth: TruthSource
    is_usual: bool
    """Measured on ground truth, or by default on annotations since none was marked."""
    accuracy: float
    correct: int
    n: int
    low: float | None
    high: float | None
    stale: str
    """Why it holds no more, "" while it does."""

    @property
    def is_whole(self) -> bool:
        """Whether it covered all that is true, and not a sample of it."""
        return self.subset in WHOLE and self.status is RunStatus.COMPLETED


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How a version stands: by its last evaluation over all that is true."""

    headline: Score | None
    beside: Score | None = None
    """A later one that is less: of a sample, stopped on the way, on annotations by choice."""

    @classmethod
    def of(cls, scores: Iterable[Score]) -> Evaluated:
        """Choose among a version's evaluations, newest first.

        Whole ones on what is usually true come first, then whole ones; a sample is none.
        """
        found = list(scores)
        whole = [each for each in found if each.is_whole]
        headline = next((each for each in whole if each.is_usual), next(iter(whole), None))
        newest = next(iter(found), None)
        return cls(headline, newest if newest is not headline else None)


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
    evaluated: dict[int, Evaluated] = field(default_factory=dict)
    """Version -> how it stands, of those that were evaluated."""
    last: LastRun | None = None
    cost: float = 0.0
    """Dollars, of the runs and tries whose cost is known."""
    unpriced: int = 0
    """Runs and tries that cost something unknown."""

    @property
    def headlines(self) -> list[Score]:
        """Return each version's last evaluation over all that is true."""
        return [each.headline for each in self.evaluated.values() if each.headline is not None]

    @property
    def best_score(self) -> Score | None:
        return max(self.headlines, key=lambda each: each.accuracy, default=None)

    @property
    def beside(self) -> Score | None:
        """Return the newest sample, where it is newer than the best score or there is none."""
        samples = [each.beside for each in self.evaluated.values() if each.beside is not None]
        newest = max(samples, key=lambda each: each.run_id, default=None)
        best = self.best_score
        return newest if newest and (best is None or newest.run_id > best.run_id) else None

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
        unknown = sa.case(
            (sa.and_(r.cost.is_(None), r.succeeded + r.failed + r.tasks_deleted > 0), 1), else_=0
        )
        sums = sa.select(
            r.prompt_id,
            sa.func.count().label("runs"),
            believable_sum(r.cost, COSTS).label("cost"),
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
        done = (r.succeeded + r.failed + r.tasks_deleted).label("done")
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
    ) -> dict[int, dict[int, Evaluated]]:
        """Return prompt -> version -> how it stands, of versions with anything measured."""
        found: dict[int, dict[int, Evaluated]] = {}
        wanted = (t.runs.c.prompt_id.in_(prompt_ids), *_within(projects))
        for (prompt_id, version_id), evaluated in self._evaluated(*wanted).items():
            found.setdefault(prompt_id, {})[version_id] = evaluated
        return found

    def of_versions(self, version_ids: Collection[int], project_id: int) -> dict[int, Evaluated]:
        """Return version -> how it stands in a project, of those with anything measured."""
        r = t.runs.c
        found = self._evaluated(r.version_id.in_(version_ids), r.project_id == project_id)
        return {version_id: evaluated for (_, version_id), evaluated in found.items()}

    def _evaluated(self, *wanted: sa.ColumnElement[bool]) -> dict[tuple[int, int], Evaluated]:
        """Return (prompt, version) -> how it stands.

        Metrics and options are large: of a version the newest whole evaluation and the newest of
        all are read, and more only where these do not say it.
        """
        r = t.runs.c
        ended = (
            *wanted,
            r.members == "",
            r.slot == Slot.EVALUATE.value,
            r.status.in_([each.value for each in RunStatus if each.is_final]),
        )
        columns = sa.select(
            r.id,
            r.prompt_id,
            r.version_id,
            r.subset,
            r.status,
            r.stale,
            r.metrics[OVERALL].label("overall"),
            r.options["truth"].label("truth"),
            r.options["truth_by_default"].label("by_default"),
            r.options["only_missing"].label("only_missing"),
        )
        newest = sa.select(sa.func.max(r.id).label("id")).where(*ended).group_by(r.version_id)
        whole = newest.where(
            r.subset.in_([each.value for each in WHOLE]),
            r.status == RunStatus.COMPLETED.value,
        )
        last = sa.union(newest, whole).subquery()
        found: dict[tuple[int, int], list[Score]] = {}
        unsettled: set[int] = set()
        with self._db.read() as c:
            rows = c.execute(columns.join(last, r.id == last.c.id).order_by(r.id.desc())).all()
            for row in rows:
                score = _score(row)
                if score is None or (score.is_whole and not score.is_usual):
                    unsettled.add(row.version_id)
            if unsettled:
                every = columns.where(r.version_id.in_(unsettled), *ended).order_by(r.id.desc())
                rows = [each for each in rows if each.version_id not in unsettled]
                rows += c.execute(every).all()
        for row in rows:
            score = _score(row)
            if score is not None:
                found.setdefault((row.prompt_id, row.version_id), []).append(score)
        return {key: Evaluated.of(scores) for key, scores in found.items()}


def _tried(
    prompt_ids: Collection[int], projects: Collection[int] | None
) -> sa.Select[tuple[Any, ...]]:
    """Return what tries of single tasks cost, by prompt."""
    c = t.tries.c
    sums = (believable_sum(c[name], COSTS).label(name) for name in ("cost", "unpriced"))
    query = sa.select(c.prompt_id, *sums).where(c.prompt_id.in_(prompt_ids))
    if projects is not None:
        query = query.where(c.project_id.in_(projects))
    return query.group_by(c.prompt_id)


def _within(projects: Collection[int] | None) -> list[sa.ColumnElement[bool]]:
    return [] if projects is None else [t.runs.c.project_id.in_(projects)]


def _score(row: Any) -> Score | None:
    overall = correctness_of(row.overall or {})
    if overall.accuracy is None or row.only_missing:
        return None
    truth = TruthSource(row.truth or TruthSource.GROUND_TRUTH)
    return Score(
        run_id=row.id,
        version_id=row.version_id,
        subset=Subset(row.subset),
        status=RunStatus(row.status),
        truth=truth,
        is_usual=truth is TruthSource.GROUND_TRUTH or bool(row.by_default),
        accuracy=overall.accuracy,
        correct=overall.correct,
        n=overall.n,
        low=overall.low,
        high=overall.high,
        stale=row.stale,
    )
