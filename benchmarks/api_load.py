"""Twenty requests a second on the API while a run is going: what they get, and how soon."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import httpx

RATE = 20.0


class ApiLoad:
    """Sends requests at a steady rate from its threads until it is left; reads and some writes."""

    def __init__(
        self, url: str, token: str, paths: Sequence[str], patch: tuple[str, str], rate: float = RATE
    ) -> None:
        self._paths = list(paths)
        self._patch = patch
        self._rate = rate
        self._ended = threading.Event()
        self._threads = ThreadPoolExecutor(16)
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Token {token}"}, timeout=60
        )
        self._pacer = threading.Thread(target=self._send_all, daemon=True)
        self.seconds: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []

    def __enter__(self) -> Self:
        self._pacer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._pacer.join()
        self._threads.shutdown()
        self._client.close()

    def _send_all(self) -> None:
        began, number = time.perf_counter(), 0
        while not self._ended.is_set():
            self._threads.submit(self._send, number)
            number += 1
            time.sleep(max(0.0, began + number / self._rate - time.perf_counter()))

    def _send(self, number: int) -> None:
        began = time.perf_counter()
        try:
            if number % 10 == 9:
                path, field = self._patch
                answer = self._client.patch(path, json={field: f"change {number}"})
            else:
                answer = self._client.get(self._paths[number % len(self._paths)])
        except httpx.HTTPError as error:
            self.wrong.append(repr(error))
            return
        self.seconds.append(time.perf_counter() - began)
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 400 or "locked" in answer.text:
            self.wrong.append(f"{answer.status_code} {answer.request.url}: {answer.text[:200]}")

    def figures(self) -> dict[str, Any]:
        """Return milliseconds at the percentiles, and what was not answered well."""
        ordered = sorted(self.seconds) or [0.0]
        cuts = statistics.quantiles(ordered, n=100) if len(ordered) > 1 else ordered * 99
        return {
            "requests": len(self.seconds) + len(self.wrong),
            "wrong": len(self.wrong),
            "median_ms": 1000 * statistics.median(ordered),
            "p95_ms": 1000 * cuts[94],
            "p99_ms": 1000 * cuts[98],
            "max_ms": 1000 * ordered[-1],
        }


def paths_of(project: int, prompt: int, version: int, run: int) -> list[str]:
    """Return what a page or a script that watches a run asks for again and again."""
    return [
        "/api/prompts/",
        f"/api/prompts/{prompt}/",
        f"/api/prompts/{prompt}/versions",
        f"/api/prompts/{prompt}/versions/{version}/inference-runs",
        f"/api/inference-runs/{run}/",
        f"/api/inference-runs/{run}/indicators/",
        f"/api/inference-runs/{run}/failures",
        f"/api/projects/{project}/subset-tasks?page_size=20&parent_model={prompt}",
        "/api/model-provider-connections/",
    ]
