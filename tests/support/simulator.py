"""The simulated model server in a thread of the tests or as a process, and its controls.

``with Simulator() as simulator:`` then point a Custom connection at ``simulator.url``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ml_backend.simulator.behaviour import Behaviour
from ml_backend.simulator.listening import listen
from ml_backend.simulator.server import build_app
from support.processes import Child
from support.threads import THREAD

ROOT = Path(__file__).resolve().parents[2]


class Controls(ABC):
    """A test's side of a simulated model."""

    def __init__(self, url: str) -> None:
        self.url = url
        """Ends in ``/v1``."""
        self.root = url.removesuffix("/v1")

    @abstractmethod
    def stop(self) -> None:
        """Stop answering."""

    def control(self, *rules: dict[str, Any], **behaviour: Any) -> None:
        """Replace the behaviour; rules come first."""
        self._post("/control", {"rules": list(rules), **behaviour})

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.root}/stats", timeout=10) as response:
            return json.load(response)

    def last_request(self) -> dict[str, Any]:
        """Return the body of the last chat completion asked for."""
        with urllib.request.urlopen(f"{self.root}/last-request", timeout=10) as response:
            found: dict[str, Any] = json.load(response)
        return found

    def calls_with(self, message: str) -> int:
        """How often this text was the last user message of a call."""
        digest = hashlib.sha256(message.encode()).hexdigest()
        return self.stats()["by_message"].get(digest, 0)

    def reset(self) -> None:
        """Clear statistics and behaviour."""
        self._post("/reset", {})

    def _post(self, path: str, data: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self.root + path,
            data=json.dumps(data).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            response.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Simulator(Controls):
    """A new one at a port of its own, in a thread of this process that all of them share."""

    def __init__(self, *, latency: float = 0.0, seed: int = 1, key: str = "") -> None:
        app = build_app(Behaviour(latency=latency), seed=seed, key=key)
        self._runner, url = THREAD.run(listen(app, "127.0.0.1", 0))
        super().__init__(url)

    def stop(self) -> None:
        THREAD.run(self._runner.cleanup())


class SimulatorProcess(Controls):
    """A child process, whose CPU time is not that of who asks it.

    Keyword arguments are the options of ``python -m ml_backend.simulator``.
    """

    def __init__(self, **options: Any) -> None:
        options = {"port": 0, "latency": 0, **options}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self._process = Child(
            [sys.executable, "-m", "ml_backend.simulator", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )
        super().__init__(self._process.word_after("listening on "))

    def stop(self) -> None:
        self._process.stop()
