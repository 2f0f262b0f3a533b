"""A follow that accepts by a promise: some go to people first, the rest is accepted, and watched.

The promise is of the tasks it was drawn from; of new ones nothing is promised. So of all that would
be accepted one in 20 is drawn before, labelled by people who see no prediction, and held against
it; never more than 200 tasks are accepted ahead of the last answered check. More wrong ones than
were promised, or a promise that is none any more, end it: the follow goes on predicting.

What is decided is committed before anything is done, so each step may be broken off and done again.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from ml_backend.acting import acting
from ml_backend.errors import LabelStudioNotFound, PromptsError
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import Prompt, Slot
from ml_backend.records.follow_checks import (
    NOT_PROMISED,
    FollowedTask,
    FollowGuard,
    GuardFigures,
    GuardState,
)
from ml_backend.records.promises import Hiding, PromiseSample, PromiseState
from ml_backend.services.accepting.accepting import Accepting
from ml_backend.services.accepting.request import AcceptRequest, check_numbers
from ml_backend.services.accepting.standing_promises import StandingPromises, no_promise
from ml_backend.services.checking.batches import (
    MOST_AHEAD,
    Batches,
    ahead_of,
    drift_of,
    figures_of,
    good_place,
)
from ml_backend.services.checking.check_tab import CheckTab, title_of
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.predictions.selection import select
from ml_backend.services.promises.findings import Findings
from ml_backend.services.promises.promise_samples import PromiseSamples
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.services.writing.writer import Writer
from ml_backend.store import Store

log = logging.getLogger(__name__)

LOOK_AGAIN = 60.0
"""Seconds between looks where no event tells of anything."""
QUIET = 1.0
"""Seconds after an event until checks are looked at."""
TRY_AGAIN = 15.0
WAIT_SECONDS = 5.0
"""How long one look waits for Label Studio, all in all."""

Changed = Callable[[Project, Sequence[int]], None]
"""Told of tasks whose annotations count as truth from now on."""


class FollowChecks:
    """Starts, carries on and ends what follows accept, by the server's own token."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        writer: Writer[ServerLabelStudio],
        prompts: Prompts,
        ownership: Ownership,
        predictor_factory: PredictorFactory,
        promises: StandingPromises,
        samples: PromiseSamples,
        accepting: Accepting[ServerLabelStudio],
        batches: Batches,
        changed: Changed,
        *,
        shutdown: threading.Event,
    ) -> None:
        self._store = store
        self._studio = studio
        self._writer = writer
        self._prompts = prompts
        self._ownership = ownership
        self._predictor_factory = predictor_factory
        self._promises = promises
        self._samples = samples
        self._accepting = accepting
        self._batches = batches
        self._changed = changed
        self._shutdown = shutdown
        self._findings = Findings(store)
        self._tab = CheckTab(store, studio)

    # Asked by people

    def check(self, prompt: Prompt, project: Project, max_error: float, certainty: float) -> None:
        """Raise Conflict, with the next step, where no promise of these numbers holds."""
        self._found(prompt, project, max_error, certainty)

    def start(
        self, prompt: Prompt, project: Project, max_error: float, certainty: float
    ) -> FollowGuard:
        """Have a follow accept what it predicts from now on, in place of what it accepted before.

        Raises InvalidInput for numbers that are no shares, Conflict where nothing is promised.
        """
        sample, threshold = self._found(prompt, project, max_error, certainty)
        self.stop(prompt.id, project.id)
        runs = self._store.runs.search(project_id=project.id, limit=1)
        return self._store.guards.begin(
            project_id=project.id,
            prompt_id=prompt.id,
            version_id=sample.version_id,
            label=sample.label,
            promise_id=sample.id,
            max_error=max_error,
            certainty=certainty,
            threshold=threshold,
            seed=secrets.token_hex(16),
            run_id=runs[0].id if runs else 0,
            created_by=acting().person,
        )

    def stop(self, prompt_id: int, project_id: int) -> None:
        """Accept no more; predictions of open checks come back."""
        guard = self._store.guards.find(prompt_id, project_id)
        if guard is not None and guard.is_accepting:
            self._end(guard, GuardState.STOPPED, "It accepts no more, as a person asked.")

    def find(self, prompt_id: int, project_id: int) -> FollowGuard | None:
        """Return by what a prompt accepts in a project, or did last."""
        return self._store.guards.find(prompt_id, project_id)

    def figures(self, guard: FollowGuard) -> GuardFigures:
        """Return what was accepted and checked so far."""
        return figures_of(guard, self._store.guards.tasks(guard.id))

    def _found(
        self, prompt: Prompt, project: Project, max_error: float, certainty: float
    ) -> tuple[PromiseSample, float]:
        check_numbers(max_error, certainty)
        version = self._prompts.find_version(prompt, None)
        label = self._ownership.expected(prompt, version, Slot.ALL, project.id)
        found = self._promises.find(
            self._studio, project, label, version.id, max_error=max_error, certainty=certainty
        )
        if found.promise is None:
            raise no_promise(found, project.id)
        return found.promise.sample, found.promise.threshold

    # By itself

    def work(self) -> None:
        """Look at every follow that accepts and is due; one that cannot be waits."""
        for guard in (*self._store.guards.accepting(), *self._store.guards.with_tabs()):
            if self._shutdown.is_set() or self._writer.holder() is not None:
                return
            if not self._is_due(guard) or not self._store.guards.take(guard, LOOK_AGAIN):
                continue
            try:
                self.look_at(self._store.guards.get(guard.id))
            except Interrupted:
                return
            except PromptsError as error:
                log.warning("project %s: what is accepted: %s", guard.project_id, error)
                due = time.time() + TRY_AGAIN
                # What ended one is not talked over by a tab that cannot be removed yet.
                said = {"message": str(error)} if guard.is_accepting else {}
                self._store.guards.change(guard.id, due_at=due, **said)

    def _is_due(self, guard: FollowGuard) -> bool:
        if guard.due_at <= time.time():
            return True
        return guard.is_accepting and self._batches.newest_run(guard) > guard.run_id

    def look_at(self, guard: FollowGuard) -> None:
        """Take in what people said, then carry out what was decided, then decide on more."""
        if not guard.is_accepting:
            self._tab.remove(guard)
            return
        try:
            project = self._studio.get_project(guard.project_id)
        except LabelStudioNotFound:
            self._studio.version()  # raises when it is no Label Studio that does not know it
            self._end(guard, GuardState.WITHDRAWN, "Its project is gone from Label Studio.")
            return
        gone = self._why_gone(guard, project)
        if gone is not None:
            self._end(guard, *gone, project=project)
            return
        self._judge(guard, project)
        if self._is_alarmed(guard, project):
            return
        if guard.is_batch_open:
            guard = self._carry_out(guard)
        guard = self._decide(guard, project)
        self._keep_tab(guard)

    def _why_gone(self, guard: FollowGuard, project: Project) -> tuple[GuardState, str] | None:
        """Return why a follow accepts no more; None while the promise it goes by holds."""
        prompt = self._store.prompts.find(guard.prompt_id)
        if prompt is None or self._store.follows.find(prompt.id, project.id) is None:
            return GuardState.STOPPED, "The prompt follows no more."
        version = self._prompts.find_version(prompt, None)
        if version.id != guard.version_id:
            why = f"The active version is {version.title!r} now."
            return GuardState.WITHDRAWN, why
        found = self._promises.find(
            self._studio,
            project,
            guard.label,
            guard.version_id,
            max_error=guard.max_error,
            certainty=guard.certainty,
        )
        if found.promise is None:
            return GuardState.WITHDRAWN, found.why
        if found.promise.sample.id != guard.promise_id:
            return GuardState.WITHDRAWN, "Another promise sample was opened since."
        for sample in self._check_samples(guard):
            if sample.state is PromiseState.WITHDRAWN:
                return GuardState.WITHDRAWN, f"Its checks (sample {sample.id}) were withdrawn."
        return None

    def _check_samples(self, guard: FollowGuard) -> list[PromiseSample]:
        tasks = self._store.guards.tasks(guard.id)
        numbers = sorted({each.sample_id for each in tasks if each.sample_id is not None})
        return [self._store.promises.get(each) for each in numbers]

    def _judge(self, guard: FollowGuard, project: Project) -> None:
        """Hold what people said of checks against what would have been accepted."""
        config = self._predictor_factory.config_of(project)
        for sample in self._check_samples(guard):
            if not sample.is_open or sample.hiding is not Hiding.HIDDEN:
                continue
            found = self._findings.judge(self._studio, sample, config)
            in_order = sorted(found, key=lambda task_id: found[task_id][1] or 0)
            said = {task_id: found[task_id][0].is_right for task_id in in_order}
            self._store.guards.judge(guard.id, said)
            if len(found) == sample.size and self._store.promises.open(sample.id, found, None):
                self._changed(project, sorted(found))

    def _is_alarmed(self, guard: FollowGuard, project: Project) -> bool:
        tasks = self._store.guards.tasks(guard.id)
        drift = drift_of(guard, tasks)
        if not drift.is_alarm:
            return False
        since = drift.checks - drift.good
        wrong = sum(not each.is_right for each in _between(tasks, drift.good, drift.checks))
        message = (
            f"{wrong} of the last {since} checks were wrong, and at most "
            f"{100 * guard.max_error:g} % was promised."
        )
        self._end(guard, GuardState.ALARMED, message, good=drift.good, project=project)
        return True

    def _end(
        self,
        guard: FollowGuard,
        state: GuardState,
        message: str,
        *,
        good: int | None = None,
        project: Project | None = None,
    ) -> None:
        """Accept no more, and say what was accepted since the last good check."""
        tasks = self._store.guards.tasks(guard.id)
        place = good_place(tasks, len(tasks) if good is None else good)
        said = message
        if state is not GuardState.STOPPED:
            said = self._with_figures(guard, tasks, message, place)
            log.warning("project %s: nothing more is accepted: %s", guard.project_id, message)
        for sample_id in self._store.guards.end(guard, state, said, place):
            ids = [task.task_id for task in self._store.promises.tasks(sample_id)]
            with suppress(PromptsError):  # the pool is read anew at the next event, or start
                self._changed(project or self._studio.get_project(guard.project_id), ids)
        self._store.guards.change(guard.id, due_at=0.0)

    def _with_figures(
        self, guard: FollowGuard, tasks: Sequence[FollowedTask], message: str, place: int
    ) -> str:
        since = sum(not each.is_check and each.place > place for each in tasks)
        said = f"Nothing more is accepted; predicting goes on. {message}"
        if not since:
            return said
        prompt = self._store.prompts.find(guard.prompt_id)
        named = prompt.title if prompt is not None else str(guard.prompt_id)
        step = Step.TAKE_BACK_FOLLOWED(prompt=named, project=guard.project_id)
        return f"{said} Since the last good check {since} tasks were accepted. {step}"

    # Accepting

    def _decide(self, guard: FollowGuard, project: Project) -> FollowGuard:
        newest = self._batches.newest_run(guard)
        ahead = ahead_of(self._store.guards.tasks(guard.id))
        if newest <= guard.run_id and (not guard.waiting or ahead >= MOST_AHEAD):
            said = _waits(guard.waiting) if guard.waiting else ""
            return self._store.guards.change(guard.id, message=said)
        prompt = self._store.prompts.get(guard.prompt_id)
        version = self._prompts.find_version(prompt, None)
        with self._writer.hold(self._patience()) as session:
            # Nothing is published meanwhile, and no run puts a prediction on a drawn task.
            batch = self._batches.choose(session.studio, guard, project, prompt, version)
            decided: FollowGuard | None = guard
            if batch.decided:
                decided = self._store.guards.decide(
                    guard, batch.decided, batch.sample, batch.checks, batch.withheld
                )
        if decided is None:
            return self._store.guards.get(guard.id)
        if decided.is_batch_open:
            decided = self._carry_out(decided)
        message = _waits(batch.left) if batch.left else ""
        return self._store.guards.change(
            guard.id, run_id=newest, waiting=batch.left, message=message
        )

    def _carry_out(self, guard: FollowGuard) -> FollowGuard:
        """Take the predictions of checks out of sight, then accept the others."""
        rows = [each for each in self._store.guards.tasks(guard.id) if each.batch == guard.batch]
        for sample_id in {each.sample_id for each in rows if each.sample_id is not None}:
            self._samples.settle(self._store.promises.get(sample_id), self._patience())
        accepted = [each.task_id for each in rows if not each.is_check]
        if accepted:
            selection = select(labels=[guard.label], task_ids=accepted)
            request = AcceptRequest(selection, min_score=guard.threshold, follow=guard.id)
            self._accepting.accept(guard.project_id, request, self._patience())
        return self._store.guards.batch_done(guard)

    def _keep_tab(self, guard: FollowGuard) -> None:
        prompt = self._store.prompts.find(guard.prompt_id)
        if prompt is None:
            return
        tasks = self._store.guards.tasks(guard.id)
        open_ones = [each.task_id for each in tasks if each.is_check and each.number is None]
        self._tab.keep(guard, title_of(prompt.title), open_ones)

    def _patience(self) -> Patience:
        return Patience(log.debug, self._shutdown, give_up_after=WAIT_SECONDS)


def _between(tasks: Sequence[FollowedTask], after: int, last: int) -> list[FollowedTask]:
    return [each for each in tasks if each.number is not None and after < each.number <= last]


def _waits(left: int) -> str:
    return (
        f"{left} tasks more would be accepted ({NOT_PROMISED}), and wait until people have "
        "answered checks."
    )
