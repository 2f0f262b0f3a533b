"""The tasks of one ``/predict``, asked together until a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from ml_backend.errors import RunStopper
from ml_backend.records import Outcome
from ml_backend.services.inference.model_requests import ModelRequest
from ml_backend.services.inference.predictor import Predictor
from ml_backend.store import CachedAnswer, Store

log = logging.getLogger(__name__)

KEEP_EVERY = 0.2


class Batch:
    """Asks a model, at most ``width`` at a time, and keeps every paid answer in the store.

    After ``close`` nothing more is begun; what is in flight still ends and is kept, so that the
    next call for its task costs nothing. With a ``width`` of 0 only what needs no call is answered.
    """

    def __init__(
        self,
        store: Store,
        predictor: Predictor,
        requests: Sequence[ModelRequest],
        cached: Mapping[str, CachedAnswer],
        *,
        width: int,
    ) -> None:
        self._store = store
        self._predictor = predictor
        self._cached = cached
        self._waiting = deque(
            (place, request)
            for place, request in enumerate(requests)
            if width or request.failure is not None or any(key in cached for key in request.keys)
        )
        self._workers = min(width or 1, len(self._waiting))
        self._closed = False
        self._answers: list[CachedAnswer] = []
        self.outcomes: list[Outcome | None] = [None] * len(requests)
        """By place in the batch; None was not reached (yet)."""
        self.stopper: RunStopper | None = None

    def close(self) -> None:
        """Begin nothing more."""
        self._closed = True

    async def run(self) -> None:
        """Ask until all are answered, the batch is closed or going on is useless."""
        asking = asyncio.gather(*(self._ask_in_turn() for _ in range(self._workers)))
        while not asking.done():
            await asyncio.wait([asking], timeout=KEEP_EVERY)
            await self._keep_answers()
        await asking
        await asyncio.to_thread(self._predictor.guard.flush, at_once=True)

    async def _ask_in_turn(self) -> None:
        while self._waiting and not self._closed:
            place, request = self._waiting.popleft()
            try:
                outcome = await self._predictor.ask(request, self._cached, keep=self._keep_answer)
            except RunStopper as stopper:
                self.stopper = self.stopper or stopper
                self.close()
                return
            self.outcomes[place] = outcome

    def _keep_answer(self, answer: CachedAnswer) -> None:
        # Looked up anew each time: a commit during the call has begun another list.
        self._answers.append(answer)

    async def _keep_answers(self) -> None:
        answers, self._answers = self._answers, []
        if not answers:
            return
        try:
            await asyncio.to_thread(self._store.outcomes.add_answers, answers)
        except (sa.exc.SQLAlchemyError, UnicodeError):
            # Label Studio waits for these very answers: it gets them, at the risk of paying twice.
            log.exception("%d paid answers could not be kept", len(answers))
