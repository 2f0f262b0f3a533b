"""Progress on stderr: a bar that is redrawn for a person, a line now and then for a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ml_backend.cli.app import App

LINE_EVERY = 5.0


@contextmanager
def bar(app: App, title: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what takes (done, total) of a job that needs no more than that."""
    if app.is_terminal:
        from rich.progress import Progress

        with Progress(console=app.console(stderr=True), transient=True) as progress:
            job = progress.add_task(title, total=None)
            yield lambda done, total: progress.update(job, completed=done, total=total)
        return
    said = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= LINE_EVERY:
            said = time.monotonic()
            app.note(f"{title}: {done} of {total}")

    yield show
