"""The state of everything in a few sums: what a monitor asks every few seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ml_backend.records import RunStatus, Usage
from ml_backend.store import tables as t
from ml_backend.store.believable import COSTS, COUNTS, believable, believable_sum
from ml_backend.store.database import Database
from ml_backend.store.run_columns import failures_of

OPEN = (RunStatus.PENDING.value, RunStatus.IN_PROGRESS.value)


@dataclass(frozen=True, slots=True)
class OpenRun:
    """How far a run that has not ended is; ``done`` counts successes and failures."""

    id: int
    project_id: int
    total: int
    done: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts and sums over all runs in the store; those of a deleted prompt are gone."""

    runs: Mapping[str, int]
    """Status -> runs."""
    succeeded: int
    failures: Mapping[str, int]
    """Failure kind -> tasks of runs."""
    usage: Usage
    cost: float
    """Dollars, of the runs whose cost is known."""
    unpriced: int
    """Runs that cost something unknown."""
    open_runs: Sequence[OpenRun]


class SummaryStore:
    """A few short queries; outcomes, of which there may be very many, are never read."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def read(self) -> Summary:
        """Return where everything stands, from the totals that each run keeps of itself."""
        r = t.runs.c
        by_status = sa.select(
            r.status,
            sa.func.count().label("runs"),
            sa.func.sum(r.succeeded).label("succeeded"),
            believable_sum(r.prompt_tokens, COUNTS).label("prompt_tokens"),
            believable_sum(r.completion_tokens, COUNTS).label("completion_tokens"),
            believable_sum(r.uncounted, COUNTS).label("uncounted"),
            believable_sum(r.cost, COSTS).label("cost"),
            (sa.func.count() - sa.func.count(believable(r.cost, COSTS))).label("unpriced"),
        ).group_by(r.status)
        open_runs = (
            sa.select(
                r.id,
                r.project_id,
                r.total,
                (r.succeeded + r.failed + r.tasks_deleted).label("done"),
            )
            .where(r.status.in_(OPEN))
            .order_by(r.id)
        )
        failures: Counter[str] = Counter()
        with self._db.read() as c:
            rows = c.execute(by_status).all()
            going = [OpenRun(*row) for row in c.execute(open_runs)]
            for kinds in c.execute(sa.select(r.failures).where(r.failed > 0)).scalars():
                failures.update(failures_of(kinds))
        return Summary(
            runs={row.status: row.runs for row in rows},
            succeeded=sum(row.succeeded for row in rows),
            failures=dict(failures),
            usage=Usage(
                int(sum(row.prompt_tokens for row in rows)),
                int(sum(row.completion_tokens for row in rows)),
                int(sum(row.uncounted for row in rows)),
            ),
            cost=sum(row.cost for row in rows),
            unpriced=sum(row.unpriced for row in rows),
            open_runs=going,
        )

    def predict_failures(self) -> dict[str, int]:
        """Return failure kind -> tasks on which ``/predict`` failed last.

        Whether a run has answered them since would take a look at their outcomes.
        """
        kind = t.predict_failures.c.kind
        with self._db.read() as c:
            rows = c.execute(sa.select(kind, sa.func.count()).group_by(kind).order_by(kind)).all()
        return {row[0]: int(row[1]) for row in rows}
