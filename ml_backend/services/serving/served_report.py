"""What the log says of a batch that was answered."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from ml_backend.records import Failure, FailureKind, Outcome, Prediction

log = logging.getLogger(__name__)

# What a model said of a task may quote it, and logs never hold task texts.
QUOTES_THE_TASK = frozenset({FailureKind.INVALID_ANSWER, FailureKind.REFUSED})


def report(project_id: int, label: str, outcomes: Sequence[Outcome | None]) -> Counter[str]:
    """Log what became of the tasks of a batch; return how many were "ok" and how many not."""
    failures = [each for each in outcomes if isinstance(each, Failure)]
    counts = Counter(failure.kind.value for failure in failures)
    counts["ok"] = sum(isinstance(each, Prediction) for each in outcomes)
    counts["not_reached"] = sum(each is None for each in outcomes)
    counts = +counts
    shown = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    log.info("project %s, %s: %d tasks: %s", project_id, label, len(outcomes), shown)
    for kind in {failure.kind for failure in failures}:
        alike = [failure for failure in failures if failure.kind is kind]
        ids = ", ".join(str(failure.task_id) for failure in alike[:20])
        why = "" if kind in QUOTES_THE_TASK else f": {alike[0].message[:300]}"
        log.warning("no prediction (%s) for %d tasks (%s)%s", kind.value, len(alike), ids, why)
    return counts
