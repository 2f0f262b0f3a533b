"""Showing a run while it goes on, executing it here when nobody else does, and its outcome."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ml_backend.cli.app import App
from ml_backend.cli.next_steps import for_command_line
from ml_backend.cli.output.progress import LINE_EVERY
from ml_backend.records import ProviderName, Run, Stage

POLL_SECONDS = 0.25
LEAVE_SECONDS = 5.0
DOING = {
    Stage.PENDING: "waits to begin",
    Stage.ASKING: "asks the model",
    Stage.PLANNING: "compares with Label Studio",
    Stage.CLEARING: "removes replaced predictions",
    Stage.LOADING: "writes predictions",
    Stage.VERIFYING: "checks what Label Studio holds",
    Stage.DONE: "finishes",
}
"""What a run does, in words."""

PUBLISHING = (Stage.CLEARING, Stage.LOADING, Stage.VERIFYING)


class Worker:
    """Executes a run in a thread, so that the main thread can show it and take Ctrl-C."""

    def __init__(self, app: App, run_id: int) -> None:
        self._container = app.container
        self._run_id = run_id
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def work(self) -> None:
        """Start, or take the run up again when whoever had it let it go."""
        if self._error is not None:
            raise self._error
        if not self.is_at_work:
            if self._run_id not in self._container.store.runs.claimable():
                return
            self._thread = threading.Thread(target=self._execute, daemon=True)
            self._thread.start()

    @property
    def is_at_work(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def leave(self) -> None:
        """Let the run go where it stands; whoever takes it over goes on from there."""
        self._container.executor.shutdown.set()
        if self._thread is not None:
            self._thread.join(LEAVE_SECONDS)

    def _execute(self) -> None:
        try:
            self._container.executor.execute(self._run_id)
        except Exception as error:  # whatever it is, the main thread reports it
            self._error = error


class Elsewhere:
    """Says, once, which other process executes a run, and whose model answers it."""

    def __init__(self, app: App, run_id: int) -> None:
        self._app = app
        self._run_id = run_id
        self._said = ""

    def say(self) -> None:
        """Say who has the run, where that is another than who was said last."""
        holder = self._app.container.store.runs.holder(self._run_id)
        if holder is None or holder == self._said:
            return
        self._said = holder
        host, _, rest = holder.partition(":")
        process = rest.partition(":")[0]
        if (host, process) == (socket.gethostname(), str(os.getpid())):
            return
        who = f"process {process} on {host}" if process else holder
        self._app.note(
            f"Run {self._run_id} is executed by {who}, a server or command on the same database, "
            f"not by this one: {self._answered_by()}."
        )

    def _answered_by(self) -> str:
        store = self._app.container.store
        asked = store.runs.get(self._run_id).snapshot
        provider = asked.provider.value if asked.provider else "its model"
        model = f"{provider} · {asked.model}"
        if asked.connection_id is not None:
            connection = store.connections.find(asked.connection_id)
            return (
                f"{model} by the connection {connection.title!r} answers" if connection else model
            )
        if asked.provider is ProviderName.BASELINE:
            return f"{model} answers"
        return f"{model} answers, with the address and key of that process's own environment"


def execute(app: App, run_id: int) -> Run:
    """Execute a run here, showing it, until it ends; another process may have it instead.

    The first Ctrl-C cancels: what was answered is published. The second leaves the run as it is.
    """
    worker = Worker(app, run_id)
    elsewhere = Elsewhere(app, run_id)
    canceling = False

    def tick() -> None:
        worker.work()
        if not worker.is_at_work:
            elsewhere.say()

    while True:
        try:
            return _show(app, run_id, tick)
        except KeyboardInterrupt:
            if canceling:
                worker.leave()
                app.note(
                    f"Left run {run_id} as it stands: a server on this database goes on with it, "
                    f"or `ls-prompts runs resume {run_id}`."
                )
                if app.container.store.runs.get(run_id).stage in PUBLISHING:
                    app.note(
                        "Until then predictions of this prompt may be missing in Label Studio."
                    )
                raise click.exceptions.Exit(1) from None
            canceling = True
            app.container.store.runs.request_cancel(run_id)
            app.note(
                "Canceling; what was answered is still published, and `ls-prompts runs resume "
                f"{run_id}` goes on with the rest. Ctrl-C again leaves now."
            )


def watch(app: App, run_id: int) -> Run:
    """Show a run that another process executes, until it ends."""
    store = app.container.store
    elsewhere = Elsewhere(app, run_id)
    idle_since: float | None = None

    def look() -> None:
        nonlocal idle_since
        if run_id not in store.runs.claimable():
            idle_since = None
            elsewhere.say()
        elif idle_since is None:
            idle_since = time.monotonic()
        elif 0 < time.monotonic() - idle_since - 3.0 < POLL_SECONDS * 2:
            app.note(
                "No process is working on this run: start `ls-prompts serve`, or "
                f"`ls-prompts runs resume {run_id}`."
            )

    return _show(app, run_id, look)


def _show(app: App, run_id: int, tick: Callable[[], None]) -> Run:
    with _display(app, run_id) as show:
        while True:
            run = app.container.store.runs.get(run_id)
            show(run)
            if not run.is_open:
                return run
            tick()
            time.sleep(POLL_SECONDS)


@contextmanager
def _display(app: App, run_id: int) -> Iterator[Callable[[Run], None]]:
    pace = Pace()
    if not app.is_terminal:
        yield _lines(app, pace)
        return
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[detail]}"))
    with Progress(*columns, console=app.console(stderr=True), transient=True) as progress:
        job = progress.add_task(f"Run {run_id}", total=None, detail="")

        def show(run: Run) -> None:
            progress.update(
                job,
                description=f"Run {run_id} {DOING[run.stage]}",
                total=run.totals.total or None,
                completed=run.totals.done,
                detail=escape(pace.describe(run)),
            )

        yield show


def _lines(app: App, pace: Pace) -> Callable[[Run], None]:
    said = 0.0
    last = ("", "")

    def show(run: Run) -> None:
        nonlocal said, last
        now = (run.stage.value, run.message.split(":")[0])
        if not run.is_open or (time.monotonic() - said < LINE_EVERY and now == last):
            return
        said, last = time.monotonic(), now
        app.note(f"Run {run.id} {DOING[run.stage]}: {pace.describe(run)}")

    return show


class Pace:
    """How fast a run goes, as seen from here."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None

    def describe(self, run: Run) -> str:
        """Return counts, rate, time left, cost and what is waited for, in one line."""
        totals = run.totals
        now = time.monotonic()
        if self._began is None:
            self._began = (now, totals.done)
        seconds, done = now - self._began[0], totals.done - self._began[1]
        parts = [f"{totals.done} of {totals.total}"]
        if totals.failed:
            parts.append(f"{totals.failed} failed")
        if run.stage.value == "asking" and done and seconds > 1.0:
            rate = done / seconds
            parts.append(f"{rate:.1f}/s")
            parts.append(f"{max(0, totals.total - totals.done) / rate:.0f} s left")
        if totals.cost:
            parts.append(f"${totals.cost:.4f}")
        if run.message:
            parts.append(for_command_line(run.message))
        return ", ".join(parts)
