"""What events hint at is looked into a while later and made true here.

What they may concern is read from Label Studio again with our own key.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from ml_backend.errors import ConfigError, LabelStudioError, LabelStudioNotFound
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.records import read_moment
from ml_backend.services.checking import follow_checks
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.events.event_queue import (
    ANNOTATIONS_DELETED,
    HINT_SETTLED,
    IMPORT_SETTLED,
    IMPORTS,
    OF_TASKS,
    SERVER_STARTED,
    START_TRAINING,
    TASKS_CREATED,
    EventQueue,
)
from ml_backend.services.events.follow import LONGEST_BURST, QUIET_AFTER_IMPORT
from ml_backend.services.events.start_training import StartTraining
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.reviewing.review_first import APART, QUIET
from ml_backend.services.serving.project_cache import keep_instruction
from ml_backend.services.writing.lease import Lease, NamedLease
from ml_backend.services.writing.patience import Interrupted
from ml_backend.store import Event, Store

log = logging.getLogger(__name__)

QUIET_SECONDS = 1.0
"""Without a further event before a project's events are looked into …"""

LONGEST_WAIT = 10.0
"""… but no later than this after the first."""

MANY_TASKS = 200
"""More tasks than this are read with all others rather than by their ids."""

LONGEST_PAUSE = 300.0

SETTLE_SECONDS = 60.0
"""Label Studio tells of an import from within its transaction, and may then count for long."""


class EventWorker:
    """Works events off; ``pool_changed`` is called when examples changed."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        events: EventQueue,
        predictor_factory: PredictorFactory,
        examples: ExamplePool,
        evaluation: Evaluation,
        training: StartTraining,
        *,
        pool_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._studio = studio
        self._events = events
        self._predictor_factory = predictor_factory
        self._examples = examples
        self._evaluation = evaluation
        self._training = training
        self._pool_changed = pool_changed
        self._pauses: dict[int, tuple[float, float]] = {}
        """Project -> seconds of its last pause, and when that ends."""
        self._unsettled: list[tuple[float, Event]] = []
        """Imports to look at once more, and when; lost with the process, whose heir reads all."""
        self._begun = False
        self._closed = threading.Event()
        self._hold: NamedLease | None = None

    def work(self) -> None:
        """Look into every project whose events have ceased for now."""
        self._begin()
        self._events.recover_lost()
        self._look_again()
        now = time.time()
        waiting = self._store.events.projects(
            quiet_since=now - QUIET_SECONDS, waiting_since=now - LONGEST_WAIT
        )
        for project_id in waiting:
            if self._closed.is_set():
                return
            if self._pauses.get(project_id, (0.0, 0.0))[1] <= time.time():
                self._attend(project_id)

    def close(self) -> None:
        """Begin nothing more, and leave what is under way to another server."""
        self._closed.set()
        hold = self._hold
        if hold is not None:
            hold.let_go()

    def _begin(self) -> None:
        """Once after the start: what happened while no server was up was told to nobody."""
        if self._begun:
            return
        self._store.projects.forget_examples()
        for project_id in self._store.contacts.projects():
            self._store.events.add(project_id, SERVER_STARTED)
        self._store.follows.put_off(None, quiet=QUIET_AFTER_IMPORT, longest=LONGEST_BURST)
        self._begun = True

    def _look_again(self) -> None:
        while self._unsettled and self._unsettled[0][0] <= time.time():
            event = self._unsettled[0][1]
            again = HINT_SETTLED if event.is_hint else IMPORT_SETTLED
            self._store.events.add(event.project_id, again, task_ids=event.task_ids)
            del self._unsettled[0]

    def _attend(self, project_id: int) -> None:
        self._hold = NamedLease(self._store, f"fit:{project_id}")
        began = time.monotonic()
        try:
            with self._hold as lease:
                if lease is not None:
                    self._look_into(project_id, lease)
            # Label Studio gets as much rest as its reading took, whoever sends events.
            self._pauses[project_id] = (1.0, time.time() + time.monotonic() - began)
        except (LabelStudioError, Interrupted) as error:
            log.warning("project %s: %s", project_id, error)
            self._pause(project_id)
        except Exception:  # one project must not keep the others waiting
            log.exception("project %s: its events could not be looked into", project_id)
            self._pause(project_id)
        finally:
            self._hold = None

    def _pause(self, project_id: int) -> None:
        seconds = min(LONGEST_PAUSE, 2 * self._pauses.get(project_id, (1.0, 0.0))[0])
        self._pauses[project_id] = (seconds, time.time() + seconds)

    def _look_into(self, project_id: int, lease: Lease[str]) -> None:
        events = self._store.events.of_project(project_id)
        try:
            project = self._studio.get_project(project_id)
        except LabelStudioNotFound as error:
            self._studio.version()  # raises when it is no Label Studio that does not know it
            self._forget(project_id, error)
        else:
            _require(lease)
            keep_instruction(self._store, project)
            self._update_pool(project, events)
            _require(lease)
            actions = {event.action for event in events}
            told = {event.action for event in events if not event.is_hint}
            hinted = actions & (IMPORTS | {HINT_SETTLED})
            if told & IMPORTS or (hinted and self._has_newer_tasks(project_id)):
                self._store.follows.put_off(
                    project_id, quiet=QUIET_AFTER_IMPORT, longest=LONGEST_BURST
                )
            if actions & (OF_TASKS | {IMPORT_SETTLED, HINT_SETTLED, SERVER_STARTED}):
                self._store.review_tabs.hasten(project_id, quiet=QUIET, apart=APART)
                self._store.guards.hasten(project_id, quiet=follow_checks.QUIET)
            if START_TRAINING in actions:
                self._training.start(project)
            due = time.time() + SETTLE_SECONDS
            self._unsettled += [(due, each) for each in events if each.action == TASKS_CREATED]
        self._store.events.remove(events)

    def _has_newer_tasks(self, project_id: int) -> bool:
        """Return whether Label Studio has tasks that no follow of the project has seen.

        Who hints at an import without a secret cannot begin a run: only what is there does.
        """
        follows = [each for each in self._store.follows.all() if each.project_id == project_id]
        if not follows:
            return False
        newest = tuple(self._studio.newest_task(project_id))
        made_at = read_moment(str(newest[1])) if newest else None
        runs = self._store.runs.search(project_id=project_id)
        plans = (run.plan.project for run in runs if run.options.follow)
        seen = next((plan.newest_task for plan in plans if plan is not None), None)
        if seen is not None:
            return newest != seen
        since = min(follow.since for follow in follows)
        return made_at is not None and made_at > since

    def _forget(self, project_id: int, error: LabelStudioNotFound) -> None:
        log.warning("project %s: %s", project_id, error)
        revision = self._store.examples.revision(project_id)
        self._store.examples.replace(project_id, [], revision=revision)
        self._store.projects.forget_examples(project_id)
        for follow in self._store.follows.all():
            if follow.project_id == project_id:
                self._store.follows.take(follow)
                self._store.follows.say(follow, str(error))

    # The example pool

    def _update_pool(self, project: Project, events: Sequence[Event]) -> None:
        try:
            config = self._predictor_factory.config_of(project)
        except ConfigError as error:
            log.warning("project %s: no examples are read: %s", project.id, error)
            self._store.projects.forget_examples(project.id)
            return
        tasks = self._concerned(project.id, events)
        whole = tasks is None or not self._examples.is_whole(project.id, config)
        if not whole and not tasks:
            return
        before = self._store.examples.ground_truth(project.id)
        revision = self._store.examples.revision(project.id)
        self._read_again(project.id, config, None if whole else tasks)
        self._pool_changed()
        # Of a pool that was never read nobody can say that it changed.
        outdated = self._evaluation.mark_outdated(project.id, before) if revision else []
        if outdated:
            log.info("project %s: the ground truth changed: runs %s", project.id, outdated)

    def _read_again(
        self, project_id: int, config: LabelingConfig, tasks: Sequence[int] | None
    ) -> None:
        if tasks is None:
            done = self._examples.refresh_all(project_id, config)
        else:
            done = self._examples.refresh_tasks(project_id, config, tasks)
        if not done:
            raise LabelStudioError("The examples changed whenever they were read; trying again.")

    def _concerned(self, project_id: int, events: Sequence[Event]) -> list[int] | None:
        """Return the tasks whose annotations may have changed, None for all."""
        tasks: set[int] = set()
        for event in events:
            if event.action == SERVER_STARTED:
                return None
            if event.action not in OF_TASKS | IMPORTS | {HINT_SETTLED}:
                continue
            if event.task_ids is None and event.annotation_ids is None:
                return None
            tasks.update(event.task_ids or ())
            if event.task_ids is None:
                if event.action != ANNOTATIONS_DELETED:
                    return None
                # What is gone comes without its task; a strange annotation was no example.
                annotations = event.annotation_ids or ()
                tasks.update(self._store.examples.tasks_of(project_id, annotations))
            if len(tasks) > MANY_TASKS:
                return None
        return sorted(tasks)


def _require(lease: Lease[str]) -> None:
    if not lease.is_held():
        raise Interrupted("Another server looks into its events.")
