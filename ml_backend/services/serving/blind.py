"""Tasks of promise samples are labelled without a look at any prediction: they are given none."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.errors import AnswerError
from ml_backend.records import Outcome, Task
from ml_backend.store import Store


def shown_tasks(store: Store, project_id: int, tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that may be given a prediction."""
    withheld = store.promises.withheld_tasks(project_id)
    return [task for task in tasks if task.id not in withheld]


def require_shown(shown: Sequence[Task], tasks: Sequence[Task]) -> None:
    """Raise AnswerError where a person asks in the editor for what they must not see."""
    if len(shown) < len(tasks):
        among = {task.id for task in shown}
        first = next(task.id for task in tasks if task.id not in among)
        raise AnswerError(
            f"Task {first} is in a promise sample: it is labelled without a look at any answer."
        )


def in_places(
    tasks: Sequence[Task], shown: Sequence[Task], outcomes: Sequence[Outcome | None]
) -> tuple[Outcome | None, ...]:
    """Return one outcome for each task, None for those that are given none.

    By their places: a caller may send two tasks with one id.
    """
    among, following = {task.id for task in shown}, iter(outcomes)
    return tuple(next(following) if task.id in among else None for task in tasks)
