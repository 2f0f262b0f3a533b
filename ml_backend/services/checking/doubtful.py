"""What a follow accepted since its last good check, taken back where nobody touched it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from ml_backend.errors import Conflict
from ml_backend.records.follow_checks import FollowGuard
from ml_backend.services.accepting.take_back import TakeBack, TakeBackPlan, TakeBackReport
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.writer import Acting
from ml_backend.store import AcceptanceAct, Store

MOST_ACTS = 100_000


class DoubtfulTasks(Generic[Acting]):
    """Plans and carries out taking back; safe to repeat."""

    def __init__(self, store: Store, take_back: TakeBack[Acting]) -> None:
        self._store = store
        self._take_back = take_back

    def tasks(self, guard: FollowGuard) -> frozenset[int]:
        """Return what was accepted since the last good check; none while it accepts."""
        if guard.good_place is None:
            return frozenset()
        return frozenset(
            each.task_id
            for each in self._store.guards.tasks(guard.id)
            if not each.is_check and each.place > guard.good_place
        )

    def acts(self, guard: FollowGuard) -> list[AcceptanceAct]:
        """Return the acceptances of a follow, newest first."""
        every = self._store.acceptances.of_project(guard.project_id, limit=MOST_ACTS)
        return [each for each in every if each.selection.get("follow") == guard.id]

    def plan(self, guard: FollowGuard) -> list[TakeBackPlan]:
        """Count what would be deleted, by acceptance; nothing is changed.

        Raises Conflict while it accepts: what is doubtful then nobody knows.
        """
        if guard.is_accepting:
            raise Conflict(
                "The follow accepts still: nothing says that what it accepted is wrong.",
                fix="Take back acceptances by their numbers, or have it accept no more first.",
            )
        only = self.tasks(guard)
        plans = [self._take_back.plan(each.id, only) for each in self.acts(guard)]
        return [each for each in plans if each.would_delete or each.kept or each.gone]

    def execute(self, plans: Sequence[TakeBackPlan], patience: Patience) -> list[TakeBackReport]:
        """Delete what was counted and still is untouched."""
        return [self._take_back.execute(each, patience) for each in plans]
