"""The report of a run: all there is to know of it, for somebody who has neither server nor data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml_backend.records.metrics import Effort
from ml_backend.records.runs import Run
from ml_backend.records.tasks import Failure


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """A control of a task that was answered wrongly; what is long is cut."""

    task: int
    control: str
    truth: Any
    """Of several right answers the one it agrees with best."""
    given: Any


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with what it took, what it got wrong and what failed."""

    run: Run
    project: str
    """What the project is called."""
    effort: Effort
    wrong: tuple[WrongAnswer, ...]
    """Against the truths as they are now."""
    wrong_left_out: int
    """Tasks answered wrongly that are not listed."""
    wrong_unknown: str
    """Why wrong answers could not be listed, "" where they could."""
    failures: tuple[Failure, ...]
    failures_left_out: int
    made_at: str
