"""Processes that execute a run and die at a chosen point, forked from one that imported it all.

    python tests/support/crash_worker.py

reads one JSON object a line, ``Order``'s fields, forks a worker for it and prints its pid. A
worker counts what it does: each transaction's begin and commit, each request to Label Studio
before it is sent and after it was answered. At number ``point`` it kills or stops itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 0.01


@dataclass(frozen=True)
class Order:
    """What a worker is to do and when to die; ``point`` 0 is never."""

    env: dict[str, str]
    run_id: int
    log: str
    generation: int
    settle_seconds: float
    failing: list[str] = field(default_factory=list)
    rubbish: list[str] = field(default_factory=list)
    accept: dict[str, Any] = field(default_factory=dict)
    """Instead of a run: {"project", "label", "min_score"}, {"acceptance"} to take one back, or
    {"follow"} to look at what a follow accepts."""
    point: int = 0
    delay: float = 0.0
    how: str = "KILL"


class Workers:
    """The forking process: ``with Workers() as workers: pid = workers.start(order)``."""

    def __enter__(self) -> Self:
        from support.processes import Child

        self._process = Child(
            [sys.executable, Path(__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        )
        return self

    def start(self, order: Order) -> int:
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stop()


def state_of(pid: int) -> str:
    """Return "gone", "stopped" or "running"."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return {"T": "stopped", "Z": "gone", "X": "gone"}.get(fields[0], "running")


class Trap:
    """Counts what the worker does and springs at one number."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.count = 0
        self._sprung = False
        self._lock = threading.Lock()

    def step(self, *database: object) -> None:
        with self._lock:
            self.count += 1
            if self._sprung or not self._order.point or self.count < self._order.point:
                return
            if database and self._order.how == "STOP":
                return
            self._sprung = True
        if self._order.delay and self._order.how == "KILL":
            threading.Timer(self._order.delay, self._spring).start()
        else:
            self._spring()

    def _spring(self) -> None:
        if self._order.how == "STOP":
            # Asleep in a transaction it would hold up everybody, on SQLite: none is open now.
            path = Path(self._order.env["DATA_DIR"]) / "prompts.db"
            with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as alone:
                alone.execute("BEGIN IMMEDIATE")
                alone.execute("COMMIT")
        os.kill(os.getpid(), signal.Signals[f"SIG{self._order.how}"])


class LoggedModel:
    """Writes down whom it was asked about, then answers A, or B to the second version's text."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def complete(self, request: Any) -> Any:
        from ml_backend.errors import ModelError
        from ml_backend.llm import Reply
        from ml_backend.records import FailureKind, Usage

        text = request.inputs["text"]
        os.write(self._log, f"{self._order.generation} {request.task_id}\n".encode())
        await asyncio.sleep(ANSWER_SECONDS)
        if text in self._order.failing:
            raise ModelError("no answer in time", kind=FailureKind.TIMEOUT)
        second = any("Again" in str(message["content"]) for message in request.messages)
        answer = '{"topic": "%s"}' % ("B" if second else "A")
        if text in self._order.rubbish:
            answer = "rubbish"
        return Reply(answer, Usage(10, 2), 0.01, 1, None, "json_schema", request.model)

    async def check(self, payer: Any) -> list[str]:
        return ["logged"]

    async def close(self) -> None:
        return


def work(order: Order) -> None:
    import sqlalchemy as sa

    from ml_backend.container import Container
    from ml_backend.settings import Settings
    from support.models import adopt

    container = Container(Settings.from_env(order.env), settle_seconds=order.settle_seconds)
    adopt(container.models, container.models.default, LoggedModel(order))
    trap = Trap(order)
    for event in ("begin", "commit"):
        sa.event.listen(container.store.database.engine, event, trap.step)
    connection = container.studio._transport._connection
    attempt = connection.authorized

    def trapped(*arguments: Any) -> Any:
        trap.step()
        try:
            return attempt(*arguments)
        finally:
            trap.step()

    connection.authorized = trapped  # type: ignore[method-assign]
    if order.accept:
        work_on_acceptance(container, order)
        Path(order.log).write_text(str(trap.count))
        return
    container.executor.execute(order.run_id)


def work_on_acceptance(container: Any, order: Order) -> None:
    """Accept by a score or as a follow does, or take an acceptance back."""
    from ml_backend.services.accepting.request import accept_request
    from ml_backend.services.predictions.selection import select
    from ml_backend.services.writing.patience import Patience

    asked = order.accept
    patience = Patience(lambda message: None, threading.Event(), first_pause=0.05)
    if "follow" in asked:
        container.follow_checks.look_at(container.store.guards.get(asked["follow"]))
        return
    if "acceptance" in asked:
        service = container.take_back
        service.execute(service.plan(asked["acceptance"]), patience)
        return
    selection = select(labels=[asked["label"]], everything=True)
    request = accept_request(selection, min_score=asked["min_score"])
    container.accepting.accept(asked["project"], request, patience)


def main() -> None:
    import ml_backend.container
    import ml_backend.llm.providers  # noqa: F401
    from ml_backend.labeling import LabelingConfig

    LabelingConfig.parse(
        '<View><Text name="text" value="$text"/><TextArea name="a" toName="text"/></View>'
    ).check([])
    from label_studio_sdk import LabelStudio  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = Order(**json.loads(line))
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                work(order)
                code = 0
            except BaseException as error:
                print(f"worker: {time.time():.3f} {error!r}", file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
