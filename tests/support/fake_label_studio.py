"""A Label Studio in memory, for fast tests and benchmarks, as a process of its own.

    python tests/support/fake_label_studio.py --port 0 [--validate]

prints where it listens. It behaves as the real one was measured to (docs/label-studio.md), and
``POST /control`` makes it slow or faulty; its keys, all optional:

    {"reset": true, "forget_calls": true, "down": true,
     "settings": {"legacy": false, "personal": false, "access_seconds": 1, "block_private": true},
     "seed": {"projects": [{"title": "…", "label_config": "…", "tasks": [{"data": {…}}]}]},
     "latency": [{"path": "import/predictions", "method": "POST", "seconds": 0.1, "per_row": 0}],
     "faults": [{"path": "import/predictions", "method": "POST", "times": 1, "skip": 0, "mode": …}]}

Modes of a fault: ``500_before`` and ``500_after`` the effect ("detail" is what it says),
``drop_connection_before`` and ``drop_connection_after``, ``delay_commit`` (the connection is cut,
the effect comes "seconds" later; with "locks" other writes fail until then), ``delay`` ("seconds"),
``status`` ("status", "body": an answer of something in between). ``GET /control/state`` shows all
rows and the number of calls by method and route. While it is down, only the control address works.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from support.processes import Child

TOKEN = "0123456789abcdef0123456789abcdef01234567"


class FakeLabelStudio:
    """The fake as a child process: ``with FakeLabelStudio() as fake: … fake.url, fake.token``."""

    token = TOKEN

    def __init__(self, *, validate: bool = False) -> None:
        self._validate = validate
        self._process: Child | None = None
        self.url = ""
        self.control_url = ""

    def __enter__(self) -> Self:
        from support.processes import Child

        command = [sys.executable, Path(__file__), "--port", "0"]
        self._process = Child(command + ["--validate"] * self._validate)
        self.control_url = self._process.word_after("control on ")
        self.url = self._process.word_after("listening on ")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def control(self, **changes: Any) -> dict[str, Any]:
        """Change its behaviour or seed it; see the module."""
        return self._exchange("/control", changes)

    def state(self) -> dict[str, Any]:
        """All rows, and calls such as {"POST /api/ml": 1}."""
        return self._exchange("/control/state", None)

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

    def _exchange(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control_url + path, data)
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
            return answer


async def serve(args: argparse.Namespace) -> None:
    from aiohttp import web

    from support.label_studio_routes import FakeServer

    server = FakeServer(args.token, validate=args.validate)
    control = web.AppRunner(server.control_app(), access_log=None)
    await control.setup()
    await web.TCPSite(control, args.host, 0).start()
    print(f"control on http://{args.host}:{control.addresses[0][1]}", flush=True)
    port = await server.start(args.host, args.port)
    print(f"listening on http://{args.host}:{port}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="An in-memory Label Studio for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--validate", action="store_true", help="drop predictions as it does")
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    try:
        asyncio.run(serve(parser.parse_args()))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
