"""How long `/setup` takes while a run is going: Label Studio calls it with every page."""

from __future__ import annotations

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

EVERY = 0.02
FIRST_CALLS = 5
"""Not counted: a first contact reads the project from Label Studio."""


class SetupTimes:
    """``with`` it around a run: /setup is called all the while, as Label Studio does."""

    def __init__(self, url: str, project: int, config: str) -> None:
        self._netloc = urlsplit(url).netloc
        said = {"project": f"{project}.1", "schema": config, "extra_params": None}
        self._body = json.dumps(said)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._times: list[float] = []

    def __enter__(self) -> SetupTimes:
        for _ in range(FIRST_CALLS):
            self._once()
        self._times.clear()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def count(self) -> int:
        return len(self._times)

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the calls was answered."""
        assert self._times, "/setup was never answered"
        ordered = sorted(self._times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def _ask(self) -> None:
        while not self._ended.wait(EVERY):
            self._once()

    def _once(self) -> None:
        began = time.perf_counter()
        connection = http.client.HTTPConnection(self._netloc, timeout=10)
        try:
            connection.request("POST", "/setup", self._body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        assert answer.status == 200, f"/setup: {answer.status} {answer.reason}"
        self._times.append(time.perf_counter() - began)
