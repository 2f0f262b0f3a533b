"""``/metrics`` for Prometheus: read from the store when asked, so every worker tells the same.

Sums over runs are gauges: deleting a prompt takes its runs out of them. What a process counts for
itself, request durations and tasks of ``/predict``, says so: with several workers, whichever
answers tells its own, and a restart begins anew.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import InfoMetricFamily
from prometheus_client.registry import Collector

from ml_backend import __version__
from ml_backend.records import RunStatus
from ml_backend.web.server.body_limits import ADMITTED
from ml_backend.web.server.paths import PREFIXES

if TYPE_CHECKING:
    from ml_backend.container import Container

PREFIX = "label_studio_prompts"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 100)
"""Seconds: /setup should take milliseconds, /predict may take its deadline."""


def register(app: Flask, container: Container) -> None:
    """Time an app's requests and answer ``/metrics``; goes first, to time refused ones as well."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(container))
    durations = Histogram(
        "request_duration_seconds",
        "Seconds from a request's arrival to its answer, in the process that tells it.",
        ("endpoint", "method", "status"),
        namespace=PREFIX,
        registry=registry,
        buckets=BUCKETS,
    )

    @app.before_request
    def _begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        if ADMITTED in response.headers:
            return response  # its request is yet to come
        # Both are chosen from a few: what a caller makes up must not make new series.
        endpoint = str(request.url_rule) if request.url_rule is not None else "unknown"
        method = request.method if request.method in METHODS else "other"
        took = time.perf_counter() - g.began
        durations.labels(endpoint, method, str(response.status_code)).observe(took)
        return response

    def metrics(**_address: str) -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    for name, prefix in PREFIXES.items():
        app.add_url_rule(f"{prefix}/metrics", f"metrics_{name}", metrics, methods=["GET"])


class StoreCollector(Collector):
    """Reads the store each time it is asked, in a few queries that do not touch outcomes."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def describe(self) -> list[Metric]:
        """Name nothing in advance: registering must not read the store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family; raises what the store raises."""
        build = {"version": __version__, "python": platform.python_version()}
        yield InfoMetricFamily(f"{PREFIX}_build", "What is running.", build)
        yield from self._of_runs()
        yield from self._of_predict()
        store = self._container.store
        yield _gauge(
            "events_waiting", "Webhook events not looked into yet.", store.events.waiting()
        )
        yield _gauges(
            "examples",
            "Annotated tasks in a project's pool of examples.",
            "project",
            {str(project): count for project, count in store.examples.counts().items()},
        )

    def _of_runs(self) -> Iterator[Metric]:
        found = self._container.store.summary.read()
        statuses = dict.fromkeys(map(str, RunStatus), 0)
        yield _gauges("runs", "Runs in the store.", "status", {**statuses, **found.runs})
        yield _gauges(
            "run_tasks",
            "Tasks answered by the runs in the store: ok, or why there is no prediction.",
            "outcome",
            {"ok": found.succeeded, **found.failures},
        )
        tokens = {
            "prompt": found.usage.prompt_tokens,
            "completion": found.usage.completion_tokens,
        }
        yield _gauges("run_tokens", "Tokens used by the runs in the store.", "kind", tokens)
        yield _gauge(
            "run_cost_dollars",
            "US dollars spent by the runs in the store whose cost is known.",
            found.cost,
        )
        yield _gauge(
            "runs_of_unknown_cost",
            "Runs in the store that used a model without a known price; not in run_cost_dollars.",
            found.unpriced,
        )
        total = GaugeMetricFamily(
            f"{PREFIX}_open_run_tasks",
            "Tasks of a run that has not ended.",
            labels=("run", "project"),
        )
        done = GaugeMetricFamily(
            f"{PREFIX}_open_run_tasks_done",
            "Tasks of a run that has not ended which were answered, well or not.",
            labels=("run", "project"),
        )
        for run in found.open_runs:
            total.add_metric((str(run.id), str(run.project_id)), run.total)
            done.add_metric((str(run.id), str(run.project_id)), run.done)
        yield total
        yield done

    def _of_predict(self) -> Iterator[Metric]:
        store = self._container.store
        yield _gauge(
            "predictions_served",
            "Predictions given out by /predict and remembered: those of the last day, at least.",
            store.served.count(),
        )
        yield _gauges(
            "predict_failures",
            "Tasks that /predict failed on last; a run may have answered them since.",
            "kind",
            store.summary.predict_failures(),
        )
        tasks = CounterMetricFamily(
            f"{PREFIX}_predict_tasks",
            "Tasks that /predict was asked for, in the process that tells it.",
            labels=("outcome",),
        )
        for outcome, count in sorted(dict(self._container.backend.answered).items()):
            tasks.add_metric((outcome,), count)
        yield tasks


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", told, value)


def _gauges(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", told, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family
