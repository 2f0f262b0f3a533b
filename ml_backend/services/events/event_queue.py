"""What Label Studio's webhooks hint at, queued until it is looked into.

An event is only a hint, which anybody could send. It is taken out of the queue once what it may
concern was read again, so a Label Studio that is away, or a server that dies, costs none of them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum

import sqlalchemy as sa

from ml_backend.store import Store

log = logging.getLogger(__name__)

ANSWER_SECONDS = 0.4
"""How long a webhook waits for its event to be in the queue: Label Studio gives it 1 s."""

ANNOTATIONS_DELETED = "ANNOTATIONS_DELETED"
TASKS_CREATED = "TASKS_CREATED"
START_TRAINING = "START_TRAINING"
PROJECT_UPDATED = "PROJECT_UPDATED"
SERVER_STARTED = "SERVER_STARTED"
"""Our own: anything may have happened while no server was up."""

IMPORT_SETTLED = "IMPORT_SETTLED"
"""Our own: an import was heard of a while ago, and by now Label Studio has committed it."""

HINT_SETTLED = "HINT_SETTLED"
"""Our own: the same of one that was told of without a secret."""

OF_TASKS = frozenset(
    {
        "ANNOTATION_CREATED",
        "ANNOTATION_UPDATED",
        "ANNOTATIONS_CREATED",
        ANNOTATIONS_DELETED,
        "TASKS_DELETED",
        TASKS_CREATED,  # imported tasks may bring annotations along
    }
)
ACTIONS = OF_TASKS | {START_TRAINING, PROJECT_UPDATED}
"""The events that something depends on here, and that may come from outside."""

IMPORTS = frozenset({TASKS_CREATED, IMPORT_SETTLED})
MOST_HINTS = 100
"""Events of a project that may wait when one comes without a secret; of more all is read again."""

MOST_TOLD = 1000
"""Those with what a webhook bears, too: the whole organization can read that in Label Studio."""


class Heard(StrEnum):
    """What became of an event."""

    QUEUED = "queued"
    IGNORED = "ignored"
    LATE = "late"
    """Not in the queue yet; if it never gets there, the project is read again all the same."""


class EventQueue:
    """Hears events and keeps those that something here depends on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queueing = ThreadPoolExecutor(1, thread_name_prefix="events")
        self._lost: set[int] = set()
        """Projects with an event that the database did not take."""
        self._lock = threading.Lock()

    def hear(
        self,
        action: str,
        project_ids: Sequence[int],
        *,
        task_ids: Sequence[int] | None = None,
        annotation_ids: Sequence[int] | None = None,
        is_hint: bool = False,
    ) -> Heard:
        """Queue an event for those of the projects that are ours; always returns at once.

        None for ids means that the event did not say which. One that ``is_hint`` came without a
        secret: few of them wait at a time, and none begins what spends.
        """
        if action not in ACTIONS or not project_ids or (is_hint and action == START_TRAINING):
            return Heard.IGNORED
        keeping: Future[bool] = self._queueing.submit(
            self._keep, action, project_ids, task_ids, annotation_ids, is_hint
        )
        try:
            return Heard.QUEUED if keeping.result(ANSWER_SECONDS) else Heard.IGNORED
        except TimeoutError:
            return Heard.LATE
        except sa.exc.SQLAlchemyError:
            return Heard.LATE

    def _keep(
        self,
        action: str,
        project_ids: Sequence[int],
        task_ids: Sequence[int] | None,
        annotation_ids: Sequence[int] | None,
        is_hint: bool,
    ) -> bool:
        most = MOST_HINTS if is_hint else MOST_TOLD
        try:
            ours = [each for each in project_ids if self._store.projects.concerns_us(each)]
            for project_id in ours:
                self._store.events.add(
                    project_id,
                    action,
                    task_ids=task_ids,
                    annotation_ids=annotation_ids,
                    most=most,
                    is_hint=is_hint,
                )
        except sa.exc.SQLAlchemyError:
            log.exception("event %s could not be queued; its project is read again", action)
            with self._lock:
                self._lost.update(project_ids)
            raise
        return bool(ours)

    def recover_lost(self) -> None:
        """Have the projects read again whose events the database did not take."""
        with self._lock:
            lost = sorted(self._lost)
        for project_id in lost:
            if self._store.projects.concerns_us(project_id):
                self._store.events.add(project_id, SERVER_STARTED)
                # An import may be among what was lost.
                self._store.events.add(project_id, TASKS_CREATED)
            with self._lock:
                self._lost.discard(project_id)
