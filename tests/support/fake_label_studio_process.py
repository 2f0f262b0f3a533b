"""The fake Label Studio as a process of its own, for benchmarks and for a look at it by hand.

    PYTHONPATH=tests:. python -m support.fake_label_studio_process --port 0 [--validate]

prints where it listens. ``POST /control`` takes what ``support.fake_label_studio`` lists,
``GET /control/state`` shows all rows and the number of calls by method and route. While it is down,
only the control address works.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from support.fake_label_studio import TOKEN, Controls
from support.label_studio_routes import FakeServer
from support.processes import Child

ROOT = Path(__file__).resolve().parents[2]


class FakeLabelStudioProcess(Controls):
    """The fake as a child process, whose CPU time is not that of who asks it."""

    def __init__(self, *, validate: bool = False) -> None:
        self._validate = validate
        self._process: Child | None = None
        self.control_url = ""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "support.fake_label_studio_process", "--port", "0"]
        self._process = Child(
            command + ["--validate"] * self._validate,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"},
        )
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

    def control(self, **changes: Any) -> dict[str, Any]:
        return self._exchange("/control", changes)

    def state(self) -> dict[str, Any]:
        return self._exchange("/control/state", None)

    def _exchange(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control_url + path, data)
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
            return answer


async def serve(args: argparse.Namespace) -> None:
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
    try:
        asyncio.run(serve(parser.parse_args()))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
