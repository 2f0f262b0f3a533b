"""The score of a version, and how its last run ended: the number people decide by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template

from ml_backend.records import Correctness, FailureKind, PromptVersion, Run, RunStatus, Slot
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.next_actions import Action, next_actions
from ml_backend.web.ui.prompt.run_words import baseline, cost_said, left_of, per_task
from ml_backend.web.ui.prompt.running import Progress, progress_of
from ml_backend.web.ui.shell.pages import pages
from ml_backend.web.ui.shell.prompt_view import PromptView, open_view, part, run_of
from ml_backend.web.ui.shell.session import quiet

CONNECTION_KINDS = {
    FailureKind.AUTHENTICATION.value,
    FailureKind.CONNECTION.value,
    FailureKind.MODEL_NOT_FOUND.value,
    FailureKind.QUOTA.value,
}


@dataclass(frozen=True, slots=True)
class Before:
    """The version evaluated before this one, and what changed since."""

    version: PromptVersion
    points: float
    """Percentage points; above 0 is better now."""
    why_not_comparable: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How the last run of a version ended, and what may be done about it."""

    run: Run
    left: int
    """Tasks that going on would ask."""
    may_resume: bool
    may_retry: bool
    failures: Sequence[tuple[str, int]]
    about_connection: bool

    @property
    def cost_said(self) -> str:
        return cost_said(self.run)


@dataclass(frozen=True, slots=True)
class Score:
    """What the strip above the tabs shows."""

    run: Run | None
    """The version's last evaluation over all that is true."""
    beside: Run | None
    """A later evaluation that is less: of a sample, of chosen tasks, on other annotations."""
    before: Before | None
    cost_per_task: float | None
    ending: Ending | None
    progress: Progress | None
    is_current: bool
    """Whether the run asked the version as it is now."""
    next: Sequence[Action] = ()
    """What to do now."""

    @property
    def beside_said(self) -> str:
        """On which tasks the lesser evaluation was, and on what."""
        if self.beside is None:
            return ""
        return f"{baseline(self.beside)}, against {self.beside.truth.words}"

    @property
    def overall(self) -> Correctness:
        return self.run.correctness if self.run else Correctness()


@part("score")
def score_of(view: PromptView) -> Score:
    """Gather the score of a view."""
    run = view.headline
    last = next(iter(view.runs_of(view.version)), None)
    before = _before(view, run)
    return Score(
        run=run,
        beside=view.beside,
        before=before,
        cost_per_task=per_task(run) if run else None,
        ending=ending_of(view, last) if last and not last.is_open else None,
        progress=progress_of(view.open_run) if view.open_run else None,
        is_current=run is not None and _is_as_now(run, view.version),
        next=next_actions(view, last, before.version if before else None),
    )


@pages.get("/prompts/<int:prompt_id>/score")
@quiet
def show_score(prompt_id: int) -> str:
    """Show the score alone: a page asks for it by itself when a run has ended."""
    view = open_view(prompt_id)
    return render_template("prompt/score.html", view=view, score=score_of(view))


def ending_of(view: PromptView, run: Run) -> Ending:
    """Return how a run ended."""
    totals = run.totals
    failures = sorted(totals.failures.items(), key=lambda each: -each[1])
    stopped = run.status in (RunStatus.FAILED, RunStatus.CANCELED)
    has_version = any(each.id == run.version_id for each in view.versions)
    left = left_of(run) if stopped else totals.failed
    as_now = _is_as_now(run, next((v for v in view.versions if v.id == run.version_id), None))
    return Ending(
        run=run,
        left=left,
        may_resume=stopped and left > 0 and has_version and not run.worker_job,
        may_retry=not stopped and left > 0 and as_now and not run.worker_job,
        failures=[(kind.replace("_", " "), count) for kind, count in failures],
        about_connection=stopped and _concerns_connection(run),
    )


def _concerns_connection(run: Run) -> bool:
    """Whether what stopped a run is mended at its connection."""
    said = run.message.casefold()
    return bool(CONNECTION_KINDS & set(run.totals.failures)) or any(
        word in said for word in ("key", "model", "quota", "connection")
    )


def _before(view: PromptView, run: Run | None) -> Before | None:
    if run is None or view.version is None:
        return None
    places = {each.id: place for place, each in enumerate(view.versions)}
    earlier = view.versions[: places.get(view.version.id, 0)]
    standings = services().store.standings.of_versions(
        [each.id for each in earlier], run.project_id
    )
    for version in reversed(earlier):
        known = standings.get(version.id)
        measured = run_of(known.headline, view.runs) if known is not None else None
        if measured is not None:
            now, then = (each.correctness.accuracy or 0.0 for each in (run, measured))
            return Before(version, (now - then) * 100, _why_not_comparable(run, measured))
    return None


def _why_not_comparable(run: Run, other: Run) -> str:
    if run.truth is not other.truth:
        return "measured on other annotations"
    if _tasks(run) != _tasks(other):
        return "measured on other tasks"
    if _fingerprint(run) != _fingerprint(other):
        return "the ground truth changed in between"
    return ""


def _fingerprint(run: Run) -> str:
    return run.metrics.fingerprint if run.metrics is not None else ""


def _tasks(run: Run) -> frozenset[int] | None:
    task_ids = run.options.task_ids
    return None if task_ids is None else frozenset(task_ids)


def _is_as_now(run: Run, version: PromptVersion | None) -> bool:
    """Return whether a run asked a version's text and model as they are now."""
    if version is None:
        return False
    asked = run.snapshot
    return (
        asked.text == version.text
        and asked.model == version.model
        and asked.connection_id == version.connection_id
        and asked.provider is version.provider
        and asked.max_few_shot_examples == version.max_few_shot_examples
        and run.slot in (Slot.ALL, Slot.EVALUATE)
    )
