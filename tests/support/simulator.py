"""The simulated model server as a process of its own, and its controls.

``with Simulator() as simulator:`` then point a Custom connection at ``simulator.url``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.request
from types import TracebackType
from typing import Any

from support.processes import ROOT, Child


class Simulator:
    """Keyword arguments are the options of ``python -m ml_backend.simulator``."""

    def __init__(self, **options: Any) -> None:
        options = {"port": 0, "latency": 0, **options}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self._process = Child(
            [sys.executable, "-m", "ml_backend.simulator", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )
        self.url = self._process.word_after("listening on ")
        """Ends in ``/v1``."""
        self.root = self.url.removesuffix("/v1")

    @property
    def pid(self) -> int:
        return self._process.pid

    def control(self, *rules: dict[str, Any], **behaviour: Any) -> None:
        """Replace the behaviour; rules come first."""
        self._post("/control", {"rules": list(rules), **behaviour})

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.root}/stats", timeout=10) as response:
            return json.load(response)

    def calls_with(self, message: str) -> int:
        """How often this text was the last user message of a call."""
        digest = hashlib.sha256(message.encode()).hexdigest()
        return self.stats()["by_message"].get(digest, 0)

    def reset(self) -> None:
        """Clear statistics and behaviour."""
        self._post("/reset", {})

    def stop(self) -> None:
        self._process.stop()

    def _post(self, path: str, data: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self.root + path,
            data=json.dumps(data).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            response.read()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
