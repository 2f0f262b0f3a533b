"""Requests under way: who asks the same at the same time waits for the one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cachetools import FIFOCache

from ml_backend.records import Outcome
from ml_backend.store import CachedAnswer

Asked = tuple[Outcome, CachedAnswer | None]

REMEMBERED = 1024
"""Answers kept for those who looked into the store before they were committed to it."""


class SingleFlight:
    """Shares paid answers among askers of one event loop, by the key of the request."""

    def __init__(self) -> None:
        self._asking: dict[str, asyncio.Future[Asked]] = {}
        self._answered: FIFOCache[str, CachedAnswer] = FIFOCache(REMEMBERED)

    def answered(self, key: str) -> CachedAnswer | None:
        """Return an answer that came back a moment ago."""
        return self._answered.get(key)

    async def join(self, key: str) -> Asked | None:
        """Return what the asker under way gets; None when there is none, or it was called off.

        Raises what that asker's call raises.
        """
        while (leading := self._asking.get(key)) is not None:
            await asyncio.wait([leading])
            if not leading.cancelled():
                return leading.result()
        return None

    async def lead(self, key: str, ask: Callable[[], Awaitable[Asked]]) -> Asked:
        """Ask, for everybody who joins meanwhile."""
        mine: asyncio.Future[Asked] = asyncio.get_running_loop().create_future()
        self._asking[key] = mine
        try:
            asked = await ask()
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                mine.cancel()
            else:
                mine.set_exception(error)
                mine.exception()  # seen, should nobody have joined
            raise
        else:
            self._remember(asked)
            mine.set_result(asked)
            return asked
        finally:
            del self._asking[key]

    def _remember(self, asked: Asked) -> None:
        answer = asked[1]
        if answer is not None:
            self._answered[answer.key] = answer
