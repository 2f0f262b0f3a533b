"""A run's figures, each with a title and its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ml_backend.kinds import WHOLE
from ml_backend.records import ClassReport, ControlMetrics, JsonObject, Run, RunMetrics
from ml_backend.records.metrics_json import (
    calibration_json,
    confusion_json,
    correctness_json,
    error_json,
    humans_json,
    learned_json,
    order_json,
    overlap_json,
    report_json,
)
from ml_backend.scoring.classes import matrix

LARGEST_MATRIX = 100
"""Classes up to which the matrix is written out; beyond, its cells that are not 0."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure by its key, with its parts as JSON."""

    key: str
    title: str
    values: JsonObject


def indicators_of(run: Run) -> list[Indicator]:
    """Return a run's figures; accuracy, which is the first, once it was measured."""
    totals = run.totals
    found = [
        _indicator("progress", "Progress", status=run.status.value, **_progress(run)),
        _indicator("failures", "Failed tasks", total=totals.failed, **dict(totals.failures)),
        _indicator(
            "cost",
            "Cost in US dollars",
            total=totals.cost,
            cached_tasks=totals.cached,
            asked_tasks=totals.done - totals.cached,
        ),
        _indicator(
            "tokens",
            "Tokens",
            prompt=totals.usage.prompt_tokens,
            completion=totals.usage.completion_tokens,
            cached=totals.usage.cached_tokens,
            reasoning=totals.usage.reasoning_tokens,
        ),
    ]
    if run.metrics is not None:
        accuracy = correctness_json(run.metrics.overall)
        accuracy |= {"stale": run.stale} if run.stale else {}
        accuracy |= {"truth": run.truth.value, "measured_on": run.measured_on}
        accuracy |= {"project_subset": run.subset.value, "is_whole": run.subset in WHOLE}
        found.insert(0, Indicator("accuracy", "Accuracy", accuracy))
        for name, counts in run.metrics.controls.items():
            values = correctness_json(counts)
            found.append(Indicator(f"accuracy-{name}", f"Accuracy of {name}", values))
        found += _details(run.metrics)
    return found


def _details(metrics: RunMetrics) -> Iterator[Indicator]:
    """Yield what is known of controls beside their accuracy, of scores and of people."""
    for name, counts in metrics.controls.items():
        yield from _of_control(name, name, counts)
    for name, counts in metrics.per_region.items():
        title = f"{name}, region by region"
        values = correctness_json(counts)
        yield Indicator(f"accuracy-{name}", f"Accuracy of {title}", values)
        yield from _of_control(name, title, counts)
    if metrics.humans is not None:
        title = "How far people agree with each other"
        yield Indicator("humans", title, humans_json(metrics.humans))
    if metrics.calibration is not None:
        title = "Whether scores mean what they say"
        yield Indicator("calibration", title, calibration_json(metrics.calibration))
    if metrics.learned is not None:
        title = "How often a confidence is right"
        yield Indicator("calibrated", title, learned_json(metrics.learned))


def _of_control(name: str, title: str, counts: ControlMetrics) -> Iterator[Indicator]:
    if counts.report is not None:
        yield _classes(name, title, counts.report)
        yield _confusion(name, title, counts.report)
    if counts.overlap is not None:
        yield Indicator(f"overlap-{name}", f"Overlap of {title}", overlap_json(counts.overlap))
    if counts.error is not None:
        yield Indicator(f"error-{name}", f"Error of {title}", error_json(counts.error))
    if counts.order is not None:
        yield Indicator(f"order-{name}", f"Order of {title}", order_json(counts.order))


def _classes(name: str, title: str, report: ClassReport) -> Indicator:
    values = report_json(report)
    shown = {key: values[key] for key in ("macro", "micro", "classes", "classes_left_out")}
    return Indicator(f"classes-{name}", f"Classes of {title}", shown)


def _confusion(name: str, title: str, report: ClassReport) -> Indicator:
    names = [row.name for row in report.classes]
    whole = len(names) <= LARGEST_MATRIX and not report.confusion_left_out
    return _indicator(
        f"confusion-{name}",
        f"Confusions of {title}: rows are the truth's classes, the last of each is none",
        classes=names,
        matrix=matrix(report.confusion, names) if whole else None,
        cells=confusion_json(report),
        cells_left_out=report.confusion_left_out,
    )


def _progress(run: Run) -> JsonObject:
    totals = run.totals
    return {"total": totals.total, "done": totals.done, "predicted": totals.succeeded}


def _indicator(key: str, title: str, **values: Any) -> Indicator:
    return Indicator(key, title, values)
