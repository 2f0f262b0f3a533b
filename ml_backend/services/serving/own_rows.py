"""Which connections to this server Label Studio has, asked with our own key.

A call without a secret is believed nothing: what it says of itself counts where Label Studio has a
connection to this server in that project, and what that connection says is taken from there.
Asking makes Label Studio call ``/health`` and ``/setup`` of each: these must not ask in turn.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import unquote

from ml_backend.errors import InvalidInput, LabelStudioError, LabelStudioNotFound
from ml_backend.labelstudio import Backend, ServerLabelStudio
from ml_backend.services.connecting.backend_urls import BackendUrl, BackendUrls
from ml_backend.services.health.our_health import read_health
from ml_backend.services.recent import Recent
from ml_backend.services.serving.prompt_sources import Address
from ml_backend.store import Store

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
STALE_SECONDS = 600.0
"""Since Label Studio last had it a connection goes on, while it is asked about again."""

PATIENCE = 12.0
"""Seconds a ``/predict`` waits to learn whether it may be answered …"""

SETUP_PATIENCE = 1.0
"""… and a ``/setup``, which Label Studio gives 3 s."""

FRUITLESS_A_MINUTE = 30
"""Answers of "no such connection" after which a project is not asked about for a while …"""

FRUITLESS_IN_ALL = 120
"""… and nobody is."""

Rows = tuple[Backend, ...]


class OwnRows:
    """Remembers them by project; ``own`` is where this server answers."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        own: str,
        *,
        read: Callable[[str], dict[str, object]] = read_health,
    ) -> None:
        self._store = store
        self._studio = studio
        self._own = own
        self._read = read
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="own-rows")
        self._fresh: Recent[int, Rows] = Recent(FRESH_SECONDS, 1024)
        self._stale: Recent[int, Rows] = Recent(STALE_SECONDS, 1024)
        self._fruitless: deque[tuple[float, int]] = deque(maxlen=FRUITLESS_IN_ALL)
        self._lock = threading.Lock()
        self._asking: dict[int, Future[Rows]] = {}

    def find(self, project_id: int, address: Address, host: str) -> Backend | None:
        """Return the connection by which a project calls this address, None for none.

        Waits for Label Studio where nothing is known; raises LabelStudioError when it does not say.
        """
        known = self._known(project_id, address, host, _any)
        if known is not None:
            return known
        asking = self._ask(project_id, host)
        return self._wait(project_id, asking, address, _any, PATIENCE)

    def soon(
        self,
        project_id: int,
        address: Address,
        host: str,
        is_right: Callable[[Backend], bool],
    ) -> Backend | None:
        """Return the one that is right if that is known within a second.

        Nobody waits while Label Studio is asked: it may be what asks us now.
        """
        known = self._known(project_id, address, host, is_right)
        if known is not None:
            return known
        with self._lock:
            is_asking = project_id in self._asking
        asking = None if is_asking else self._ask(project_id, host)
        try:
            return self._wait(project_id, asking, address, is_right, SETUP_PATIENCE)
        except LabelStudioError:
            return None

    def _known(
        self, project_id: int, address: Address, host: str, is_right: Callable[[Backend], bool]
    ) -> Backend | None:
        """Return it as far as it is known, and ask again in the background when that is old."""
        found = _at(self._fresh.find_new(project_id), address, is_right)
        if found is None:
            found = _at(self._stale.find_new(project_id), address, is_right)
            if found is not None:
                self._ask(project_id, host)
        return found

    def _wait(
        self,
        project_id: int,
        asking: Future[Rows] | None,
        address: Address,
        is_right: Callable[[Backend], bool],
        seconds: float,
    ) -> Backend | None:
        if asking is None:
            return None
        try:
            found = _at(asking.result(seconds), address, is_right)
        except TimeoutError:
            return None
        if found is None:
            with self._lock:
                self._fruitless.append((time.monotonic(), project_id))
        return found

    def forget(self, project_id: int) -> None:
        """Ask about a project anew."""
        self._fresh.forget(project_id)
        self._stale.forget(project_id)

    def _ask(self, project_id: int, host: str) -> Future[Rows] | None:
        """Ask Label Studio, once at a time a project; None where too much was asked in vain."""
        with self._lock:
            known = self._asking.get(project_id)
            if known is not None:
                return known
            since = time.monotonic() - 60
            lately = [each for at, each in self._fruitless if at > since]
            if len(lately) >= FRUITLESS_IN_ALL or lately.count(project_id) >= FRUITLESS_A_MINUTE:
                return None
            asking = self._threads.submit(self._look, project_id, host)
            self._asking[project_id] = asking
        asking.add_done_callback(lambda _: self._done(project_id))
        return asking

    def _done(self, project_id: int) -> None:
        with self._lock:
            self._asking.pop(project_id, None)

    def _look(self, project_id: int, host: str) -> Rows:
        try:
            rows = self._studio.list_backends(project_id)
            ours = BackendUrls(self._store, self._own, project_id, also=host, read=self._read)
            mine = tuple(row for row in rows if ours.holds(row))
        except LabelStudioNotFound:
            mine = ()
        except LabelStudioError as error:
            log.warning("project %s: its connections could not be read: %s", project_id, error)
            raise
        if mine:
            self._fresh.put(project_id, mine)
            self._stale.put(project_id, mine)
        else:
            self.forget(project_id)
        return mine


def _any(_: Backend) -> bool:
    return True


def _at(rows: Rows | None, address: Address, is_right: Callable[[Backend], bool]) -> Backend | None:
    """Return the connection with the path of an address that is right, the first of several."""
    found = (row for row in rows or () if _path_of(row.url) == address.path)
    return next(filter(is_right, found), None)


def _path_of(url: str) -> str | None:
    try:
        return unquote(BackendUrl.of(url).tail).strip("/")
    except InvalidInput:
        return None
