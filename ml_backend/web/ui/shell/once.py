"""A form that is sent twice is done once, be it by a double click or by impatience without script.

Every form has a number of its own (``once``). The first that sends it does the work; who sends it
again meanwhile waits, and then is led where the first was. What was refused, or changed nothing,
is done anew. The database knows it too, so that it holds for all processes and after a restart;
what the page says of it is told by the process that did it alone.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import current_app, g, request, session
from werkzeug.wrappers import Response

from ml_backend.errors import Conflict
from ml_backend.store.presses import PressStore
from ml_backend.web.ui.shell.pages import go, pages
from ml_backend.web.ui.shell.session import KEY, OPEN_ENDPOINTS

REPEATABLE = "repeatable"
WAIT_SECONDS = 120.0
KEPT_SECONDS = 60.0
"""How long after its answer a form that comes again is the same press and not another one."""

HELD_SECONDS = 30.0
"""How long a form belongs to a process that does it, and may have died over it."""

LOOK_EVERY = 0.2
MOST_KEPT = 2_000
NOT_OF_IT = frozenset({"csrf_token", "estimated"})
"""Fields that say nothing about what is asked for."""

V = TypeVar("V", bound=Callable[..., Any])


def repeatable(view: V) -> V:
    """Mark a view that changes nothing, however often it is asked."""
    setattr(view, REPEATABLE, True)
    return view


def number() -> str:
    """Return the number of a form."""
    return secrets.token_urlsafe(9)


@dataclass(slots=True)
class _Sent:
    """A form on its way; ``where`` is where its sender was led, None while nobody was."""

    done: threading.Event = field(default_factory=threading.Event)
    where: str | None = None
    said: list[Any] = field(default_factory=list)
    """What the page it leads to tells."""
    at: float = field(default_factory=time.monotonic)
    fence: int | None = None
    """Under which the database knows it; None where it is another process's."""


class Once:
    """The forms that were sent lately, of this process and of others on its database."""

    def __init__(
        self,
        wait: float = WAIT_SECONDS,
        kept: float = KEPT_SECONDS,
        most: int = MOST_KEPT,
        *,
        presses: PressStore | None = None,
    ) -> None:
        self._wait, self._kept, self._most = wait, kept, most
        self._presses = presses
        self._sent: dict[str, _Sent] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sent)

    def take(self, key: str) -> _Sent | None:
        """Return None for the first that sends a form, else how that went, once it has ended."""
        until = time.monotonic() + self._wait
        while True:
            with self._lock:
                found = self._sent.get(key)
                if is_first := found is None or self._is_old(found):
                    self._sent[key] = found = _Sent()
                    self._forget()
            if is_first:
                return self._take_from_others(key, found, until)
            if not found.done.wait(max(0.0, until - time.monotonic())):
                raise _going()
            if found.where is not None:
                return found

    def _take_from_others(self, key: str, sent: _Sent, until: float) -> _Sent | None:
        """Do for all processes of the database what ``take`` does for this one."""
        if self._presses is None:
            return None
        try:
            while (fence := self._presses.begin(key, HELD_SECONDS)) is None:
                where = self._presses.led_to(key)
                if where:
                    self.end(key, where, [])
                    return sent
                if time.monotonic() >= until:
                    raise _going()
                time.sleep(LOOK_EVERY)
        except BaseException:
            self.end(key, None, [])
            raise
        sent.fence = fence
        return None

    def end(self, key: str, where: str | None, said: list[Any]) -> None:
        """Say where the first was led; None lets the next one try anew."""
        with self._lock:
            found = self._sent.get(key)
            if found is None:
                return
            found.where, found.said, found.at = where, said, time.monotonic()
            if where is None:
                del self._sent[key]
        if self._presses is not None and found.fence is not None:
            self._presses.end(key, found.fence, where, self._kept)
        found.done.set()

    def _is_old(self, sent: _Sent) -> bool:
        return sent.done.is_set() and time.monotonic() - sent.at > self._kept

    def _forget(self) -> None:
        for key in [each for each, sent in self._sent.items() if self._is_old(sent)]:
            del self._sent[key]
        while len(self._sent) > self._most:
            del self._sent[next(iter(self._sent))]


def _going() -> Conflict:
    return Conflict(
        "This is being done already: it was sent a moment ago.",
        fix="Reload the page to see how far it is.",
    )


ONCE = "once"


def of_this_app() -> Once:
    found: Once = current_app.extensions.setdefault(ONCE, Once())
    return found


@pages.before_request
def _take() -> Response | None:
    # Whose it is has been checked by then: functions of a blueprint run in the order of imports.
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method != "POST" or not request.form.get(ONCE):
        return None
    if getattr(view, REPEATABLE, False) or request.endpoint in OPEN_ENDPOINTS:
        return None
    key = _key()
    before = of_this_app().take(key)
    if before is None:
        g.once = key
        return None
    session["_flashes"] = before.said
    return go(before.where or "")


@pages.after_request
def _end(response: Response) -> Response:
    key = g.pop("once", None)
    if key is not None:
        leads = response.status_code in (302, 303) or "HX-Redirect" in response.headers
        where = response.headers.get("HX-Redirect") or response.headers.get("Location")
        said = list(session.get("_flashes", ()))
        of_this_app().end(key, where if leads else None, said)
    return response


@pages.teardown_request
def _give_up(_error: BaseException | None) -> None:
    """A request that ended without an answer holds nobody up."""
    key = g.pop("once", None)
    if key is not None:
        of_this_app().end(key, None, [])


def _key() -> str:
    """Return what is the same for the same person sending the same form with the same in it."""
    fields = sorted(each for each in request.form.items(multi=True) if each[0] not in NOT_OF_IT)
    who = session.get(KEY, "")
    text = repr((str(who), request.path, request.query_string, fields))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
