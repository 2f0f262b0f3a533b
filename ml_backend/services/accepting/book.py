"""The book of acceptances: what is about to be made is written before, what was made after.

A process may die at any moment in between. Whoever comes next reads back what Label Studio has, and
the same request goes on with the same acceptance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic

from ml_backend.acting import acting
from ml_backend.labelstudio import Annotation, LabelStudioReader
from ml_backend.records import read_moment
from ml_backend.records.project_time import is_same_project
from ml_backend.services.predictions.bulk_actions import Predictions
from ml_backend.services.predictions.promote_plan import Candidate, PromotePlan
from ml_backend.services.writing.writer import Acting
from ml_backend.store import AcceptanceAct, AcceptedRow, NewAcceptance, Store


class AcceptanceBook(Generic[Acting]):
    """Reads back what acceptances made, those above all that were interrupted."""

    def __init__(self, store: Store, predictions: Predictions[Acting]) -> None:
        self._store = store
        self._predictions = predictions

    def read_back(self, studio: LabelStudioReader, act: AcceptanceAct) -> int:
        """Keep which annotations an acceptance made; return how many it was to make and did not.

        Only those are its own that nobody opened and that are its user's.
        """
        missing = [row for row in self._store.acceptances.rows(act.id) if row.annotation_id is None]
        if not missing:
            return 0
        made = self._predictions.read_made(studio, act.project_id, map(_candidate, missing))
        mine = own(made, act.studio_user)
        self._store.acceptances.note_made(act.id, mine)
        return len(missing) - len(mine)

    def settle(self, studio: LabelStudioReader, project_id: int) -> None:
        """Read back the acceptances of a project that were interrupted.

        One that made all of its annotations is complete; others wait for whoever asks again. It
        does no harm to one that is going on.
        """
        for act in self._store.acceptances.open(project_id):
            if self.is_here(studio, act) and not self.read_back(studio, act):
                self._store.acceptances.complete(act.id)

    def is_here(self, studio: LabelStudioReader, act: AcceptanceAct) -> bool:
        """Return whether the project of this number still is the one an acceptance was in."""
        made_at = read_moment(studio.get_project(act.project_id).created_at)
        if made_at is None or act.project_made_at is None:
            return True
        return is_same_project(made_at, act.project_made_at)


class AcceptancePage(Generic[Acting]):
    """The ledger of one acceptance."""

    def __init__(
        self,
        store: Store,
        book: AcceptanceBook[Acting],
        check: Callable[[LabelStudioReader], None],
        new: Callable[[PromotePlan], NewAcceptance],
    ) -> None:
        self._store = store
        self._book = book
        self._check = check
        """Raises where what was counted may no longer be accepted."""
        self._new = new
        self._user: int | None = None

    def begin(self, plan: PromotePlan, studio: LabelStudioReader) -> int | None:
        """Keep what is about to be made, with an acceptance that was interrupted where it is this.

        Nobody else writes meanwhile: one that is open was interrupted.
        """
        self._check(studio)
        user = studio.whoami()
        self._user = user.id
        made_at = read_moment(studio.get_project(plan.project_id).created_at)
        planned = self._new(plan)
        new = NewAcceptance(
            project_id=planned.project_id,
            project_made_at=made_at,
            prompt_id=planned.prompt_id,
            version_id=planned.version_id,
            selection=planned.selection,
            threshold=planned.threshold,
            promise_id=planned.promise_id,
            studio_user=user.id,
            created_by=acting().person or user.person,
        )
        rows = [_row(each) for each in plan.candidates]
        resumed = self._resumed(studio, new)
        if resumed is not None:
            self._store.acceptances.add_rows(resumed, plan.project_id, rows)
            return resumed
        return self._store.acceptances.begin(new, rows) if rows else None

    def end(self, number: int, made: Mapping[int, Annotation]) -> None:
        """Keep what was made, and that nothing more will be."""
        self._store.acceptances.note_made(number, own(made, self._user))
        self._store.acceptances.complete(number)

    def _resumed(self, studio: LabelStudioReader, new: NewAcceptance) -> int | None:
        """Return the interrupted acceptance that this one goes on with; others are complete now."""
        found = None
        for act in self._store.acceptances.open(new.project_id):
            if self._book.is_here(studio, act):
                self._book.read_back(studio, act)
            same = (act.selection, act.studio_user) == (new.selection, new.studio_user)
            same = same and (act.threshold, act.promise_id) == (new.threshold, new.promise_id)
            if found is None and same and self._book.is_here(studio, act):
                found = act.id
            else:
                self._store.acceptances.complete(act.id)
        return found


def own(made: Mapping[int, Annotation], studio_user: int | None) -> dict[int, int]:
    """Return prediction -> annotation of those made in a user's name."""
    return {
        prediction_id: each.id
        for prediction_id, each in made.items()
        if studio_user is None or each.completed_by == studio_user
    }


def _row(each: Candidate) -> AcceptedRow:
    return AcceptedRow(each.prediction_id, each.task_id, each.label, each.score, each.fingerprint)


def _candidate(row: AcceptedRow) -> Candidate:
    return Candidate(row.prediction_id, row.task_id, row.label, row.score, row.fingerprint)


def tasks_of(rows: Iterable[AcceptedRow]) -> dict[int, int]:
    """Return annotation -> task of rows that became one."""
    return {row.annotation_id: row.task_id for row in rows if row.annotation_id is not None}
