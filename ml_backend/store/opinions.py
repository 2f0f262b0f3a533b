"""What each of several versions said that answered a run together, added up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from ml_backend.records import Opinion
from ml_backend.records.run_json import opinions_of
from ml_backend.store import tables as t
from ml_backend.store.database import Database

PAGE = 2_000


@dataclass(frozen=True, slots=True)
class MemberTotals:
    """What one of a run's versions was asked, and what became of it."""

    version_id: int
    title: str
    asked: int = 0
    stands: int = 0
    """Tasks whose answer is this version's, or that of a vote and its own alike."""
    failed: int = 0
    cached: int = 0
    cost: float | None = 0.0
    """Dollars, None where that of any call is unknown."""

    def plus(self, opinion: Opinion) -> MemberTotals:
        cost = opinion.asked.cost
        known = self.cost is not None and cost is not None
        return MemberTotals(
            self.version_id,
            self.title,
            self.asked + 1,
            self.stands + opinion.stands,
            self.failed + bool(opinion.why),
            self.cached + opinion.asked.cached,
            (self.cost or 0.0) + (cost or 0.0) if known else None,
        )


class OpinionStore:
    """Queries over what several versions said of the tasks of a run."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def totals(self, run_id: int) -> list[MemberTotals]:
        """Return what each version of a run came to, in the order they were named."""
        found: dict[int, MemberTotals] = {}
        for opinions in self._iter(run_id):
            for each in opinions:
                of_it = found.get(each.version_id) or MemberTotals(each.version_id, each.title)
                found[each.version_id] = of_it.plus(each)
        return list(found.values())

    def _iter(self, run_id: int) -> Iterator[tuple[Opinion, ...]]:
        o = t.outcomes.c
        last = -1
        while True:
            query = (
                sa.select(o.task_id, o.opinions)
                .where(o.run_id == run_id, o.task_id > last)
                .order_by(o.task_id)
                .limit(PAGE)
            )
            with self._db.read() as c:
                rows = c.execute(query).all()
            for row in rows:
                yield opinions_of(row.opinions)
            if len(rows) < PAGE:
                return
            last = rows[-1].task_id


def opinion_keys(c: sa.Connection, *where: sa.ColumnElement[bool]) -> set[str]:
    """Return the keys of the requests that versions were asked who answered together."""
    query = sa.select(t.outcomes.c.opinions).where(t.outcomes.c.opinions.is_not(None), *where)
    rows = c.execute(query.execution_options(yield_per=PAGE)).scalars()
    return {each.asked.request_key for row in rows for each in opinions_of(row)} - {""}
