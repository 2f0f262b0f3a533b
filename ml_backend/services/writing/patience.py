"""Patience with a Label Studio that does not answer: wait, say so, go on when it returns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ml_backend.errors import LabelStudioUnreachable, PromptsError

T = TypeVar("T")

GIVE_UP_AFTER = 30 * 60.0
"""Seconds a run waits for Label Studio before it fails, resumable."""


class Interrupted(PromptsError):
    """The work must stop here: the process ends, the claim is lost or a person canceled."""


class Patience:
    """Repeats calls that found Label Studio away; ``say`` shows a person what is waited for."""

    def __init__(
        self,
        say: Callable[[str], None],
        stop: threading.Event,
        *,
        give_up_after: float = GIVE_UP_AFTER,
        first_pause: float = 0.5,
    ) -> None:
        self._say = say
        self._stop = stop
        self._give_up_after = give_up_after
        self._first_pause = first_pause

    def call(self, what: Callable[[], T]) -> T:
        """Return ``what()``, repeated while it raises LabelStudioUnreachable; reads only.

        Raises the last LabelStudioUnreachable after half an hour, Interrupted when told to stop.
        """
        began = time.monotonic()
        pause = self._first_pause
        waited = False
        while True:
            try:
                value = what()
            except LabelStudioUnreachable as error:
                if time.monotonic() - began > self._give_up_after:
                    raise
                self._say(f"waiting for Label Studio: {error.message}")
                waited = True
                self.sleep(pause)
                pause = min(pause * 1.6, 5.0)
                continue
            if waited:
                self._say("")
            return value

    def sleep(self, seconds: float) -> None:
        """Wait, or raise Interrupted as soon as the work must stop."""
        if self._stop.wait(seconds):
            raise Interrupted("The work was interrupted.")

    def say(self, message: str) -> None:
        self._say(message)
