"""Follow: a prompt predicts a project's new tasks by itself, within its budget.

Off unless a person asks for it. Imports come in bursts, so a run begins once a project has been
quiet for a while; it asks the tasks without a prediction alone, and only while Label Studio still
is connected to this server: whoever removes the connection has stopped the spending.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from ml_backend.errors import LabelStudioError, LabelStudioNotFound, PromptsError
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.records import Failure, Prompt, PromptVersion, Slot
from ml_backend.services.accepting.request import CERTAINTY
from ml_backend.services.checking.follow_checks import FollowChecks
from ml_backend.services.events.active_backend import find_connection
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.services.runs.run_tasks import NothingMissing
from ml_backend.services.runs.runs import Runs
from ml_backend.store import Follow, Store

log = logging.getLogger(__name__)

QUIET_AFTER_IMPORT = 5.0
"""Seconds without a further import before a run begins …"""

LONGEST_BURST = 60.0
"""… but no later than this after the first."""

TRY_AGAIN_AFTER = 15.0

NOT_CONNECTED = (
    "Label Studio is not connected to this server any more; connect it in the project's "
    "Settings > Model, and the next import goes on."
)
UNKNOWN_COST = "What its runs cost is unknown, so the budget cannot be kept."
BUDGET_SPENT = "The budget of $"
"""How the message begins of a run, or a follow, that its budget stopped."""


@dataclass(frozen=True, slots=True)
class AcceptBy:
    """By which promise what is predicted is accepted; shares are 0..1."""

    max_error: float
    certainty: float = CERTAINTY


class Following:
    """Starts the runs of prompts that follow; ``offer`` has one executed."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        prompts: Prompts,
        runs: Runs,
        checks: FollowChecks,
        *,
        offer: Callable[[int], None],
    ) -> None:
        self._store = store
        self._studio = studio
        self._prompts = prompts
        self._runs = runs
        self._checks = checks
        self._offer = offer

    def start(
        self,
        prompt: Prompt,
        project: Project,
        budget: float | None,
        accept: AcceptBy | None = None,
    ) -> Follow:
        """Make a prompt follow a project from now on, or give it a new budget.

        What it predicts is accepted only where ``accept`` says so. Raises what would keep every run
        of it from starting: no version, a config or text that cannot be used, a budget that cannot
        be kept; and Conflict where nothing promises what is to be accepted.
        """
        self._runs.check(self._prompts.find_version(prompt, None), project, budget)
        if accept is not None:
            self._checks.check(prompt, project, accept.max_error, accept.certainty)
        follow = self._store.follows.start(prompt.id, project.id, budget)
        if accept is None:
            self._checks.stop(prompt.id, project.id)
        else:
            self._checks.start(prompt, project, accept.max_error, accept.certainty)
        return follow

    def stop(self, prompt: Prompt, project_id: int) -> bool:
        """Follow no more, and accept nothing more; False when it did not follow."""
        self._checks.stop(prompt.id, project_id)
        return self._store.follows.stop(prompt.id, project_id)

    def work(self) -> None:
        """Start a run for every follow that is due."""
        for follow in self._store.follows.due(time.time()):
            if self._is_busy(follow) or not self._store.follows.take(follow):
                continue
            message = self._carry_out(follow)
            if message == follow.message:
                continue
            self._store.follows.say(follow, message)
            if message:
                log.warning(
                    "prompt %s in project %s: %s", follow.prompt_id, follow.project_id, message
                )

    def _is_busy(self, follow: Follow) -> bool:
        """Return whether a run of the prompt is still at it: it may get to the new tasks."""
        runs = self._store.runs.search(
            prompt_id=follow.prompt_id, project_id=follow.project_id, open_only=True
        )
        return any(run.slot is Slot.ALL for run in runs)

    def _carry_out(self, follow: Follow) -> str:
        """Start a run when there is something to ask; return what kept it from being, or ""."""
        try:
            if find_connection(self._store, self._studio, follow.project_id) is None:
                return NOT_CONNECTED
            return self._spend(follow)
        except PromptsError as error:
            if isinstance(error, LabelStudioError) and not isinstance(error, LabelStudioNotFound):
                self._store.follows.try_again(follow, TRY_AGAIN_AFTER)
            return str(error)
        except Exception:
            self._store.follows.try_again(follow, TRY_AGAIN_AFTER)
            raise

    def _spend(self, follow: Follow) -> str:
        left = None
        if follow.budget is not None:
            spent = self._store.follows.spent(follow)
            if spent is None:
                return UNKNOWN_COST
            left = follow.budget - spent
            last = self._store.follows.last_message(follow)
            if left <= 0 or last.startswith(BUDGET_SPENT):
                return (
                    f"{BUDGET_SPENT}{follow.budget:g} is used up: ${spent:.4f} spent. Follow once "
                    "more with a new budget to go on."
                )
        self._start(self._store.prompts.get(follow.prompt_id), follow.project_id, left)
        return ""

    def _start(self, prompt: Prompt, project_id: int, budget: float | None) -> None:
        project = self._studio.get_project(project_id)
        if not project.tasks:
            return
        version = self._prompts.find_version(prompt, None)
        if self._is_hopeless(prompt, version, project):
            return
        OwnKeys(self._store).require_project(version, project.id)
        options = RunRequest(only_missing=True, budget=budget, follow=True)
        try:
            run = self._runs.start(prompt, version, project, options)
        except NothingMissing:
            return
        log.info("project %s: run %s for new tasks: %r", project_id, run.id, run.label)
        self._offer(run.id)

    def _is_hopeless(self, prompt: Prompt, version: PromptVersion, project: Project) -> bool:
        """Return whether all that is missing is what the last run could not answer.

        Else any event, and every start of the server, would pay for these tasks once more.
        """
        runs = self._store.runs.search(version_id=version.id, project_id=project.id, alone=True)
        last = next((run for run in runs if run.options.follow), None)
        if last is None or not last.totals.failed:
            return False
        asked = last.plan.project
        if asked is None or asked.newest_task != tuple(self._studio.newest_task(project.id)):
            return False
        hopeless = {
            outcome.task_id
            for outcome in self._store.outcomes.iter(last.id, ok=False)
            if isinstance(outcome, Failure) and outcome.kind.is_definite
        }
        missing = self._runs.tasks.missing(prompt, version, Slot.ALL, project)
        return hopeless.issuperset(missing)
