"""Steps that take their time: a person sees every few seconds that, and how far, they go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

EVERY = 4.0
"""Seconds between two lines of a step that goes on, where lines cannot be redrawn."""


class Steps:
    """Says a step's title while it goes on, and how long it took when it is done."""

    def __init__(self, console: Console, *, every: float = EVERY) -> None:
        self._console = console
        self._every = every

    @contextmanager
    def step(
        self, title: str, how_far: Callable[[], str] = lambda: ""
    ) -> Iterator[Callable[[str], None]]:
        """Yield what says how far the step is; ``how_far`` is asked where nobody says."""
        began, said = time.monotonic(), ""

        def say(text: str) -> None:
            nonlocal said
            said = text

        def line() -> str:
            far = said or how_far()
            seconds = time.monotonic() - began
            return f"{title}{f': {escape(far)}' if far else ''} [dim]({seconds:.0f} s)[/dim]"

        done = threading.Event()
        beat = threading.Thread(target=self._beat, args=(line, done), daemon=True)
        beat.start()
        try:
            yield say
        finally:
            done.set()
            beat.join()
        took = f"✓ {title} [dim]({time.monotonic() - began:.1f} s)[/dim]"
        self._console.print(took, soft_wrap=True)

    def _beat(self, line: Callable[[], str], done: threading.Event) -> None:
        if self._console.is_terminal:
            with self._console.status(line()) as status:
                while not done.wait(min(1.0, self._every)):
                    status.update(line())
            return
        while not done.wait(self._every):
            self._console.print(f"  … {line()}", soft_wrap=True)
