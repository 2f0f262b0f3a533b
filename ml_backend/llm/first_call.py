"""One call ahead of the others, where nothing is known of a model yet.

What it learns (the form of answers, parameters and roles the model does not take) the others need
not learn by refusals of their own, and where nobody can be answered, one refusal says so.
"""

from __future__ import annotations

import asyncio
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

    @asynccontextmanager
    async def of(self, model: str, *, known: bool) -> AsyncIterator[None]:
        """Hold a call back while another finds out; raises what that one met, where all would.

        ``known``: nothing is left to find out.
        """
        if known:
            yield
            return
        ahead = self._ahead.get(model)
        if ahead is not None:
            await asyncio.wait([ahead], timeout=self._seconds)
            stopper = ahead.result() if ahead.done() else None
            if stopper is not None:
                raise RunStopper(
                    stopper.message, kind=stopper.kind, raw=stopper.raw, fix=stopper.fix
                )
            yield
            return
        mine = self._ahead[model] = asyncio.get_running_loop().create_future()
        try:
            yield
        except RunStopper as stopper:
            mine.set_result(stopper)
            raise
        finally:
            del self._ahead[model]
            if not mine.done():
                mine.set_result(None)
