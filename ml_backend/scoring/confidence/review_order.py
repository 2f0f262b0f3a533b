"""Where people should look first: what is least sure, and of every kind something soon.

Least sure first alone may be an hour of one class that a model is bad at, so every other place goes
to the class that was not shown for longest, to what is least sure of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from math import isnan


@dataclass(frozen=True, slots=True)
class Unsure:
    """A task that people may look at."""

    task_id: int
    confidence: float | None
    """None where nothing is known of it: such tasks are the least sure."""
    group: Hashable
    """The predicted class, or what else makes a kind; None for no prediction is a kind too."""


def review_order(tasks: Iterable[Unsure], *, size: int | None = None) -> list[int]:
    """Return the ids of the first ``size`` tasks to look at, all of them without a size.

    Deterministic: what is equally sure is ordered by its id. Of K kinds each is in the first 2 K.
    """
    surest_last = sorted(tasks, key=_rank)
    most = len(surest_last) if size is None else min(size, len(surest_last))
    kinds: dict[Hashable, deque[Unsure]] = {}
    for task in surest_last:
        kinds.setdefault(task.group, deque()).append(task)
    waiting = deque(kinds)  # the kind that was not shown for longest is first
    found: dict[int, None] = {}
    least_sure = (task for task in surest_last if task.task_id not in found)
    while len(found) < most:
        task = kinds[waiting[0]][0] if len(found) % 2 else next(least_sure)
        found[task.task_id] = None
        kinds[task.group].popleft()  # of its kind it was the least sure, either way
        waiting.remove(task.group)
        if kinds[task.group]:
            waiting.append(task.group)
    return list(found)


def _rank(task: Unsure) -> tuple[float, int]:
    known = task.confidence is not None and not isnan(task.confidence)
    return (float(task.confidence or 0.0) if known else float("-inf"), task.task_id)
