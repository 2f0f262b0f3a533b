"""A run's figures, each with a title and its parts."""

from __future__ import annotations

from typing import Any

from ml_backend.records import JsonObject, Run

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
        found.insert(0, _indicator("accuracy", "Accuracy", **accuracy))
        for name, counts in (run.metrics.get("controls") or {}).items():
            key = f"accuracy-{name}"
            found.append(_indicator(key, f"Accuracy of {name}", **_counts(counts)))
    return found


def _progress(run: Run) -> JsonObject:
    totals = run.totals
    return {"total": totals.total, "done": totals.done, "predicted": totals.succeeded}


def _counts(counts: JsonObject) -> JsonObject:
    return {name: counts.get(name) for name in COUNTS}


def _indicator(key: str, title: str, **values: Any) -> JsonObject:
    return {"key": key, "title": title, "values": values}
