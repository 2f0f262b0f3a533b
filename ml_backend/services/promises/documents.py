"""Samples and plans as JSON documents: what the API answers and the commands print."""

from __future__ import annotations

from ml_backend.records import JsonObject
from ml_backend.records.promises import Look, PromiseSample, PromiseState
from ml_backend.services.promises.asking import fewest
from ml_backend.services.promises.draw import DrawPlan
from ml_backend.services.promises.promise_samples import SampleState

OTHERS = (0.01, 0.02, 0.03, 0.05, 0.1)
"""Limits of which it is said how many labels a promise of them takes."""


def of_plan(plan: DrawPlan) -> JsonObject:
    """Return what a draw would do; shares are 0..1."""
    request = plan.request
    return {
        "project": request.project.id,
        "prompt": request.prompt.id,
        "version": request.version.id,
        "model_version": plan.population.label,
        "max_error": request.max_error,
        "certainty": request.certainty,
        "several_looks": request.several_looks,
        "tasks": plan.tasks,
        "left_out": dict(plan.population.left_out),
        "size": plan.size,
        "needed": plan.needed,
        "labels_for": labels_for(plan.tasks, request.certainty),
        "drawn_before": plan.drawn_before,
        "withdrawn_model_versions": plan.others,
        "possible": not plan.why,
        "why": plan.why,
    }


def of_state(state: SampleState) -> JsonObject:
    """Return a sample, how far it is, and what it promises or why nothing."""
    sample, progress = state.sample, state.progress
    return {
        "id": sample.id,
        "project": sample.project_id,
        "prompt": sample.prompt_id,
        "version": sample.version_id,
        "model_version": sample.label,
        "state": sample.state.value,
        "settled": sample.is_settled,
        "max_error": sample.max_error,
        "certainty": sample.certainty,
        "several_looks": sample.several_looks,
        "size": sample.size,
        "tasks": len(sample.population),
        "left_out": dict(sample.left_out),
        "labelled": progress.done if progress else sample.size if sample.opened_at else None,
        "unlabelled_tasks": list(progress.unlabelled[:1000]) if progress else [],
        "lost": dict(progress.lost) if progress else {},
        "ready": state.is_ready,
        "tab": state.tab_url or None,
        "promise": state.promise is not None,
        "why": why_not(state),
        "drawn_before": state.drawn_before,
        "looks": [of_look(each) for each in sample.looks],
        "labels_for": labels_for(len(sample.population), sample.certainty),
        "seed": sample.seed,
        "population_digest": sample.population_digest,
        "created_at": sample.created_at,
        "opened_at": sample.opened_at,
        "withdrawn_at": sample.withdrawn_at,
        "reason": sample.reason,
    }


def of_look(look: Look) -> JsonObject:
    """Return what a sample said to one request."""
    return {
        "number": look.number,
        "promise": look.holds,
        "why": look.why,
        "max_error": look.max_error,
        "certainty": look.certainty,
        "claimed_certainty": look.claimed,
        "threshold": look.threshold,
        "accepted": look.accepted,
        "error_bound": look.error_bound,
        "labelled": look.n,
        "labelled_accepted": look.accepted_n,
        "wrong": look.wrong_n,
        "needed": look.needed,
        "at": look.at,
    }


def labels_for(tasks: int, certainty: float) -> dict[str, int | None]:
    """Return limit -> the fewest labels that promise it of so many tasks, None for none."""
    return {f"{limit:g}": fewest(tasks, limit, certainty) for limit in OTHERS}


def why_not(state: SampleState) -> str:
    """Return why nothing is promised, "" where something is."""
    sample = state.sample
    if state.promise is not None:
        return ""
    if sample.state is PromiseState.WITHDRAWN:
        return f"It was withdrawn: {sample.reason}" if sample.reason else "It was withdrawn."
    if sample.state is PromiseState.DRAWN:
        return _still(sample, state)
    return sample.looks[-1].why if sample.looks else ""


def _still(sample: PromiseSample, state: SampleState) -> str:
    if state.progress is None or not sample.is_settled:
        return "Predictions are still being taken off its tasks."
    done, total = state.progress.done, state.progress.total
    if done < total:
        return f"{done} of {total} tasks are labelled; it is opened when all are."
    return "All tasks are labelled; it is not opened yet."
