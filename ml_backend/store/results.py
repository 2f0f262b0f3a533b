"""A run's outcomes as people go through them: judged, counted and in pages.

Counting and paging read the index ``ix_outcomes_results`` alone, never the wide rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml_backend.records import ConfidenceSource, Outcome, RunStatus, Slot
from ml_backend.records.confidence import confidence_of
from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring, storable
from ml_backend.store.outcomes import read_outcome
from ml_backend.store.promise_rows import closed_in

Cell = tuple[str, str | None, str | None]
"""(control, class of the truth, class given)"""

TASKS_AT_ONCE = 2_000
"""Judged in one transaction: others who write wait for no more than these."""

IDS_AT_ONCE = 500
ANSWERS_AT_ONCE = 10_000

MISMATCH = "mismatch"
"""The order that shows first what is wrong."""

_UNKNOWN = 1.0
_RANK = sa.case(
    (t.outcomes.c.right.is_(False), 0.0), (t.outcomes.c.right.is_(None), _UNKNOWN), else_=2.0
)


class ResultFilter(StrEnum):
    """Which of a run's outcomes; REVIEW are those unsure or flagged, ERROR the failures."""

    ALL = "all"
    WRONG = "mismatch"
    RIGHT = "match"
    REVIEW = "review"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class JudgedOutcome:
    """What the truth says of one outcome; ``right`` None where it answers no control."""

    task_id: int
    right: bool | None
    pairs: Mapping[Cell, int] = field(default_factory=dict)
    """How often each pair of classes occurs."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some of a run's outcomes; ``below`` is the score under which one is unsure."""

    run_id: int
    filter: ResultFilter = ResultFilter.ALL
    below: float = 0.7
    cell: Cell | None = None
    task_ids: tuple[int, ...] | None = None


class Place(NamedTuple):
    """Where an outcome stands among others: its task, and what else its order sorts by."""

    task_id: int
    score: float | None
    """Its rank by match where mismatches come first, its score otherwise."""


@dataclass(frozen=True, slots=True)
class CellCount:
    """A cell of a confusion matrix: how often it occurs, and on how many tasks."""

    truth: str | None
    given: str | None
    n: int
    tasks: int


class ResultStore:
    """Queries over the outcomes of one run."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def sources(
        self, project_id: int, predictions: Sequence[tuple[int, str]]
    ) -> dict[tuple[int, str], ConfidenceSource]:
        """Return (task, label) -> where the score of its newest outcome is from.

        Those that are not here, or have none, are left out.
        """
        o, r = t.outcomes.c, t.runs.c
        labels = sorted({label for _, label in predictions})
        tasks = sorted({task_id for task_id, _ in predictions})
        query = (
            sa.select(o.task_id, r.label, o.confidence)
            .join(t.runs, r.id == o.run_id)
            .where(r.project_id == project_id, o.ok.is_(True))
            .order_by(o.run_id)
        )
        found: dict[tuple[int, str], ConfidenceSource] = {}
        with self._db.read() as c:
            for start in range(0, len(tasks), IDS_AT_ONCE):
                some = o.task_id.in_(tasks[start : start + IDS_AT_ONCE])
                for row in c.execute(query.where(some, r.label.in_(labels))):
                    sure = confidence_of(row.confidence)
                    found.pop((row.task_id, row.label), None)
                    if sure is not None:
                        found[row.task_id, row.label] = sure.source
        return found

    # Judging

    def is_judged(self, run_id: int) -> bool:
        """Return whether a run's outcomes were held against truths, task by task."""
        with self._db.read() as c:
            return bool(c.execute(sa.select(t.runs.c.judged).where(t.runs.c.id == run_id)).scalar())

    def judge(self, run_id: int, judged: Sequence[JudgedOutcome]) -> None:
        """Keep what the truth says of each outcome, in place of all that was kept before."""
        with self._db.write() as c:
            c.execute(sa.delete(t.class_pairs).where(t.class_pairs.c.run_id == run_id))
        for start in range(0, len(judged), TASKS_AT_ONCE):
            part = judged[start : start + TASKS_AT_ONCE]
            with self._db.write() as c:
                _keep(c, run_id, part)
        with self._db.write() as c:
            _forget(c, run_id, {each.task_id for each in judged})
            c.execute(sa.update(t.runs).where(t.runs.c.id == run_id).values(judged=True))

    def forget_unscored(self, project_id: int) -> None:
        """Forget what the truth said of runs without a score: whoever looks has it said anew."""
        r = t.runs.c
        scoreless = sa.or_(r.slot == Slot.ALL.value, r.status == RunStatus.FAILED.value)
        mine = (r.project_id == project_id, r.judged.is_(True), scoreless)
        with self._db.write() as c:
            c.execute(sa.update(t.runs).where(*mine).values(judged=False))

    # Counting

    def counts(self, run_id: int, below: float) -> dict[ResultFilter, int]:
        """Return how many outcomes there are by filter."""
        found = [
            sa.func.count().filter(_fits(each, below)).label(each.name) for each in ResultFilter
        ]
        query = sa.select(*found).where(t.outcomes.c.run_id == run_id, _is_shown(run_id))
        with self._db.read() as c:
            row = c.execute(query).one()
        return {each: int(getattr(row, each.name)) for each in ResultFilter}

    def count(self, chosen: Chosen) -> int:
        """Return how many outcomes a selection has."""
        query = sa.select(sa.func.count()).where(*_where(chosen))
        with self._db.read() as c:
            return int(c.execute(query).scalar_one())

    def cells(self, run_id: int, control: str) -> list[CellCount]:
        """Return the cells of a control's confusion matrix, the most frequent first."""
        p = t.class_pairs.c
        n, tasks = sa.func.sum(p.n).label("n"), sa.func.count().label("tasks")
        # All rows of a cell have the same classes.
        names = (sa.func.min(p.truth).label("truth"), sa.func.min(p.given).label("given"))
        query = (
            sa.select(*names, n, tasks)
            .where(p.run_id == run_id, p.control == control)
            .group_by(p.cell)
            .order_by(n.desc(), p.cell)
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
        return [CellCount(row.truth, row.given, int(row.n), int(row.tasks)) for row in rows]

    # Paging

    def places(
        self,
        chosen: Chosen,
        order: str,
        *,
        after: Place | None = None,
        before: Place | None = None,
        limit: int,
    ) -> list[Place]:
        """Return places in order: the first, those after one, or the last of those before one.

        ``order`` is "task", "-task", "score": the least sure first, those without score last; or
        "mismatch": what is wrong, then what nobody can tell, then what is right.
        """
        o = t.outcomes.c
        order = _plain(order, chosen)
        key = _RANK if order == MISMATCH else o.score
        where = _where(chosen)
        if after is not None:
            where.append(_beyond(order, after, forward=True))
        if before is not None:
            where.append(_beyond(order, before, forward=False))
        backward = before is not None and after is None
        columns = _columns(order)
        query = (
            sa.select(o.task_id, key.label("key"))
            .where(*where)
            .order_by(*(each.desc() if up == backward else each.asc() for each, up in columns))
            .limit(limit)
        )
        with self._db.read() as c:
            found = [Place(row.task_id, row.key) for row in c.execute(query)]
        return found[::-1] if backward else found

    def count_before(self, chosen: Chosen, order: str, place: Place) -> int:
        """Return how many outcomes of a selection stand before a place."""
        beyond = _beyond(_plain(order, chosen), place, forward=False)
        query = sa.select(sa.func.count()).where(*_where(chosen), beyond)
        with self._db.read() as c:
            return int(c.execute(query).scalar_one())

    def read(self, run_id: int, task_ids: Sequence[int]) -> dict[int, tuple[Outcome, bool | None]]:
        """Return the outcomes of these tasks, and whether each was right; None is not known."""
        o = t.outcomes.c
        found: dict[int, tuple[Outcome, bool | None]] = {}
        with self._db.read() as c:
            for part in _parts(task_ids):
                mine = (o.run_id == run_id, o.task_id.in_(part), _is_shown(run_id))
                query = sa.select(t.outcomes).where(*mine)
                for row in c.execute(query):
                    found[row.task_id] = (read_outcome(row), row.right)
        return found

    def scores(self, run_id: int) -> list[tuple[float | None, bool | None]]:
        """Return of each task how sure its answer is and whether it was right; None is not known.

        Only what was asked counts; what failed has no score.
        """
        o = t.outcomes.c
        query = sa.select(o.score, o.right).where(o.run_id == run_id).order_by(o.task_id)
        with self._db.read() as c:
            return [(row.score, row.right) for row in c.execute(query)]

    def answers(self, run_id: int) -> Iterator[Sequence[tuple[int, bool, bool | None, str | None]]]:
        """Yield pages of (task, whether it has a prediction, whether that was right, answer).

        The answer is JSON as it is kept, and not read: comparing is all that is done with most.
        """
        o = t.outcomes.c
        text = sa.type_coerce(sa.cast(o.answer, sa.Text), sa.Text)
        last = -1
        while True:
            query = sa.select(o.task_id, o.ok, o.right, text).where(
                o.run_id == run_id, o.task_id > last, _is_shown(run_id)
            )
            with self._db.read() as c:
                rows = c.execute(query.order_by(o.task_id).limit(ANSWERS_AT_ONCE)).all()
            if not rows:
                return
            last = rows[-1][0]
            yield [tuple(row) for row in rows]


def _fits(wanted: ResultFilter, below: float) -> sa.ColumnElement[bool]:
    o = t.outcomes.c
    match wanted:
        case ResultFilter.WRONG:
            return o.right.is_(False)
        case ResultFilter.RIGHT:
            return o.right.is_(True)
        case ResultFilter.REVIEW:
            return sa.or_(o.flagged.is_(True), o.score < below)
        case ResultFilter.ERROR:
            return o.ok.is_(False)
        case ResultFilter.ALL:
            return sa.true()


def _is_shown(run_id: int) -> sa.ColumnElement[bool]:
    """Return what holds of outcomes that people may see: those of a promise sample once opened."""
    project = sa.select(t.runs.c.project_id).where(t.runs.c.id == run_id).scalar_subquery()
    return t.outcomes.c.task_id.not_in(closed_in(project))


def _where(chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    o, p = t.outcomes.c, t.class_pairs.c
    where = [
        o.run_id == chosen.run_id,
        _fits(chosen.filter, chosen.below),
        _is_shown(chosen.run_id),
    ]
    if chosen.task_ids is not None:
        where.append(o.task_id.in_(chosen.task_ids))
    if chosen.cell is not None:
        control, truth, given = _storable(chosen.cell)
        query = sa.select(p.task_id).where(
            p.run_id == chosen.run_id,
            p.control == control,
            p.cell == _key(control, truth, given),
        )
        where.append(o.task_id.in_(query))
    return where


def _plain(order: str, chosen: Chosen) -> str:
    """Return the order that comes to the same without sorting: what is all alike is by task."""
    alike = chosen.filter in (ResultFilter.WRONG, ResultFilter.RIGHT)
    return "task" if order == MISMATCH and alike else order


def _columns(order: str) -> list[tuple[sa.ColumnElement[Any], bool]]:
    """Return what an order sorts by, and whether upwards."""
    o = t.outcomes.c
    if order == "score":
        return [(o.score.is_(None), True), (o.score, True), (o.task_id, True)]
    if order == MISMATCH:
        return [(_RANK, True), (o.task_id, True)]
    return [(o.task_id, order == "task")]


def _beyond(order: str, place: Place, *, forward: bool) -> sa.ColumnElement[bool]:
    """Return what holds of the outcomes after a place, or of those before it."""
    score, task_id = t.outcomes.c.score, t.outcomes.c.task_id
    if order in ("task", "-task"):
        up = forward == (order == "task")
        return task_id > place.task_id if up else task_id < place.task_id
    further = task_id > place.task_id if forward else task_id < place.task_id
    if order == MISMATCH:
        rank, here = _RANK, _UNKNOWN if place.score is None else place.score
        beyond = rank > here if forward else rank < here
        return sa.or_(beyond, sa.and_(rank == here, further))
    if place.score is None:
        return sa.and_(score.is_(None), further) if forward else sa.or_(score.is_not(None), further)
    same = sa.and_(score == place.score, further)
    if forward:
        return sa.or_(score > place.score, same, score.is_(None))
    return sa.or_(score < place.score, same)


# Judging


def _keep(c: sa.Connection, run_id: int, judged: Sequence[JudgedOutcome]) -> None:
    o = t.outcomes.c
    for right in (True, False, None):
        for part in _parts([each.task_id for each in judged if each.right is right]):
            c.execute(
                sa.update(t.outcomes)
                .where(o.run_id == run_id, o.task_id.in_(part), o.right.is_distinct_from(right))
                .values(right=right)
            )
    rows = [row for each in judged for row in _pair_rows(run_id, each)]
    # Two processes may judge a run at once; they find the same.
    insert_ignoring(c, t.class_pairs, rows)


def _forget(c: sa.Connection, run_id: int, kept: Collection[int]) -> None:
    """Forget whether all other tasks were right."""
    o = t.outcomes.c
    known = sa.select(o.task_id).where(o.run_id == run_id, o.right.is_not(None))
    gone = [each for each in c.execute(known).scalars() if each not in kept]
    for part in _parts(gone):
        mine = (o.run_id == run_id, o.task_id.in_(part))
        c.execute(sa.update(t.outcomes).where(*mine).values(right=None))


def _pair_rows(run_id: int, judged: JudgedOutcome) -> Iterator[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for cell, n in judged.pairs.items():
        control, truth, given = _storable(cell)
        key = _key(control, truth, given)
        row = {"control": control, "cell": key, "truth": truth, "given": given, "n": 0}
        # Two texts may be the same once they are storable.
        found.setdefault(key, {"run_id": run_id, "task_id": judged.task_id, **row})["n"] += n
    yield from found.values()


def _storable(cell: Cell) -> Cell:
    control, truth, given = cell
    return (
        storable(control),
        None if truth is None else storable(truth),
        None if given is None else storable(given),
    )


def _key(*cell: str | None) -> str:
    return hashlib.sha256(json.dumps(cell).encode()).hexdigest()[:32]


def _parts(task_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(task_ids), IDS_AT_ONCE):
        yield task_ids[start : start + IDS_AT_ONCE]
