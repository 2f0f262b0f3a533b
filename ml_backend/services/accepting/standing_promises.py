"""Which promise holds of a version's predictions in a project, for so many wrong and so certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ml_backend.errors import Conflict
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.next_steps import Step
from ml_backend.records.promises import Promise, PromiseSample, PromiseState
from ml_backend.services.predictions.accept_rule import AcceptRule, Promised
from ml_backend.store import Store

_SLACK = 1e-12
"""By which numbers may differ that a person takes for the same."""


class Holding(Protocol):
    """Says why what a sample was drawn of is no longer what it was: "" while it is."""

    def __call__(self, studio: LabelStudioReader, project: Project, sample: PromiseSample) -> str:
        """Return the reason in a sentence, "" for none."""


@dataclass(frozen=True, slots=True)
class Found:
    """The promise that holds, or why there is none."""

    promise: Promise | None
    why: str = ""
    sample: PromiseSample | None = None
    """The newest sample of the version, whatever became of it."""


class StandingPromises:
    """Finds the promise that a version's predictions may be accepted by."""

    def __init__(self, store: Store, holding: Holding) -> None:
        self._store = store
        self._holding = holding

    def find(
        self,
        studio: LabelStudioReader,
        project: Project,
        label: str,
        version_id: int,
        *,
        max_error: float,
        certainty: float,
    ) -> Found:
        """Return the newest sample's promise of these numbers, or of stricter ones.

        Of several that would do for one sample the one is taken that accepts most.
        """
        every = self._store.promises.of_project(project.id, version_id=version_id)
        samples = [each for each in every if each.label == label]
        if not samples:
            return Found(None, "No promise sample was drawn of this version.")
        newest = samples[0]
        opened = [each for each in samples if each.state is PromiseState.OPENED]
        why = _why_not(newest)
        for sample in opened[:1]:
            fitting = [
                look
                for look in sample.looks
                if look.holds
                and look.max_error <= max_error + _SLACK
                and look.certainty >= certainty - _SLACK
            ]
            gone = self._holding(studio, project, sample)
            if fitting and not gone:
                widest = min(fitting, key=lambda look: look.threshold or 0.0)
                tested = frozenset(task.task_id for task in self._store.promises.tasks(sample.id))
                others = studio.tasks_made_after(project.id, sample.as_of, sample.last_task)
                return Found(Promise(sample, widest, tested, others), sample=sample)
            why = gone or why or _not_for(sample, max_error, certainty)
        return Found(None, why, newest)


def rule_of(promise: Promise) -> AcceptRule:
    """Return which predictions a promise is of: those it was made of, as they were then."""
    population = {
        each.task_id: Promised(each.score, each.fingerprint)
        for each in promise.sample.population
        if each.task_id not in promise.passed_on
    }
    return AcceptRule(promise.threshold, population, promise.sampled)


def no_promise(found: Found, project_id: int) -> Conflict:
    """Return the error of accepting by an error that nothing promises."""
    sample = found.sample
    fix = Step.DRAW_PROMISE(project=project_id)
    if sample is not None and sample.state is PromiseState.DRAWN:
        fix = Step.END_PROMISE(promise=sample.id)
    return Conflict(f"Nothing is promised here. {found.why}", field="max_error", fix=fix)


def _why_not(sample: PromiseSample) -> str:
    if sample.state is PromiseState.DRAWN:
        return f"Promise sample {sample.id} is not opened yet: its tasks are being labelled."
    if sample.state is PromiseState.WITHDRAWN:
        reason = f": {sample.reason}" if sample.reason else "."
        return f"Promise sample {sample.id} was withdrawn{reason}"
    return ""


def _not_for(sample: PromiseSample, max_error: float, certainty: float) -> str:
    """Say what a sample answered that was opened, and does not promise this."""
    asked = f"at most {max_error:.3g} wrong, {certainty:.3g} certain"
    for look in sample.looks:
        same = abs(look.max_error - max_error) <= _SLACK
        if same and abs(look.certainty - certainty) <= _SLACK and look.why:
            return f"Promise sample {sample.id} says: {look.why}"
    return f"Promise sample {sample.id} was not asked for {asked}."
