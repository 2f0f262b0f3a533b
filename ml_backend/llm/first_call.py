"""One call ahead of the others, where nothing is known of a model yet.

What it learns (the form of answers, parameters and roles the model does not take) the others need
not learn by refusals of their own, and where nobody can be answered, one refusal says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ml_backend.errors import RunStopper

WAIT_SECONDS = 2.0
"""How long the others wait for it at most: a refusal comes quickly, a slow answer may not."""


class FirstCall:
    """The call ahead of each model of a connection; used from one event loop."""

    def __init__(self, seconds: float = WAIT_SECONDS) -> None:
        self._seconds = seconds
        self._ahead: dict[str, asyncio.Future[RunStopper | None]] = {}
        self._answered: set[str] = set()

    @asynccontextmanager
    async def of(self, model: str, *, known: bool) -> AsyncIterator[None]:
        """Hold a call back while another finds out; raises what that one met, where all would.

        ``known``: nothing is left to find out, which an answer here tells as well.
        """
        if known or model in self._answered:
            yield
            return
        until = time.monotonic() + self._seconds
        # Where the one ahead failed for a reason of its own, the next one goes ahead.
        while (ahead := self._ahead.get(model)) is not None:
            await asyncio.wait([ahead], timeout=max(0.0, until - time.monotonic()))
            if not ahead.done():
                break
            if (met := ahead.result()) is not None:
                raise RunStopper(met.message, kind=met.kind, raw=met.raw, fix=met.fix)
        if ahead is not None or model in self._answered:
            yield
            return
        mine = self._ahead[model] = asyncio.get_running_loop().create_future()
        try:
            yield
            self._answered.add(model)
        except RunStopper as stopper:
            mine.set_result(stopper)
            raise
        finally:
            del self._ahead[model]
            if not mine.done():
                mine.set_result(None)
