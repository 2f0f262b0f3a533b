"""Outcomes of a run's tasks, and the cache of paid answers; written together, in groups."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ml_backend.records import (
    AskedAgain,
    CallRecord,
    Failure,
    FailureKind,
    Outcome,
    Prediction,
    Problem,
    Totals,
    Usage,
)
from ml_backend.records.confidence import confidence_json, confidence_of
from ml_backend.records.run_json import again_json, again_of, opinions_json, opinions_of
from ml_backend.store import tables as t
from ml_backend.store.believable import (
    COSTS,
    COUNTS,
    believable,
    believable_cost,
    believable_sum,
)
from ml_backend.store.database import Database, insert_ignoring, storable
from ml_backend.store.paid_answers import (
    USAGE,
    CachedAnswer as CachedAnswer,
    answer_rows,
    read_answer,
    usage_columns,
    usage_of,
)
from ml_backend.store.run_columns import NOTHING_TO_TELL

FEW = 500
"""Tasks that are asked for by name; of more than these everything is read and picked from."""


class OutcomeStore:
    """Queries over outcomes and cached answers."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self, run_id: int, outcomes: Sequence[Outcome], cached: Sequence[CachedAnswer] = ()
    ) -> None:
        """Commit outcomes and paid answers in one transaction; a task's first outcome stands."""
        with self._db.write() as c:
            insert_ignoring(c, t.outcomes, [_columns(run_id, outcome) for outcome in outcomes])
            insert_ignoring(c, t.answers, answer_rows(cached))

    def add_answers(self, cached: Sequence[CachedAnswer]) -> None:
        """Commit paid answers that belong to no run."""
        with self._db.write() as c:
            insert_ignoring(c, t.answers, answer_rows(cached))

    def forget(self, run_id: int, kinds: Collection[FailureKind]) -> int:
        """Drop failures of these kinds so that their tasks are asked again; return how many."""
        o, p = t.outcomes.c, t.class_pairs.c
        mine = (o.run_id == run_id, o.ok.is_(False), o.kind.in_([kind.value for kind in kinds]))
        with self._db.write() as c:
            _keep_spent(c, run_id, _sums(c, *mine))
            tasks = sa.select(o.task_id).where(*mine)
            c.execute(sa.delete(t.class_pairs).where(p.run_id == run_id, p.task_id.in_(tasks)))
            return c.execute(sa.delete(t.outcomes).where(*mine)).rowcount

    def request_keys(self, run_id: int) -> dict[int, str]:
        """Return by task the key of the request its outcome answers."""
        columns = (t.outcomes.c.task_id, t.outcomes.c.request_key)
        with self._db.read() as c:
            rows = c.execute(sa.select(*columns).where(t.outcomes.c.run_id == run_id))
            return {row.task_id: row.request_key for row in rows}

    def forget_tasks(
        self, run_id: int, task_ids: Sequence[int], *, unfitting: bool = False
    ) -> None:
        """Drop all that a run holds of tasks that it asks again; what that cost stays counted.

        ``unfitting``: since the labeling config changed, and not the tasks.
        """
        o = t.outcomes.c
        with self._db.write() as c:
            for start in range(0, len(task_ids), 500):
                chunk = task_ids[start : start + 500]
                dropped = _sums(c, o.run_id == run_id, o.task_id.in_(chunk))
                if unfitting:
                    dropped = replace(dropped, unfitting=dropped.answers)
                _keep_spent(c, run_id, dropped)
                for table in (t.outcomes, t.class_pairs, t.kept_predictions):
                    c.execute(
                        sa.delete(table).where(table.c.run_id == run_id, table.c.task_id.in_(chunk))
                    )

    def add_spent(self, run_id: int, usage: Usage, cost: float | None) -> None:
        """Count what was spent on a task that got no outcome."""
        with self._db.write() as c:
            _keep_spent(c, run_id, AskedAgain(usage=usage, cost=cost))

    def task_ids(self, run_id: int) -> set[int]:
        """Return the tasks that have an outcome, good or bad."""
        with self._db.read() as c:
            return set(
                c.execute(
                    sa.select(t.outcomes.c.task_id).where(t.outcomes.c.run_id == run_id)
                ).scalars()
            )

    def verdicts(self, run_id: int) -> tuple[set[int], set[int], set[int]]:
        """Return task ids of (successes, definite failures, successes already published)."""
        good: set[int] = set()
        definite: set[int] = set()
        published: set[int] = set()
        columns = (t.outcomes.c.task_id, t.outcomes.c.ok, t.outcomes.c.kind, t.outcomes.c.published)
        with self._db.read() as c:
            for row in c.execute(sa.select(*columns).where(t.outcomes.c.run_id == run_id)):
                if row.ok:
                    good.add(row.task_id)
                    if row.published:
                        published.add(row.task_id)
                elif FailureKind(row.kind).is_definite:
                    definite.add(row.task_id)
        return good, definite, published

    def mark_published(self, run_id: int) -> None:
        with self._db.write() as c:
            c.execute(
                sa.update(t.outcomes)
                .where(t.outcomes.c.run_id == run_id, t.outcomes.c.ok.is_(True))
                .values(published=True)
            )

    def mark_deleted(self, run_id: int, task_ids: Collection[int]) -> None:
        """Note whose tasks are gone from Label Studio; all others' are there."""
        o = t.outcomes.c
        gone = sorted(task_ids)
        with self._db.write() as c:
            known = (o.run_id == run_id, o.task_deleted.is_(True))
            c.execute(sa.update(t.outcomes).where(*known).values(task_deleted=False))
            for start in range(0, len(gone), 500):
                these = (o.run_id == run_id, o.task_id.in_(gone[start : start + 500]))
                c.execute(sa.update(t.outcomes).where(*these).values(task_deleted=True))

    def iter(
        self,
        run_id: int,
        *,
        ok: bool | None = None,
        task_ids: Collection[int] | None = None,
        page: int = 2000,
    ) -> Iterator[Outcome]:
        """Yield a run's outcomes by task id, read in pages."""
        last = -1
        wanted = set(task_ids) if task_ids is not None else None
        while True:
            query = (
                sa.select(t.outcomes)
                .where(t.outcomes.c.run_id == run_id, t.outcomes.c.task_id > last)
                .order_by(t.outcomes.c.task_id)
                .limit(page)
            )
            if ok is not None:
                query = query.where(t.outcomes.c.ok.is_(ok))
            if wanted is not None and len(wanted) <= FEW:
                query = query.where(t.outcomes.c.task_id.in_(wanted))
            with self._db.read() as c:
                rows = c.execute(query).all()
            for row in rows:
                if wanted is None or row.task_id in wanted:
                    yield read_outcome(row)
            if len(rows) < page:
                return
            last = rows[-1].task_id

    def newest(
        self, run_ids: Sequence[int], task_ids: Collection[int] | None = None
    ) -> dict[int, Outcome]:
        """Return by task the outcome of the last of these runs that has one."""
        found: dict[int, Outcome] = {}
        for run_id in sorted(run_ids):
            for outcome in self.iter(run_id, task_ids=task_ids):
                found[outcome.task_id] = outcome
        return found

    def usage(self, run_id: int) -> dict[int, tuple[Usage, str]]:
        """Return by task what an answer that was paid for took, and the key of its request."""
        o = t.outcomes.c
        columns = (o.task_id, o.prompt_tokens, o.completion_tokens, o.request_key)
        query = sa.select(*columns).where(
            o.run_id == run_id,
            o.cached.is_(False),
            o.uncounted == 0,
            o.prompt_tokens.between(1, COUNTS),
            o.completion_tokens.between(0, COUNTS),
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
        return {
            row.task_id: (Usage(row.prompt_tokens, row.completion_tokens), row.request_key)
            for row in rows
        }

    def totals(self, run_id: int) -> Totals:
        """Add up a run from its outcomes: the truth that counters kept while running follow."""
        o = t.outcomes.c
        query = (
            sa.select(
                o.ok,
                o.kind,
                o.task_deleted,
                sa.func.count().label("n"),
                sa.func.sum(sa.cast(o.cached, sa.Integer)).label("cached"),
                *_spent_columns(),
            )
            .where(o.run_id == run_id)
            .group_by(o.ok, o.kind, o.task_deleted)
        )
        with self._db.read() as c:
            rows = c.execute(query).all()
            again = again_of(_spent(c, run_id))
        priced = all(row.priced == row.n for row in rows) and again.cost is not None
        # What was asked was paid for, whatever became of its task.
        standing = [row for row in rows if not row.task_deleted]
        return Totals(
            succeeded=sum(row.n for row in standing if row.ok),
            failed=sum(row.n for row in standing if not row.ok),
            deleted=sum(row.n for row in rows if row.task_deleted),
            cached=sum(row.cached or 0 for row in rows),
            usage=sum(map(_taken, rows), again.usage),
            cost=sum((row.cost or 0.0 for row in rows), again.cost or 0.0) if priced else None,
            failures={row.kind: row.n for row in standing if not row.ok},
            again=again,
            nothing_to_tell=sum(
                row.n for row in standing if row.ok and row.kind == NOTHING_TO_TELL
            ),
        )

    def find_answers(self, keys: Sequence[str]) -> dict[str, CachedAnswer]:
        """Return the cached answers among many keys, in few queries."""
        found: dict[str, CachedAnswer] = {}
        with self._db.read() as c:
            for start in range(0, len(keys), 500):
                chunk = keys[start : start + 500]
                for row in c.execute(sa.select(t.answers).where(t.answers.c.key.in_(chunk))):
                    found[row.key] = read_answer(row)
        return found

    # Kept predictions: rows deleted together with their label, to be imported again unchanged.

    def keep(self, run_id: int, rows: Sequence[dict[str, Any]]) -> None:
        """Commit copies of predictions before their label is deleted."""
        with self._db.write() as c:
            insert_ignoring(c, t.kept_predictions, [{"run_id": run_id, **row} for row in rows])

    def kept(self, run_id: int) -> list[dict[str, Any]]:
        query = sa.select(t.kept_predictions).where(t.kept_predictions.c.run_id == run_id)
        with self._db.read() as c:
            return [dict(row._mapping) for row in c.execute(query)]

    def drop_kept(self, run_id: int) -> None:
        with self._db.write() as c:
            c.execute(sa.delete(t.kept_predictions).where(t.kept_predictions.c.run_id == run_id))


def drop_tasks(c: sa.Connection, run_id: int, task_ids: Sequence[int]) -> int:
    """Drop what a run holds of at most 500 tasks, for good; what they cost stays counted."""
    o = t.outcomes.c
    spent = _sums(c, o.run_id == run_id, o.task_id.in_(task_ids))
    _keep_spent(c, run_id, AskedAgain(usage=spent.usage, cost=spent.cost))
    gone = 0
    for table in (t.class_pairs, t.kept_predictions, t.outcomes):
        mine = (table.c.run_id == run_id, table.c.task_id.in_(task_ids))
        gone = c.execute(sa.delete(table).where(*mine)).rowcount
    return gone


def _sums(c: sa.Connection, *where: sa.ColumnElement[bool]) -> AskedAgain:
    """What some outcomes have cost; what was never asked, such as an empty task, is no answer."""
    o = t.outcomes.c
    asked = sa.or_(o.ok, o.cached, o.calls > 0, o.prompt_tokens > 0)
    row = c.execute(
        sa.select(
            sa.func.count().label("n"),
            sa.func.coalesce(sa.func.sum(sa.cast(asked, sa.Integer)), 0).label("asked"),
            sa.func.coalesce(
                sa.func.sum(sa.cast(sa.and_(asked, sa.not_(o.cached)), sa.Integer)), 0
            ).label("paid"),
            *_spent_columns(),
        ).where(*where)
    ).one()
    return AskedAgain(
        answers=row.asked,
        paid=row.paid,
        usage=_taken(row),
        cost=row.cost if row.priced == row.n else None,
    )


def _taken(row: Any) -> Usage:
    """The tokens of a row of sums, which are floating-point numbers."""
    counts = {name: int(getattr(row, name)) for name in (*USAGE, "uncounted")}
    return Usage(**counts)


def _spent_columns() -> list[sa.Label[Any]]:
    """Sums of what outcomes took and cost, and of how many of them the cost is known."""
    o = t.outcomes.c
    return [
        *(believable_sum(o[name], COUNTS).label(name) for name in (*USAGE, "uncounted")),
        believable_sum(o.cost, COSTS).label("cost"),
        sa.func.count(believable(o.cost, COSTS)).label("priced"),
    ]


def _spent(c: sa.Connection, run_id: int) -> Any:
    return c.execute(sa.select(t.runs.c.again).where(t.runs.c.id == run_id)).scalar()


def _keep_spent(c: sa.Connection, run_id: int, more: AskedAgain) -> None:
    """Add to what a run spent without an outcome to show for it, in the caller's transaction."""
    if more == AskedAgain():
        return
    spent = again_of(_spent(c, run_id)) + more
    c.execute(sa.update(t.runs).where(t.runs.c.id == run_id).values(again=again_json(spent)))


def _columns(run_id: int, outcome: Outcome) -> dict[str, Any]:
    asked = outcome.asked
    common = {
        "run_id": run_id,
        "task_id": outcome.task_id,
        "published": False,
        "raw": storable(outcome.raw),
        **usage_columns(asked.usage),
        "uncounted": asked.usage.uncounted,
        "cost": asked.cost,
        "latency": asked.latency,
        "calls": asked.calls,
        "cached": asked.cached,
        "request_key": asked.request_key,
        "opinions": opinions_json(outcome.opinions),
    }
    if isinstance(outcome, Prediction):
        problems = [{"control": p.control, "message": p.message} for p in outcome.problems]
        return common | {
            "ok": True,
            "kind": "" if outcome.result else NOTHING_TO_TELL,
            "message": "",
            "answer": outcome.answer,
            "result": outcome.result,
            "score": outcome.score,
            "confidence": confidence_json(outcome.confidence),
            "problems": problems,
            "flagged": bool(problems),
        }
    return common | {
        "ok": False,
        "kind": outcome.kind.value,
        "message": storable(outcome.message),
        "answer": None,
        "result": None,
        "score": None,
        "confidence": None,
        "problems": None,
        "flagged": outcome.kind is FailureKind.INVALID_ANSWER,
    }


def read_outcome(row: Any) -> Outcome:
    """Return the outcome of a whole row."""
    asked = CallRecord(
        usage=usage_of(row, row.uncounted),
        cost=believable_cost(row.cost),
        latency=row.latency,
        calls=row.calls,
        cached=row.cached,
        request_key=row.request_key,
    )
    opinions = opinions_of(row.opinions)
    if row.ok:
        problems = tuple(Problem(p["control"], p["message"]) for p in row.problems or ())
        sure = confidence_of(row.confidence)
        said = (row.answer, row.result, row.score, problems, asked, row.raw, sure, opinions)
        return Prediction(row.task_id, *said)
    return Failure(row.task_id, FailureKind(row.kind), row.message, row.raw, asked, opinions)
