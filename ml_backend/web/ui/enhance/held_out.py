"""Whether a suggestion is better: both versions on the tasks that no teacher saw."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.labelstudio import Project
from ml_backend.records import Correctness, PromptVersion, Run, RunStatus, Subset
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.web.actions.runs import start
from ml_backend.web.ui.shell.filters import percent
from ml_backend.web.ui.shell.prompt_view import PromptView


@dataclass(frozen=True, slots=True)
class Side:
    """A version and its newest run on held-out tasks."""

    version: PromptVersion
    run: Run | None

    @property
    def counts(self) -> Correctness:
        return self.run.correctness if self.run else Correctness()

    @property
    def is_done(self) -> bool:
        return bool(self.run and self.run.status is RunStatus.COMPLETED and self.counts.n)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Both sides; ``old`` is None when the suggestion was drafted from nothing."""

    old: Side | None
    new: Side

    @property
    def sides(self) -> tuple[Side, ...]:
        return (self.new,) if self.old is None else (self.old, self.new)

    @property
    def is_open(self) -> bool:
        return any(side.run is not None and side.run.is_open for side in self.sides)

    @property
    def is_done(self) -> bool:
        return all(side.is_done for side in self.sides) and self.same_tasks

    @property
    def same_tasks(self) -> bool:
        runs = [side.run for side in self.sides if side.run is not None]
        measured = {(run.truth, frozenset(run.options.task_ids or ())) for run in runs}
        return len(measured) <= 1

    @property
    def verdict(self) -> str:
        """Say which is better; that it may be chance is said beside it."""
        if self.old is None or not self.is_done:
            return ""
        old, new = self.old.counts.accuracy or 0.0, self.new.counts.accuracy or 0.0
        name = self.new.version.title
        if new > old:
            return f"{name} is {(new - old) * 100:.1f} points better here."
        if new == old:
            return f"No better: {percent(new)} against {percent(old)}."
        return f"No better: {percent(new)} against {percent(old)}, {(old - new) * 100:.1f} less."


def look(view: PromptView, old: PromptVersion | None, new: PromptVersion) -> HeldOut:
    """Return how both versions stand."""
    return HeldOut(
        Side(old, _newest(view, old)) if old is not None else None, Side(new, _newest(view, new))
    )


def begin(
    view: PromptView, project: Project, old: PromptVersion | None, new: PromptVersion
) -> None:
    """Run the new version on held-out tasks, and the old one if it was not run on the same."""
    options = RunRequest(
        subset=Subset.HAS_GT,
        held_out=True,
    )
    run = start(view.caller, view.prompt, new, project, options)
    if old is None:
        return
    known = _newest(view, old)
    if known is not None and _is_as(known, run):
        return
    start(view.caller, view.prompt, old, project, options)


def _is_as(known: Run, run: Run) -> bool:
    """Return whether an earlier run stands for one of the same tasks and truth."""
    same = known.truth is run.truth and known.options.task_ids == run.options.task_ids
    return same and not known.stale and (known.status is RunStatus.COMPLETED or known.is_open)


def _newest(view: PromptView, version: PromptVersion) -> Run | None:
    return next((run for run in view.runs_of(version) if run.options.held_out), None)
