"""How often somebody unknown may try: each try at a token is a request to Label Studio.

Counted by address and in all, so that a storm of made-up tokens costs Label Studio and our threads
a bounded number of questions. Whoever was right gets the try back, and whose token was right before
is not counted: nobody can lock out those who are known. Addresses that were never wrong have a
share of their own, which those that were cannot use up. Kept by each worker process for itself.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cachetools import LRUCache, TTLCache
from flask import current_app, request

from ml_backend.addresses import network_of
from ml_backend.errors import LabelStudioAuthError, TooManyTries

EXTENSION = "prompts.attempts"
"""Where an app keeps its attempts."""

DAY = 24 * 3600.0
MANY = 4096
"""Addresses and tokens that are remembered."""

OF_ADDRESS = (30, 0.5)
OF_ALL = (120, 2.0)
"""Tries at once, and how many a second come back: of one address, of all; shared among workers."""


class Rate:
    """So many at once, and so many a second after those; of keys, none of which lasts."""

    def __init__(self, burst: float, a_second: float, clock: Callable[[], float]) -> None:
        self._interval = 1 / a_second
        self._slack = max(0.0, burst - 1) * self._interval
        self._clock = clock
        self._next: TTLCache[str, float] = TTLCache(MANY, self._slack + self._interval, clock)

    def wait(self, key: str) -> float:
        """Return the seconds until the next may be taken, 0 for now."""
        now = self._clock()
        return max(0.0, self._next.get(key, now) - self._slack - now)

    def take(self, key: str, number: int = 1) -> None:
        """Count one, or give one back: -1."""
        now = self._clock()
        self._next[key] = max(now, self._next.get(key, now) + number * self._interval)


class Attempts:
    """Tries at tokens and passwords; safe to share among threads.

    ``at_once`` is how many questions about strangers may wait for Label Studio at a time.
    """

    def __init__(
        self, *, workers: int = 1, at_once: int = 5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        def rate(burst: float, a_second: float) -> Rate:
            return Rate(burst / workers, a_second / workers, clock)

        self._lock = threading.Lock()
        self._addresses = rate(*OF_ADDRESS)
        self._all = rate(*OF_ALL)
        self._passwords = rate(*OF_ADDRESS)
        self._secrets = rate(*OF_ADDRESS)
        self._wrong: TTLCache[str, bool] = TTLCache(MANY, 600.0, clock)
        self._right: TTLCache[bytes, bool] = TTLCache(MANY, DAY, clock)
        self._right_passwords: LRUCache[bytes, bool] = LRUCache(MANY)
        self._room = at_once

    @contextmanager
    def asking(self, key: bytes) -> Iterator[None]:
        """Ask Label Studio about a token, by its hash; raises TooManyTries before it is asked."""
        address = client_address()
        with self._lock:
            is_known = key in self._right
            if not is_known:
                self._begin(address)
        try:
            yield
        except LabelStudioAuthError:
            with self._lock:
                self._right.pop(key, None)
                self._wrong[address] = True
            raise
        else:
            with self._lock:
                self._right[key] = True
                if not is_known:
                    self._addresses.take(address, -1)
                    self._all.take(self._share(address), -1)
        finally:
            if not is_known:
                with self._lock:
                    self._room += 1

    def password(self, key: bytes, check: Callable[[], bool]) -> bool:
        """Return whether a password is right; raises TooManyTries instead of looking at it."""
        address = client_address()
        with self._lock:
            if key in self._right_passwords:
                wait = 0.0
            elif not (wait := self._passwords.wait(address)):
                self._passwords.take(address)
        if wait:
            raise _too_many("wrong passwords", wait)
        # Not under the lock: it may read the database, and everybody's tries go through here.
        is_right = check()
        if is_right:
            with self._lock:
                if key not in self._right_passwords:
                    self._right_passwords[key] = True
                    self._passwords.take(address, -1)
        return is_right

    def secret(self, check: Callable[[], bool]) -> bool:
        """Return whether a secret of ours is right; raises TooManyTries for many wrong ones.

        It is too long to be guessed, so who brings a right one is let in whatever else comes from
        the address: any user of Label Studio can have it call us with wrong ones.
        """
        if check():
            return True
        address = client_address()
        with self._lock:
            wait = self._secrets.wait(address)
            if not wait:
                self._secrets.take(address)
        if wait:
            raise _too_many("wrong secrets", wait)
        return False

    def _begin(self, address: str) -> None:
        share = self._share(address)
        wait = max(self._addresses.wait(address), self._all.wait(share))
        if wait:
            raise _too_many("tokens that Label Studio does not know", wait)
        if self._room <= 0:
            raise _too_many("questions about tokens wait for Label Studio", 1.0)
        self._room -= 1
        self._addresses.take(address)
        self._all.take(share)

    def _share(self, address: str) -> str:
        return "wrong" if address in self._wrong else "new"


def attempts() -> Attempts:
    """Return those of the app that answers."""
    found: Attempts = current_app.extensions[EXTENSION]
    return found


def client_address() -> str:
    """Return where a request comes from; of IPv6 the network that one client has to itself.

    A proxy on this machine is believed about whom it speaks for, nobody else.
    """
    address = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        if forwarded and ipaddress.ip_address(address).is_loopback:
            address = str(ipaddress.ip_address(forwarded))
    except ValueError:
        return address[:64]
    return network_of(address)


def _too_many(what: str, wait: float) -> TooManyTries:
    seconds = max(1, math.ceil(wait))
    unit = "second" if seconds == 1 else "seconds"
    return TooManyTries(
        f"Too many {what}.", retry_after=seconds, fix=f"Wait {seconds} {unit}, then try again."
    )
