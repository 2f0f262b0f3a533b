"""What processes have set aside of a limit before they spend it: blocks with a lease.

A block is what a process may spend without asking the store again. What it did spend is written
down in the transaction that renews the block, so nobody ever sees one without the other.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring
from ml_backend.store.spendings import SpendingStore, Spent

LEASE_SECONDS = 60.0
"""After that without a word its process is dead, and its block is nobody's."""

MOST_AHEAD = 600.0
"""A lease that is longer than that was written by a clock that was wrong: nobody waits for it."""

PART = 10
"""A block is at most one part in so many of what is left, but never less than one call."""

RUN = "run:"
"""How the accounts of runs begin, before the run's number."""

RACE = "race:"
"""The same of races, before their job's number."""

NOTHING = Spent()

_BOOK = ""
"""Holds nothing: the row that says what was spent, of an account which is no connection's."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a limit is on: a connection's spending, a run's, or a person's calls of a day."""

    name: str
    connection_id: int | None = None
    """Whose days the spending is kept by; None keeps it with the blocks."""
    since: str = ""
    """The first day that counts, of a connection (ISO, UTC)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a process writes down, and what it wants to have set aside from now on."""

    holder: str
    spent: Spent = NOTHING
    """Since its last claim."""
    keep: float = 0.0
    """What it has of its block yet, which it may be spending at this moment."""
    out: float = 0.0
    """What calls under way, and those about to be made, are thought to take."""
    want: float = 0.0
    least: float = 0.0
    """What the smallest of the calls about to be made needs by itself: less is of no use."""
    call: float = 0.0
    """What the largest of them needs by itself."""
    before: float = 0.0
    """``out`` of its last claim: what was counted against it if it was taken for dead."""
    has_block: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write."""
        wants = self.want > 0 or self.keep > 0
        return not wants and not self.has_block and self.spent == Spent()


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands after a claim."""

    spent: Spent | None = None
    """None when nothing was ever asked."""
    held: float = 0.0
    """The claimant's block."""
    others: float = 0.0
    """What all other processes hold."""
    holders: int = 0
    """How many these are."""


class AllowanceStore:
    """Queries over blocks. Every claim of an account is one transaction, one after another."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._spendings = SpendingStore(database)

    def claim(self, account: Account, limit: float, day: str, claim: Claim) -> Standing:
        """Write down what was spent, and set aside what is wanted as far as the limit allows.

        What calls of a dead process had been let out for counts as spent: nobody heard what they
        cost. The rest of its block is free again.
        """
        if claim.is_nothing:
            return self.look(account, claim.holder)
        now = time.time()
        a = t.allowances
        with self._db.write() as c:
            _in_turn(c, account)
            rows = c.execute(sa.select(a).where(a.c.account == account.name)).all()
            blocks = {row.holder: row for row in rows if row.holder != _BOOK}
            more, dead = _lost(blocks, claim, now)
            if dead:
                gone = (a.c.account == account.name, a.c.holder.in_(dead))
                c.execute(sa.delete(a).where(*gone))
            self._write_down(c, account, day, more)
            spent = self._spent(c, account)
            living = [row for name, row in blocks.items() if name not in {*dead, claim.holder}]
            others = sum(row.held for row in living)
            left = limit - (spent.cost if spent else 0.0) - others
            held = allotted(left, claim)
            _set_block(c, account, claim, held, now, known=claim.holder in blocks)
        return Standing(spent, held, others, len(living))

    def look(self, account: Account, holder: str) -> Standing:
        """Return how an account stands; nothing is written."""
        a = t.allowances.c
        now = time.time()
        living = (
            a.account == account.name,
            a.holder != _BOOK,
            a.lease_until.between(now, now + MOST_AHEAD),
        )
        query = sa.select(a.holder, a.held).where(*living)
        with self._db.read() as c:
            blocks = c.execute(query).all()
            spent = self._spent(c, account)
        others = [row.held for row in blocks if row.holder != holder]
        mine = sum(row.held for row in blocks if row.holder == holder)
        return Standing(spent, mine, sum(others), len(others))

    def open(self, account: Account, spent: float) -> None:
        """Have an account know of at least so much; what it knows already stands."""
        a = t.allowances
        book = (a.c.account == account.name, a.c.holder == _BOOK)
        with self._db.write() as c:
            insert_ignoring(c, a, [_row(account, _BOOK)])
            more = sa.update(a).where(*book, a.c.spent < spent).values(spent=spent)
            c.execute(more)

    def forget(self, prefix: str, but: str) -> None:
        """Drop the accounts whose names begin so, all but one: days that are over."""
        a = t.allowances.c
        with self._db.write() as c:
            c.execute(
                sa.delete(t.allowances).where(
                    a.account.startswith(prefix, autoescape=True),
                    sa.not_(a.account.endswith(but, autoescape=True)),
                )
            )

    def forget_done(self, days: int) -> int:
        """Drop the accounts of runs and races that are gone, or over so long; return how many rows.

        A run that is gone on with opens its account anew, with what its answers have cost.
        """
        a, gone = t.allowances.c, 0
        before = datetime.now(UTC) - timedelta(days=days)
        for prefix, table in ((RUN, t.runs), (RACE, t.jobs)):
            x = table.c
            kept = sa.select(sa.literal(prefix) + sa.cast(x.id, sa.String)).where(
                sa.or_(x.completed_at.is_(None), x.completed_at >= before)
            )
            theirs = a.account.startswith(prefix, autoescape=True)
            with self._db.write() as c:
                done = c.execute(sa.delete(t.allowances).where(theirs, a.account.not_in(kept)))
            gone += done.rowcount
        return gone

    def reached(self, prefix: str, ending: str, limit: float) -> int:
        """Return how many accounts of such a name have spent all of a limit."""
        a = t.allowances.c
        query = sa.select(sa.func.count()).where(
            a.account.startswith(prefix, autoescape=True),
            a.account.endswith(ending, autoescape=True),
            a.holder == _BOOK,
            a.spent >= limit,
        )
        with self._db.read() as c:
            return int(c.execute(query).scalar() or 0)

    def _write_down(self, c: sa.Connection, account: Account, day: str, more: Spent) -> None:
        if more == Spent():
            return
        if account.connection_id is not None:
            self._spendings.add_in(c, account.connection_id, day, more)
            return
        a = t.allowances
        insert_ignoring(c, a, [_row(account, _BOOK)])
        book = (a.c.account == account.name, a.c.holder == _BOOK)
        c.execute(sa.update(a).where(*book).values(spent=a.c.spent + more.cost))

    def _spent(self, c: sa.Connection, account: Account) -> Spent | None:
        if account.connection_id is not None:
            return self._spendings.since_in(c, account.connection_id, account.since)
        a = t.allowances.c
        query = sa.select(a.spent).where(a.account == account.name, a.holder == _BOOK)
        found = c.execute(query).scalar()
        return None if found is None else Spent(cost=float(found))


def _lost(blocks: dict[str, Any], claim: Claim, now: float) -> tuple[Spent, list[str]]:
    """Return what is to be written down, and the blocks of processes that are dead."""
    dead = [
        name
        for name, row in blocks.items()
        if name != claim.holder and not now <= row.lease_until <= now + MOST_AHEAD
    ]
    lost = sum(blocks[name].asked for name in dead)
    more = claim.spent
    if lost:
        more = more + Spent(cost=lost, uncounted=len(dead))
    if claim.before and claim.holder not in blocks:
        # It was taken for dead, and what it had let out was counted; now it says what that cost.
        more = replace(more, cost=more.cost - claim.before)
    return more, dead


def allotted(left: float, claim: Claim) -> float:
    """Return how large a block is: what is wanted, within a part of what is left."""
    most = max(left / PART, min(claim.call, left))
    # What is left is less than what it has where the limit was lowered, or where it slept so long
    # that its block was given to others.
    held = min(max(claim.keep, min(claim.want, most)), max(left, 0.0))
    # Two that keep what is too little for either would wait for each other.
    return held if held >= claim.least * (1 - 1e-9) else 0.0


def _set_block(
    c: sa.Connection, account: Account, claim: Claim, held: float, now: float, *, known: bool
) -> None:
    a = t.allowances
    mine = (a.c.account == account.name, a.c.holder == claim.holder)
    if held <= 0:
        if known:
            c.execute(sa.delete(a).where(*mine))
        return
    values = {
        "held": held,
        "asked": min(held, claim.out),
        "lease_until": now + LEASE_SECONDS,
    }
    if known:
        c.execute(sa.update(a).where(*mine).values(**values))
    else:
        c.execute(sa.insert(a).values(**_row(account, claim.holder) | values))


def _row(account: Account, holder: str) -> dict[str, Any]:
    nothing = {"spent": 0.0, "held": 0.0, "asked": 0.0, "lease_until": 0.0}
    return {"account": account.name, "holder": holder, **nothing}


def _in_turn(c: sa.Connection, account: Account) -> None:
    """Have claims of one account wait for each other; SQLite lets one write at a time anyway."""
    if c.dialect.name == "postgresql":
        number = zlib.crc32(account.name.encode())
        c.execute(sa.select(sa.func.pg_advisory_xact_lock(7308, number - 2**31)))
