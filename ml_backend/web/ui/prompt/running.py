"""Runs as they go on: how far they are, stopping them, going on with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import flash, make_response, render_template, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict
from ml_backend.records import Run, RunStatus, Stage
from ml_backend.services.evaluation.live_accuracy import CorrectSoFar
from ml_backend.services.runs.progress import RunProgress, pace_of
from ml_backend.services.runs.run_request import once_more
from ml_backend.web.actions import runs as run_control
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.filters import count, plural
from ml_backend.web.ui.shell.pages import RUN, by_htmx, go, pages
from ml_backend.web.ui.shell.prompt_view import number
from ml_backend.web.ui.shell.session import quiet

SPOKEN_EVERY = 10
"""Percent of a run after which its progress is said aloud again."""

DOING = {
    Stage.PENDING: "Waiting to begin",
    Stage.ASKING: "Asking the model",
    Stage.PLANNING: "Comparing with Label Studio",
    Stage.CLEARING: "Removing replaced predictions",
    Stage.LOADING: "Writing predictions to Label Studio",
    Stage.VERIFYING: "Checking what Label Studio holds",
    Stage.DONE: "Finishing",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """A run now; ``spoken`` is the percent that was last said aloud, None before the first."""

    run: Run
    pace: RunProgress
    spoken: int | None = None
    live_accuracy: CorrectSoFar | None = None
    """How many of the tasks answered so far are right, and how many have a truth."""
    is_abandoned: bool = False
    """Whether nobody has worked on it for so long that asking on would show nothing."""

    @property
    def is_open(self) -> bool:
        return self.run.is_open

    @property
    def percent(self) -> int:
        total = self.run.totals.total
        return min(100, self.run.totals.done * 100 // total) if total else 0

    @property
    def doing(self) -> str:
        if self.is_abandoned:
            return "Nobody works on it"
        if self.run.cancel_requested and self.is_open:
            return "Stopping; what was answered is kept"
        if self.run.worker_job and self.run.stage is Stage.ASKING:
            return "Waiting for an outside worker's answers"
        return DOING[self.run.stage]

    @property
    def says(self) -> str:
        """What is said aloud with this answer, "" for nothing new."""
        totals = self.run.totals
        done = f"{count(totals.done)} of {plural(totals.total, 'task')}"
        failed = f", {count(totals.failed)} failed" if totals.failed else ""
        if not self.is_open:
            return f"Run {ENDED.get(self.run.status, 'ended')}: {done} done{failed}."
        if self.spoken is None or self.percent >= self.spoken + SPOKEN_EVERY:
            return f"{done} done{failed}."
        return ""

    @property
    def next_spoken(self) -> int:
        """What the next call for progress names as said."""
        return self.percent if self.says else self.spoken or 0


ENDED = {
    RunStatus.COMPLETED: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELED: "stopped",
}


def progress_of(run: Run, spoken: int | None = None) -> Progress:
    """Return how far a run is."""
    pace = pace_of(run, datetime.now(UTC))
    return Progress(run, pace, spoken, is_abandoned=services().runs.is_abandoned(run))


@pages.get("/runs/<int:run_id>/progress")
@quiet
def show_progress(run_id: int) -> Response:
    """Answer how far a run is; the last answer asks no more and has the page renew its score."""
    run = _own(run_id)
    if not by_htmx():
        return go(page_of(run))
    live_accuracy = services().live_accuracy.of(run) if run.is_open else None
    return _part(replace(progress_of(run, number("spoken")), live_accuracy=live_accuracy))


@pages.post("/runs/<int:run_id>/cancel")
def cancel_run(run_id: int) -> Response:
    """Stop asking; what was answered is kept and published."""
    run = run_control.cancel(_own(run_id))
    if by_htmx():
        return _part(progress_of(run))
    flash("The run is being stopped. What was answered is kept.", RUN)
    return go(page_of(run))


@pages.post("/runs/<int:run_id>/resume")
def resume_run(run_id: int) -> Response:
    """Go on with a run that was stopped or failed; what was answered is not asked again."""
    run = run_control.resume(identity.caller(), _own(run_id))
    flash("The run goes on. What was answered before is not asked again.", RUN)
    return go(page_of(run))


@pages.post("/runs/<int:run_id>/retry")
def retry_run(run_id: int) -> Response:
    """Ask again what failed in a run that completed: a new run, with what was answered for free."""
    caller, run = identity.caller(), _own(run_id)
    if run.is_open:
        raise Conflict(f"Run {run.id} is still going on.", fix="Wait for its end.")
    if run.status in (RunStatus.FAILED, RunStatus.CANCELED):
        return resume_run(run_id)
    prompt = services().access.prompt(caller, run.prompt_id)
    version = services().access.version(prompt, run.version_id)
    project = services().access.project(caller, run.project_id)
    services().results.require_project(run, project)
    again = run_control.start(caller, prompt, version, project, once_more(run), unless_open=True)
    flash(f"{plural(run.totals.failed, 'task')} will be asked again.", RUN)
    return go(page_of(again))


def page_of(run: Run) -> str:
    """Return the page that shows a run."""
    query: dict[str, Any] = {"project": run.project_id, "version": run.version_id, "run": run.id}
    return url_for("ui.show_prompt", prompt_id=run.prompt_id, **query)


def _own(run_id: int) -> Run:
    """Return a run of a prompt and a project that the person sees."""
    caller = identity.caller()
    run = services().access.run(caller, run_id)
    services().access.prompt(caller, run.prompt_id)
    return run


def _part(progress: Progress) -> Response:
    response = make_response(render_template("prompt/progress.html", progress=progress, live=True))
    if not progress.is_open:
        response.headers["HX-Trigger"] = "run-ended"
    return response
