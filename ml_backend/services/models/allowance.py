"""What this process may spend of a limit: a block of it, set aside in the store before any call.

Calls are let out against the block in memory, so no call costs a write of the database; what they
did cost is written down together with the next block. See docs/design/money.md.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from ml_backend.errors import BudgetReached
from ml_backend.services.models.call_sizes import CallSize
from ml_backend.store import Claim, Spent, Standing

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds after which other processes' spending, and changes of the limit, are looked for."""

REFILL_EVERY = 0.05
"""A block that is used up is renewed no more often, while calls are under way."""

WAIT_FOR_OTHERS = 0.2
KEEP_EVERY = 10.0
"""Seconds after which a block is given back that nobody uses, or its lease renewed."""

SAFETY = 4.0
"""Beside a call under way another is let out only where that one could cost so often its limit."""

_HAIR = 1e-12
"""What float subtraction leaves of nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """A limit and how it stands, as last read."""

    limit: float | None
    standing: Standing = field(default_factory=Standing)


Book = Callable[[Claim], Known]
"""Writes down and sets aside, in one transaction; called from threads that may block."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What is set aside for one call; of nothing where there is no limit."""

    amount: float = 0.0
    limit: float = 0.0
    """The most it costs where its provider keeps the limit of tokens …"""
    worst: float = 0.0
    """… and the most by how far that was ever passed."""
    risk: float = 0.0
    size: CallSize | None = None
    is_held: bool = False


NOTHING = Hold()


class Allowance:
    """Lets calls out within a limit that other processes spend from as well.

    ``take`` and ``settle`` are for the event loop alone, ``flush`` for any thread. A provider that
    keeps its limits of tokens never makes it cross; another may by one call of each process, for
    the last one is let out with no other beside it.
    """

    def __init__(
        self,
        book: Book,
        reached: Callable[[Known, float], BudgetReached],
        *,
        safety: float = SAFETY,
    ) -> None:
        self._book = book
        self._reached = reached
        self._safety = safety
        self._mark = uuid.uuid4().hex[:8]
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self.known = Known(None)
        self._held = 0.0
        self._pending = Spent()
        self._moving = Spent()
        self._before = 0.0
        self._calls = 0
        self._out = 0.0
        self._risk = 0.0
        self._waiting: list[tuple[float, CallSize | None]] = []
        """The most that calls which wait could cost; what they are thought to, others teach."""
        self._looked_at = float("-inf")
        self._claimed = self._written = 0
        """Numbers of the last claim that was begun, and of the last that is through."""
        self._needed = 1
        """Number of the first claim that knows of all who wait and all that was settled."""
        self._is_refused = False
        """Whether the database did not take the last claim."""
        self._is_short = False
        """Whether it was the block that a call did not fit into, when it was last tried."""
        self._looking = asyncio.Lock()
        self._settled = asyncio.Event()
        self._keeping = False

    @property
    def limit(self) -> float | None:
        """Dollars, as last read."""
        return self.known.limit

    @property
    def spent(self) -> float:
        """What was spent, known here or written down by others."""
        with self._lock:
            return self._spent()

    @property
    def is_due(self) -> bool:
        """Whether others were not looked at for a while."""
        return time.monotonic() - self._looked_at > LOOK_EVERY

    async def take(self, worst: float, size: CallSize | None = None) -> Hold:
        """Set aside what a call is thought to cost; ``worst`` is the most by its limit of tokens.

        A call that does not fit beside those under way waits for them, here and in other
        processes. Raises BudgetReached when it may not be made even with none of them.
        """
        never = self._looked_at == float("-inf")
        if never or (self.is_due and not self._looking.locked()):
            await self._look()
        if self.limit is None:
            return NOTHING
        hold = self._admit(worst, size)
        if hold is not None:
            return hold
        return await self._wait(worst, size)

    async def _wait(self, worst: float, size: CallSize | None) -> Hold:
        call = (worst, size)
        with self._lock:
            self._waiting.append(call)
            self._needed = self._claimed + 1
        looked = False
        try:
            while self.limit is not None:
                hold = self._admit(worst, size)
                if hold is not None:
                    return hold
                if self._calls:
                    if not looked and (self.is_due or self._may_refill()):
                        await self._look()
                        looked = True
                        continue
                    self._settled.clear()
                    await _first(self._settled, LOOK_EVERY)
                    looked = False
                elif self._written < max(self._needed, self._claimed):
                    # While a claim is under way the block is in the store's hands.
                    await self._look()
                elif self._is_refused or self.known.standing.others > _HAIR:
                    await asyncio.sleep(WAIT_FOR_OTHERS)
                    self._needed = self._claimed + 1
                else:
                    raise self._reached(self.known, _amounts(worst, size)[1])
            return NOTHING
        finally:
            self._waiting.remove(call)

    def settle(self, hold: Hold, cost: float | None, more: Spent) -> None:
        """Replace what was set aside by what the call did cost; None counts as all it could have.

        ``more`` has its calls and tokens.
        """
        if hold.is_held:
            with self._lock:
                self._calls -= 1
                self._out = self._out - hold.amount if self._calls else 0.0
                self._risk = self._risk - hold.risk if self._calls else 0.0
            if hold.size is not None:
                hold.size.settle(hold.limit, cost)
            cost = hold.worst if cost is None else cost
        with self._lock:
            self._needed = self._claimed + 1
            self._pending += Spent(
                cost or 0.0,
                more.calls,
                int(cost is None),
                more.prompt_tokens,
                more.completion_tokens,
                more.uncounted,
            )
        self._settled.set()

    def flush(self) -> None:
        """Write down what was spent, and learn what others did and what the limit is now."""
        with self._writing:
            claim = self._claim()
            try:
                known = self._book(claim)
            except BaseException as error:
                with self._lock:
                    self._pending = self._moving + self._pending
                    self._written, self._is_refused = self._claimed, True
                    self._moving = Spent()
                if not isinstance(error, sa.exc.SQLAlchemyError):
                    raise
                log.warning("spending is not written down: %s", error)
                return
            with self._lock:
                self.known, self._moving = known, Spent()
                self._held = known.standing.held
                self._before = min(claim.out, self._held)
                self._written, self._is_refused = self._claimed, False
            self._looked_at = time.monotonic()

    def _claim(self) -> Claim:
        with self._lock:
            self._claimed += 1
            moving = self._moving = self._pending
            self._pending = Spent()
            # Beside calls under way others may be let out meanwhile, by what is left of the block.
            keep = max(self._out, self._held - moving.cost) if self._calls else 0.0
            if not self._calls:
                self._held = 0.0
            waiting = [_amounts(*call) for call in list(self._waiting)]
            out = self._out + sum(amount for amount, _ in waiting)
            alone = [most for _, most in waiting] if not self._calls else []
            least, call = min(alone, default=0.0), max(alone, default=0.0)
            return Claim(
                holder=f"{socket.gethostname()}:{os.getpid()}:{self._mark}",
                spent=moving,
                keep=keep,
                out=out,
                want=max(2 * out, call),
                least=least,
                call=call,
                before=self._before,
                has_block=self.known.standing.held > 0,
            )

    async def _look(self) -> None:
        """Write and read; one look serves all who wait for it."""
        wanted = self._claimed + 1
        async with self._looking:
            if self._written < wanted:
                await asyncio.to_thread(self.flush)

    def _may_refill(self) -> bool:
        return self._is_short and time.monotonic() - self._looked_at > REFILL_EVERY

    def _admit(self, worst: float, size: CallSize | None) -> Hold | None:
        """Let a call out, if it may be: see docs/design/money.md for the three conditions."""
        amount, worst_now = _amounts(worst, size)
        with self._lock:
            if self._calls and size is not None and size.is_first_under_way:
                return None
            block = self._held - self._pending.cost - self._moving.cost
            self._is_short = self._out + amount > block + _HAIR
            if self._is_short:
                return None
            if self._risk + worst_now > block + self._share() + _HAIR:
                return None
            past = size.past if size is not None else 1.0
            risk = worst * max(self._safety, past)
            self._calls += 1
            self._out += amount
            self._risk += risk
        if size is not None:
            size.begin()
        self._keep_lease()
        return Hold(amount, worst, worst_now, risk, size, is_held=True)

    def _share(self) -> float:
        """This process's part of what nobody holds, half of it: others may be taking from it."""
        limit, standing = self.known.limit or 0.0, self.known.standing
        spent = standing.spent.cost if standing.spent else 0.0
        free = limit - spent - standing.held - standing.others
        return max(0.0, free) / (2 * (1 + standing.holders))

    def _spent(self) -> float:
        spent = self.known.standing.spent
        return (spent.cost if spent else 0.0) + self._moving.cost + self._pending.cost

    def _keep_lease(self) -> None:
        if not self._keeping:
            self._keeping = True
            loop = asyncio.get_running_loop()
            loop.call_later(KEEP_EVERY, self._tend, loop)

    def _tend(self, loop: asyncio.AbstractEventLoop) -> None:
        """Renew the lease, or give the block back where nothing is asked any more."""
        self._keeping = False
        if self._held > 0 or self._calls:
            self._keep_lease()
            loop.run_in_executor(None, self.flush)


def _amounts(worst: float, size: CallSize | None) -> tuple[float, float]:
    """What is set aside for a call, and the most it costs, by what such calls did cost."""
    if size is None:
        return worst, worst
    return size.expected(worst), worst * size.past


async def _first(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
