"""A run's figures, each with a title and its parts."""

from __future__ import annotations

from typing import Any

from ml_backend.records import JsonObject, Run
from ml_backend.scoring.classes import matrix

LARGEST_MATRIX = 100
"""Classes up to which the matrix is written out; beyond, its cells that are not 0."""

PARTS = {"overlap": "Overlap", "error": "Error", "order": "Order"}
COUNTS = ("n", "correct", "failed", "accuracy", "low", "high", "score")


def indicators_of(run: Run) -> list[JsonObject]:
    """Return ``{"key", "title", "values"}`` of each; accuracy once the run was measured."""
    totals = run.totals
    found = [
        _indicator("progress", "Progress", status=run.status.value, **_progress(run)),
        _indicator("failures", "Failed tasks", total=totals.failed, **dict(totals.failures)),
        _indicator("cost", "Cost in US dollars", total=totals.cost, cached_tasks=totals.cached),
        _indicator(
            "tokens",
            "Tokens",
            prompt=totals.usage.prompt_tokens,
            completion=totals.usage.completion_tokens,
        ),
    ]
    overall = run.metrics.get("overall")
    if overall:
        accuracy = _counts(overall) | ({"stale": run.stale} if run.stale else {})
        accuracy |= {"truth": run.truth.value, "measured_on": run.measured_on}
        found.insert(0, _indicator("accuracy", "Accuracy", **accuracy))
        for name, counts in (run.metrics.get("controls") or {}).items():
            key = f"accuracy-{name}"
            found.append(_indicator(key, f"Accuracy of {name}", **_counts(counts)))
        found += _details(run.metrics)
    return found


def _details(metrics: JsonObject) -> list[JsonObject]:
    """Return what is known of controls beside their accuracy, of scores and of people."""
    found = []
    for name, counts in (metrics.get("controls") or {}).items():
        found += _of_control(name, name, counts)
    for name, counts in (metrics.get("per_region") or {}).items():
        title = f"{name}, region by region"
        accuracy = _indicator(f"accuracy-{name}", f"Accuracy of {title}", **_counts(counts))
        found += [accuracy, *_of_control(name, title, counts)]
    if metrics.get("humans"):
        found.append(
            _indicator("humans", "How far people agree with each other", **metrics["humans"])
        )
    if metrics.get("calibration"):
        title = "Whether scores mean what they say"
        found.append(_indicator("calibration", title, **metrics["calibration"]))
    return found


def _of_control(name: str, title: str, counts: JsonObject) -> list[JsonObject]:
    found = []
    if "classes" in counts:
        report = {key: counts[key] for key in ("macro", "micro", "classes", "classes_left_out")}
        found.append(_indicator(f"classes-{name}", f"Classes of {title}", **report))
        found.append(_confusion(name, title, counts))
    for part, what in PARTS.items():
        if part in counts:
            found.append(_indicator(f"{part}-{name}", f"{what} of {title}", **counts[part]))
    return found


def _confusion(name: str, title: str, counts: JsonObject) -> JsonObject:
    names = [row["class"] for row in counts["classes"]]
    whole = len(names) <= LARGEST_MATRIX and not counts["confusion_left_out"]
    return _indicator(
        f"confusion-{name}",
        f"Confusions of {title}: rows are the truth's classes, the last of each is none",
        classes=names,
        matrix=matrix(counts["confusion"], names) if whole else None,
        cells=counts["confusion"],
        cells_left_out=counts["confusion_left_out"],
    )


def _progress(run: Run) -> JsonObject:
    totals = run.totals
    return {"total": totals.total, "done": totals.done, "predicted": totals.succeeded}


def _counts(counts: JsonObject) -> JsonObject:
    return {name: counts.get(name) for name in COUNTS}


def _indicator(key: str, title: str, **values: Any) -> JsonObject:
    return {"key": key, "title": title, "values": values}
