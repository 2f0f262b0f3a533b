"""A Label Studio in memory for fast tests, spoken to over HTTP.

It behaves as the real one was measured to (docs/label-studio.md), and ``control`` makes it slow or
faulty; its keys, all optional:

    {"reset": true, "forget_calls": true, "down": true,
     "settings": {"legacy": false, "personal": false, "access_seconds": 1, "block_private": true},
     "seed": {"projects": [{"title": "…", "label_config": "…", "tasks": [{"data": {…}}]}]},
     "latency": [{"path": "import/predictions", "method": "POST", "seconds": 0.1, "per_row": 0}],
     "faults": [{"path": "import/predictions", "method": "POST", "times": 1, "skip": 0, "mode": …}]}

Modes of a fault: ``500_before`` and ``500_after`` the effect ("detail" is what it says),
``drop_connection_before`` and ``drop_connection_after``, ``delay_commit`` (the connection is cut,
the effect comes "seconds" later; with "locks" other writes fail until then), ``delay`` ("seconds"),
``status`` ("status", "body": an answer of something in between).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

from support.label_studio_routes import FakeServer
from support.threads import THREAD

TOKEN = "0123456789abcdef0123456789abcdef01234567"


class Controls(ABC):
    """A test's side of a fake Label Studio: what it holds, and how it behaves."""

    token = TOKEN
    url = ""

    @abstractmethod
    def control(self, **changes: Any) -> dict[str, Any]:
        """Change its behaviour or seed it; see the module."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All rows, and calls such as {"POST /api/ml": 1}."""

    def reset(self) -> None:
        """Forget all rows, calls, faults and latencies; tokens of both kinds are on again."""
        settings = {
            "legacy": True,
            "personal": True,
            "access_seconds": 300,
            "block_private": False,
            "users": {},
        }
        self.control(reset=True, settings=settings, down=False)

    def seed(
        self, label_config: str, tasks: list[dict[str, Any]], *, title: str = "Seeded"
    ) -> tuple[int, list[int]]:
        """A project with tasks: its id and theirs. Tasks may hold annotations and predictions."""
        wire = {"title": title, "label_config": label_config, "tasks": tasks}
        project = self.control(seed={"projects": [wire]})["projects"][0]
        return project["id"], project["task_ids"]

    def fail(self, path: str, mode: str, **more: Any) -> None:
        """The next request whose path and query hold ``path`` fails in ``mode``."""
        self.control(faults=[{"path": path, "mode": mode, **more}])


class FakeLabelStudio(Controls):
    """A new one at a port of its own: ``with FakeLabelStudio() as fake: … fake.url, fake.token``.

    It answers in a thread of this process, which all of them share: one costs some milliseconds.
    """

    def __init__(self, *, validate: bool = False) -> None:
        self._server = FakeServer(TOKEN, validate=validate)

    def __enter__(self) -> Self:
        port = THREAD.run(self._server.start("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.control(reset=True, down=True)

    def control(self, **changes: Any) -> dict[str, Any]:
        return THREAD.run(self._control(json.dumps(changes)))

    def state(self) -> dict[str, Any]:
        return THREAD.run(self._state())

    # As JSON, as over HTTP: neither side holds what the other changes.

    async def _control(self, changes: str) -> dict[str, Any]:
        answer = await self._server.control(json.loads(changes))
        return dict(json.loads(json.dumps(answer)))

    async def _state(self) -> dict[str, Any]:
        return dict(json.loads(json.dumps(self._server.state())))
