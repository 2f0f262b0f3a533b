"""What Label Studio said of callers in the last minutes: read on by it while Label Studio is away.

Kept by token, and by token and project, and only what was verified: using it lengthens nothing.
Silence and errors of Label Studio's own (5xx) are bridged; a refusal (401, 403, 404) ends it at
once. It is for reading alone: what costs money or changes something asks Label Studio itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from cachetools import TTLCache

from ml_backend.errors import LabelStudioAuthError, LabelStudioError, LabelStudioUnreachable
from ml_backend.labelstudio import Project, User, in_haste

BRIDGED_SECONDS = 300.0
SILENCE_SECONDS = 2.0
"""How long a read may be silent where what was verified before can stand in for it."""

AWAY_SECONDS = 5.0
"""How long Label Studio counts as away before it is asked again."""

MOST_USERS = 1024
MOST_CHARACTERS = 16_000_000
"""Of all labeling configs together, and of all titles: what was verified longest ago goes first."""

REFUSALS = (401, 403, 404)

T = TypeVar("T")
K = TypeVar("K")


class Bridge:
    """Remembers users, lists of projects and projects by token; safe to share among threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._users: TTLCache[bytes, User] = TTLCache(MOST_USERS, BRIDGED_SECONDS, clock)
        self._titles: TTLCache[bytes, dict[int, str]] = TTLCache(
            MOST_CHARACTERS, BRIDGED_SECONDS, clock, getsizeof=_size_of_titles
        )
        self._projects: TTLCache[tuple[bytes, int], Project] = TTLCache(
            MOST_CHARACTERS, BRIDGED_SECONDS, clock, getsizeof=_size_of_project
        )
        self._away_until = float("-inf")
        self._ends = 0

    @property
    def is_away(self) -> bool:
        """Whether Label Studio was silent a moment ago, so that nobody waits for it now."""
        return self._clock() < self._away_until

    def limit(self) -> float | None:
        """Refuse a page's read while Label Studio is away: what ``begin_haste`` takes."""
        if self.is_away:
            raise LabelStudioUnreachable(
                "Label Studio does not answer.",
                fix="Check LABEL_STUDIO_URL and that Label Studio is running. What was known a "
                "moment ago can be read on; all else waits until it is back.",
            )
        return None

    def knows(self, key: bytes) -> bool:
        """Return whether the user of a token was verified, and not refused since."""
        return self._find(self._users, key) is not None

    # What is asked. ``may_bridge``: the caller only reads.

    def user(self, key: bytes, read: Callable[[], User], *, may_bridge: bool) -> User:
        """Return the user of a token."""
        return self._ask(self._users, key, read, may_bridge, lambda: self.end(key), key)

    def titles(
        self, key: bytes, read: Callable[[], dict[int, str]], *, may_bridge: bool
    ) -> dict[int, str]:
        """Return id -> title of the projects that a token sees."""
        return self._ask(self._titles, key, read, may_bridge, lambda: self.end(key), key)

    def project(
        self, key: bytes, project_id: int, read: Callable[[], Project], *, may_bridge: bool
    ) -> Project:
        """Return a project as a token reads it."""
        at = (key, project_id)
        return self._ask(
            self._projects, at, read, may_bridge, lambda: self._end_project(key, project_id), key
        )

    def guess(self, read: Callable[[], T], otherwise: T, *, may_bridge: bool) -> T:
        """Return what is read of Label Studio by the server's own token, or ``otherwise``.

        For what nobody's rights widen with; only where the caller reads, and Label Studio is away.
        """
        if not may_bridge:
            return read()
        try:
            self.limit()
            with in_haste(SILENCE_SECONDS):
                return read()
        except LabelStudioError as error:
            if not _is_silence(error):
                raise
            self._note(error)
            return otherwise

    def end(self, key: bytes) -> None:
        """Forget all that is known of a token."""
        with self._lock:
            self._ends += 1
            self._users.pop(key, None)
            self._titles.pop(key, None)
            for at in [each for each in self._projects if each[0] == key]:
                self._projects.pop(at, None)

    def forget(self) -> None:
        """Forget everything of everybody."""
        with self._lock:
            self._ends += 1
            for known in (self._users, self._titles, self._projects):
                known.clear()

    def _end_project(self, key: bytes, project_id: int) -> None:
        with self._lock:
            self._ends += 1
            self._projects.pop((key, project_id), None)
            titles = self._titles.get(key)
            if titles is not None:
                titles.pop(project_id, None)  # in place: it stays as old as it is

    def _ask(
        self,
        known: TTLCache[K, T],
        at: K,
        read: Callable[[], T],
        may_bridge: bool,
        end: Callable[[], None],
        key: bytes,
    ) -> T:
        ends = self._ends
        try:
            value = self._read(known, at, read, may_bridge)
        except LabelStudioError as error:
            if isinstance(error, LabelStudioAuthError) and error.status == 401:
                self.end(key)
            elif error.status in REFUSALS:
                end()
            # Looked up only now: what was refused meanwhile stands in for nothing.
            last = self._find(known, at) if may_bridge and _is_silence(error) else None
            if last is None:
                raise
            self._note(error)
            return last
        with self._lock:
            self._away_until = float("-inf")
            # An answer that a refusal overtook verifies nothing any more.
            if ends == self._ends and known.getsizeof(value) <= known.maxsize:
                known[at] = _own(value)
        return value

    def _read(self, known: TTLCache[K, T], at: K, read: Callable[[], T], may_bridge: bool) -> T:
        if not may_bridge or self._find(known, at) is None:
            return read()
        self.limit()
        with in_haste(SILENCE_SECONDS):
            return read()

    def _find(self, known: TTLCache[K, T], at: K) -> T | None:
        with self._lock:
            found: T | None = _own(known.get(at))
            return found

    def _note(self, error: LabelStudioError) -> None:
        """Count Label Studio as away after a silence; an error of its own is about one thing."""
        with self._lock:
            if isinstance(error, LabelStudioUnreachable) and self._clock() >= self._away_until:
                self._away_until = self._clock() + AWAY_SECONDS


def _own(value: Any) -> Any:
    """Return a value that nobody else changes."""
    return dict(value) if isinstance(value, dict) else value


def _is_silence(error: LabelStudioError) -> bool:
    return isinstance(error, LabelStudioUnreachable) or error.status >= 500


def _size_of_titles(titles: dict[int, str]) -> int:
    return 100 + _length(titles.values()) + 100 * len(titles)


def _size_of_project(project: Project) -> int:
    return 1_000 + _length([project.title, project.label_config, project.instruction])


def _length(texts: Iterable[str]) -> int:
    return sum(len(each) for each in texts)
