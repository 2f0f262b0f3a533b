"""How fast a run is, and how long it will still take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ml_backend.records import Run


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Seconds since a run began, its tasks per second, and the seconds it still needs."""

    seconds: float | None
    tasks_per_second: float | None
    seconds_left: float | None
    """None once it has ended, and as long as nothing tells."""


def pace_of(run: Run, now: datetime) -> RunProgress:
    """Return a run's pace; what it does after asking does not count as slowness."""
    if run.started_at is None:
        return RunProgress(None, None, None)
    end = run.completed_at or now
    asking = ((run.asked_at or end) - run.started_at).total_seconds()
    rate = run.totals.done / asking if asking > 0 and run.totals.done else None
    left = max(0, run.totals.total - run.totals.done)
    open_with_rate = rate is not None and run.is_open
    return RunProgress(
        seconds=(end - run.started_at).total_seconds(),
        tasks_per_second=rate,
        seconds_left=left / rate if open_with_rate and rate else None,
    )
