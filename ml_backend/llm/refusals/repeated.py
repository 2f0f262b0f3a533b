"""Refusals in words nobody knows, task after task the same, with no answer between: not the tasks'.

Whatever language a server says in that an account is empty or a parameter wrong, it says it of all.
"""

from __future__ import annotations

import re

from ml_backend.llm.refusals.trouble import Cure, Trouble

AT_FIRST = 3
"""Tasks refused alike before any answer that are enough."""
LATER = 30
"""Tasks in a row refused alike after answers: some tasks next to each other may well be alike."""
NUMBERS = re.compile(r"[\da-f-]{8,}|\d+", re.IGNORECASE)


class SameRefusal:
    """Counts the tasks that were refused alike since the last answer."""

    def __init__(self) -> None:
        self._last: tuple[int, str, int] | None = None
        self._tasks = 0

    def is_of_all(self, trouble: Trouble, answers: int, *, known: bool) -> bool:
        """Return whether a task's final refusal says nothing of the task.

        ``answers`` is how many the connection has brought so far, ``known`` whether the model has
        answered at any time.
        """
        doubtful = trouble.maybe_form or trouble.once_answered is Cure.FAIL
        final = trouble.cure in (Cure.FAIL, Cure.LOWER_FORM, Cure.NO_SYSTEM, Cure.MEND)
        if not doubtful or not final or not 400 <= trouble.status < 500:
            return False
        now = (trouble.status, NUMBERS.sub("#", trouble.said), answers)
        self._tasks = self._tasks + 1 if now == self._last else 1
        self._last = now
        return self._tasks >= (LATER if answers or known else AT_FIRST)
