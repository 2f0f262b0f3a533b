"""Runs as they stand once they were measured and published, without the time that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ml_backend.kinds import FailureKind, RunStatus, Subset
from ml_backend.labeling import LabelingConfig
from ml_backend.records import (
    CallRecord,
    Failure,
    JsonObject,
    Outcome,
    Prediction,
    Run,
    RunMetrics,
    Totals,
    Usage,
)
from ml_backend.services.runs.run_request import RunRequest
from support.pages import Pages
from support.wire import region

ASKED = CallRecord(usage=Usage(120, 8), cost=0.0002, latency=1.5, calls=1)


def outcome(task_id: int, choice: str | None, score: float | None = None) -> Outcome:
    """An answer with that choice; a failure for None."""
    if choice is None:
        return Failure(task_id, FailureKind.TIMEOUT, "The model was too slow.", asked=ASKED)
    return prediction(task_id, {"topic": choice}, score=score)


def prediction(task_id: int, answer: JsonObject, **more: object) -> Prediction:
    result = [region(answer["topic"])] if "topic" in answer else []
    return Prediction(task_id, answer, result, asked=ASKED, raw=str(answer), **more)  # type: ignore[arg-type]


def measured_run(
    pages: Pages,
    outcomes: Iterable[Outcome],
    *,
    title: str = "Topics",
    subset: Subset = Subset.HAS_GT,
    metrics: RunMetrics | None = None,
) -> Run:
    """A completed run of a new prompt with these outcomes; ``metrics`` in place of its own."""
    container = pages.container
    project = container.studio.get_project(pages.project)
    prompt = container.prompts.create(title, project=project)
    version = container.prompts.create_version(prompt, text="Which? {text}")
    options = RunRequest(subset=subset, worker_job="worker")
    run = container.runs.start(prompt, version, project, options)
    return completed(pages, run, list(outcomes), metrics)


def completed(
    pages: Pages, run: Run, outcomes: Sequence[Outcome], metrics: RunMetrics | None
) -> Run:
    container = pages.container
    container.store.outcomes.add(run.id, outcomes, [])
    good = [each for each in outcomes if isinstance(each, Prediction)]
    rows = [
        {"task": each.task_id, "result": each.result, "model_version": run.label} for each in good
    ]
    container.studio.import_predictions(run.project_id, rows)
    totals = Totals(len(outcomes), len(good), len(outcomes) - len(good))
    container.store.runs.set_totals(run.id, totals)
    if run.subset is Subset.HAS_GT:
        config = LabelingConfig.parse(container.studio.get_project(run.project_id).label_config)
        found = container.evaluation.measure(run, config)
        metrics = found if metrics is None else metrics
    container.store.runs.finish(run.id, 0, RunStatus.COMPLETED, "", metrics=metrics)
    return container.store.runs.get(run.id)


def choices(pages: Pages, given: Mapping[int, str | None]) -> list[Outcome]:
    """Outcomes by the task's place in the project."""
    return [outcome(pages.api.tasks[place], choice) for place, choice in given.items()]
